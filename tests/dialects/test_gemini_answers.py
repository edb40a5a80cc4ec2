"""Unary and streamed answers of Gemini; test ids name the row of wire-facts §3, §4 or §8."""

import base64
from typing import Any

import pytest

from tests.endpoint import GEMINI_2, GEMINI_3, Endpoint, google, rows, saying, thinking

THOUGHTS = {"include_thoughts": True}
IMAGES = "google/gemini-3-pro-image-preview"

# ---- finish reasons

# Row, reply, finish reason, request fields, expected finish reason, expected fields of the unary choice, and deltas.
ROLE = {"role": "assistant"}
FINISHES: list[tuple[Any, ...]] = [
    ("§3.5 stop", '""', None, {}, "stop", {"content": "", **ROLE}, [{"content": "", **ROLE}]),
    (
        "§3.5 length",
        "One two three four",
        None,
        {"max_tokens": 2},
        "length",
        {"content": "One two", **ROLE},
        [{"content": "One two", **ROLE}],
    ),
    (
        "§3.5 length by thinking",
        "[{ thinking: A long and winding thought about it all }, { text: Yes. }]",
        None,
        {"max_tokens": 5},
        "length",
        ROLE,
        [ROLE],
    ),
    (
        "§3.5 content_filter",
        "Cut he",
        "content_filter",
        {},
        "content_filter",
        {"content": "Cut he", **ROLE},
        [{"content": "Cut he", **ROLE}],
    ),
    *(
        (
            f"§3.5 content_filter: {reason}",
            '""',
            f"content_filter: {reason}",
            {},
            f"content_filter: {reason}",
            None,
            [ROLE],
        )
        for reason in ("PROHIBITED_CONTENT", "RECITATION", "SAFETY", "BLOCKLIST", "SPII")
    ),
    (
        "§3.5 function_call_filter",
        "{ call: get_weather, with: {} }",
        "function_call_filter: MALFORMED_FUNCTION_CALL",
        {},
        "function_call_filter: MALFORMED_FUNCTION_CALL",
        {"content": None, **ROLE},
        [{"content": None, **ROLE}],
    ),
]


@pytest.mark.parametrize(("reply", "finish", "fields", "sent", "message", "deltas"), rows(FINISHES))
def test_finish_reasons(
    reply: str, finish: str | None, fields: dict[str, Any], sent: str, message: Any, deltas: list[Any]
) -> None:
    endpoint = saying(reply, finish=finish)
    (choice,) = endpoint.ask(model=GEMINI_2, **fields).body["choices"]
    assert (choice["finish_reason"], choice.get("message")) == (sent, message)
    assert ("message" in choice) is (message is not None)
    stream = endpoint.ask(model=GEMINI_2, **fields, stream=True)
    assert stream.deltas == deltas
    assert [chunk["choices"][0].get("finish_reason") for chunk in stream.chunks][-1] == sent


def test_limit_used_by_thinking_has_no_completion_tokens() -> None:
    usage = saying("[{ thinking: A long and winding thought about it all }, { text: Yes. }]").ask(max_tokens=5).usage
    assert usage["completion_tokens_details"] == {"reasoning_tokens": 5}
    assert "completion_tokens" not in usage
    assert usage["total_tokens"] == usage["prompt_tokens"] + 5


# ---- thinking

THINKING: list[tuple[str, str, dict[str, Any], bool]] = [
    ("§2 nothing asked", GEMINI_3, {}, False),
    ("§2 reasoning_effort", GEMINI_3, {"reasoning_effort": "low"}, True),
    ("§2 thinking_level", GEMINI_3, thinking(thinking_level="high"), True),
    ("§2 thinking_budget", GEMINI_2, thinking(thinking_budget=2000), True),
    ("§2 thinking_budget -1", GEMINI_2, thinking(thinking_budget=-1), True),
    ("§2 thinking_budget 0", "google/gemini-3.5-flash", thinking(thinking_budget=0), False),
    ("§2 thinking_budget 0 with thoughts", GEMINI_3, thinking(thinking_budget=0, **THOUGHTS), False),
    ("§2 thinking_budget 0 on 3.7: ignored", "google/gemini-3.7-flash", thinking(thinking_budget=0, **THOUGHTS), True),
]


