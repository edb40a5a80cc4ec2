"""The official examples: byte for byte where the page shows an answer, in shape where it does not."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from gemulator import Emulator
from tests.acceptance.wire import content, events, post

GOLDEN = Path(__file__).parent.parent / "golden" / "google-examples"
CAT = {"role": "user", "content": "Generate an image of a cat."}


def request(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((GOLDEN / f"{name}.request.json").read_text())
    return loaded


@pytest.mark.parametrize("name", ["image-generation", "multimodal-function-response"])
def test_a_unary_answer_is_the_page_s(shipped: Emulator, name: str) -> None:
    page = json.loads((GOLDEN / f"{name}.response.json").read_text())
    answer = post(shipped, (GOLDEN / f"{name}.request.json").read_bytes()).text
    for picture in re.findall(r'"data":"([^"]+)"', answer):
        assert base64.b64decode(picture, validate=True).startswith(b"\x89PNG\r\n")
        answer = answer.replace(picture, "<BASE64_BYTES>")  # what the page shows
    assert answer == json.dumps(page, separators=(",", ":"), ensure_ascii=False)  # keeps the page's key order


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("image-generation", {"modalities": ["text", "image"], "stream": True}),
        ("image-generation", {"messages": [{"role": "system", "content": "Draw."}, CAT]}),
        ("image-generation", {"messages": [CAT, {"role": "assistant", "content": "Here."}, CAT]}),
        ("image-generation", {"modalities": ["text"]}),
        ("stream-function-call-arguments", {"tools": []}),
        ("stream-function-call-arguments", {"stream": False}),
        ("stream-function-call-arguments", {"extra_body": None}),
        ("multimodal-function-response", {"tools": None}),
    ],
)
def test_the_page_s_answer_is_for_the_page_s_whole_request(shipped: Emulator, name: str, change: Any) -> None:
    answer = post(shipped, request(name) | change)
    assert answer.status_code == 200
    assert "google-examples" not in answer.headers.get("x-emulator-turn", "")


def test_the_stream_of_parallel_calls_is_the_page_s(shipped: Emulator) -> None:
    answer = post(shipped, request("stream-function-call-arguments"))
    assert answer.headers["content-type"] == "text/event-stream"
    expected = (GOLDEN / "stream-function-call-arguments.response.sse").read_bytes()
    assert answer.content.rstrip() == expected.rstrip()


@pytest.mark.parametrize("name", ["image-url", "input-audio"])
def test_a_description_of_media_is_a_text(shipped: Emulator, name: str) -> None:
    answer = post(shipped, request(name)).json()
    assert list(answer) == ["choices", "created", "id", "model", "object", "system_fingerprint", "usage"]
    assert answer["choices"][0]["message"]["content"]
    assert answer["usage"]["prompt_tokens"] > 200, "the medium counts"


def test_thoughts_come_in_the_tags_that_were_asked_for(shipped: Emulator) -> None:
    chunks = events(post(shipped, request("thinking-config")))
    flagged = [chunk for chunk in chunks if "extra_content" in chunk["choices"][0]["delta"]]
    assert content(flagged).startswith("<think>")
    assert content(flagged).endswith("</think>")
    assert "think>" not in content([chunk for chunk in chunks if chunk not in flagged])


# ---- the same shapes from the generator


CITIES = [("Lisbon", "Osaka"), ("Nairobi", "São Paulo")]


@pytest.mark.parametrize("cities", CITIES)
def test_invented_calls_have_the_documented_fragments(empty: Emulator, cities: tuple[str, str]) -> None:
    body = request("stream-function-call-arguments")
    body["messages"][0]["content"] = f"What is the weather like in {cities[0]} and {cities[1]} today?"
    chunks = events(post(empty, body))
    calls = [chunk["choices"][0]["delta"]["tool_calls"][0] for chunk in chunks]
    joined: dict[str, str] = {}
    for call in calls:
        assert call["type"] == "function"
        assert call["function"]["name"] == "get_current_weather"
        joined[call["id"]] = joined.get(call["id"], "") + call["function"]["arguments"]
    arguments = [json.loads(text) for text in joined.values()]
    assert [cities[0] in arguments[0]["location"], cities[1] in arguments[1]["location"]] == [True, True]
    headers = [call["index"] for call in calls if not call["function"]["arguments"]]
    assert headers == [1, 0]
    assert_envelope(chunks)


def test_invented_text_adds_up(empty: Emulator) -> None:
    chunks = events(post(empty, request("thinking-config")))
    assert_envelope(chunks)
    usage = chunks[-1]["usage"]
    parts = usage["prompt_tokens"] + usage["completion_tokens"] + usage["completion_tokens_details"]["reasoning_tokens"]
    assert usage["total_tokens"] == parts


def assert_envelope(chunks: list[dict[str, Any]]) -> None:
    """What all chunks of a stream share, and what only the last one has."""
    assert len({chunk["id"] for chunk in chunks}) == 1
    raw = base64.urlsafe_b64decode(chunks[0]["id"] + "==")
    assert int.from_bytes(raw[:4], "little") == chunks[0]["created"]
    assert len(raw) in {16, 17}
    for chunk in chunks[:-1]:
        assert "usage" not in chunk
        assert "finish_reason" not in chunk["choices"][0]
    assert chunks[-1]["choices"][0]["finish_reason"]
    for chunk in chunks:
        assert list(chunk)[:6] == ["choices", "created", "id", "model", "object", "system_fingerprint"]
        assert chunk["choices"][0]["delta"]["role"] == "assistant"