@pytest.mark.parametrize(("model", "fields", "thinks"), rows(THINKING))
def test_thinking(model: str, fields: dict[str, Any], thinks: bool) -> None:
    assert ("completion_tokens_details" in Endpoint().ask(model=model, **fields).usage) is thinks


def test_budget_limits_thoughts_and_keeps_the_text() -> None:
    endpoint = saying("[{ thinking: one two three four five six seven eight nine ten }, { text: Yes. }]")
    few = endpoint.ask(model=GEMINI_2, **thinking(thinking_budget=3, **THOUGHTS))
    assert few.usage["completion_tokens_details"] == {"reasoning_tokens": 3}
    assert few.message["content"] == "one two threeYes."


@pytest.mark.parametrize("marker", [None, "think"])
def test_thoughts_are_flagged_and_tagged_with_marker_only(marker: str | None) -> None:
    options = google(thinking_config=THOUGHTS, **({"thought_tag_marker": marker} if marker else {}))
    endpoint = saying("[{ thinking: Hm. }, { text: Yes. }]")
    message = endpoint.ask(model=GEMINI_2, extra_body=options).message
    assert message["extra_content"] == {"google": {"thought": True}}
    assert message["content"] == ("<think>Hm.</think>Yes." if marker else "Hm.Yes.")
    first, last = endpoint.ask(model=GEMINI_2, extra_body=options, stream=True).deltas
    assert first["extra_content"] == {"google": {"thought": True}}
    assert (first["content"], last) == ("<think>Hm.</think>" if marker else "Hm.", {"content": "Yes.", **ROLE})


# ---- media, grounding


def test_text_and_image() -> None:
    answer = Endpoint().ask("A cat", model=IMAGES, modalities=["text", "image"])
    assert answer.message["content"]
    assert answer.message["audio"]["extra_content"] == {"google": {"mime_type": "image/png"}}
    streamed = Endpoint().ask("A cat", model=IMAGES, modalities=["text", "image"], stream=True).deltas
    assert "".join(delta["content"] or "" for delta in streamed) == answer.message["content"]
    assert [delta["audio"]["data"] for delta in streamed if "audio" in delta] == [answer.message["audio"]["data"]]


def test_several_images() -> None:
    message = saying("[{ image: a cat, data: QQ== }, { image: a dog, data: Qg== }]").ask(model=IMAGES).message
    assert message["audio"]["data"] == "QQ=="
    inline = {"inline_data": {"data": "Qg==", "mime_type": "image/png"}}
    assert message["extra_content"]["google"]["parts"] == [inline]


def test_audio() -> None:
    answer = Endpoint().ask("Hello", model="google/gemini-2.5-flash-preview-tts", modalities=["audio"])
    assert base64.b64decode(answer.message["audio"]["data"]).startswith(b"RIFF")
    assert answer.message["audio"]["extra_content"] == {"google": {"mime_type": "audio/wav"}}
    assert answer.usage["completion_tokens"] > 0


@pytest.mark.parametrize(
    "fields",
    [{"web_search_options": {}}, {"extra_body": google(tools=[{"google_search": {}}])}],
    ids=["§3.6", "§2 tools"],
)
def test_grounded_answer(fields: dict[str, Any]) -> None:
    endpoint = saying("Paris is old. It is large.")
    message = endpoint.ask("Tell me of Paris", **fields).message
    found = message["extra_content"]["google"]["grounding_metadata"]
    assert found["web_search_queries"] == ["Tell me of Paris"]
    spans = [support["segment"] for support in found["grounding_supports"]]
    content = message["content"].encode()
    assert [content[span.get("start_index", 0) : span["end_index"]].decode() for span in spans] == [
        span["text"] for span in spans
    ]
    assert all(
        index < len(found["grounding_chunks"])
        for s in found["grounding_supports"]
        for index in s["grounding_chunk_indices"]
    )
    assert "annotations" not in message
    *_, last = endpoint.ask("Tell me of Paris", **fields, stream=True).deltas
    assert last["extra_content"]["google"]["grounding_metadata"] == found
