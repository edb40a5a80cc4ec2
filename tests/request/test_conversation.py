"""Questions about a request."""

from typing import Any

import orjson
import pytest

from gemulator.request.conversation import Conversation
from gemulator.request.parser import parse
from gemulator.request.target import Target

TARGET = Target("v1", "p", "global", "openapi")
USER = {"role": "user", "content": "Weather?"}
CALL = {
    "role": "assistant",
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "get", "arguments": "{}"}}],
}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": '{"temp": 21}'}


def conversation(*messages: dict[str, Any], **fields: Any) -> Conversation:
    return Conversation(parse(orjson.dumps({"model": "google/m", "messages": messages, **fields})), TARGET, {})


@pytest.mark.parametrize(
    ("messages", "turn", "results"),
    [
        ([USER], 1, []),
        ([USER, CALL], 2, []),
        ([USER, CALL, RESULT], 2, ["get"]),
        ([USER, CALL, RESULT, CALL | {"role": "model"}], 3, ["get"]),
        ([USER, CALL, RESULT, USER], 2, []),
        ([USER, {"role": "function", "name": "old", "content": "x"}], 1, ["old"]),
        ([CALL, RESULT], 2, ["get"]),
    ],
)
def test_turn_and_results(messages: list[dict[str, Any]], turn: int, results: list[str]) -> None:
    asked = conversation(*messages)
    assert (asked.turn, [result.name for result in asked.tool_results]) == (turn, results)


@pytest.mark.parametrize(("content", "value"), [('{"temp": 21}', {"temp": 21}), ("21 degrees", "21 degrees")])
def test_a_result_is_its_json_or_its_text(content: str, value: Any) -> None:
    assert conversation(USER, CALL, RESULT | {"content": content}).tool_results[0].value == value


def test_texts_of_parts_are_joined() -> None:
    parts = [
        {"type": "text", "text": "one"},
        {"type": "image_url", "image_url": "gs://b/x"},
        {"type": "text", "text": "two"},
    ]
    asked = conversation({"role": "system", "content": "Be brief."}, {"role": "user", "content": parts})
    assert (asked.user_text, asked.system_text) == ("one\ntwo", "Be brief.")
    assert [part.uri for part in asked.parts] == ["gs://b/x"]


CUTS_OR_REPEATS: list[dict[str, Any]] = [
    {"stream": True},
    {"stream_options": {"include_usage": True}},
    {"user": "someone"},
    {"metadata": {"a": "b"}},
    {"stop": ["x"]},
    {"max_tokens": 5},
    {"max_completion_tokens": 5},
    {"n": 3},
    {"logprobs": True},
    {"reasoning_effort": "low"},
    {"extra_body": {"google": {"stream_function_call_arguments": True}}},
]


@pytest.mark.parametrize("fields", CUTS_OR_REPEATS, ids=lambda fields: next(iter(fields)))
def test_what_only_cuts_or_repeats_does_not_change_the_words(fields: dict[str, Any]) -> None:
    assert conversation(USER, **fields).fingerprint == conversation(USER).fingerprint


DECIDES: list[dict[str, Any]] = [
    {"model": "google/other"},
    {"tools": [{"type": "function", "function": {"name": "f"}}]},
    {"tool_choice": "none"},
    {"response_format": {"type": "json_object"}},
    {"modalities": ["image"]},
    {"temperature": 0.5},
    {"top_p": 0.5},
    {"presence_penalty": 1.0},
    {"frequency_penalty": 1.0},
    {"seed": 7},
]


@pytest.mark.parametrize("fields", DECIDES, ids=lambda fields: next(iter(fields)))
def test_what_a_model_would_see_does(fields: dict[str, Any]) -> None:
    assert conversation(USER, **fields).fingerprint != conversation(USER).fingerprint


def test_ids_and_signatures_of_the_history_do_not_count() -> None:
    call = CALL["tool_calls"][0] | {"id": "other", "extra_content": {"google": {"thought_signature": "s"}}}  # type: ignore[operator]
    renamed = conversation(USER, CALL | {"tool_calls": [call]}, RESULT | {"tool_call_id": "other"})
    assert renamed.fingerprint == conversation(USER, CALL, RESULT).fingerprint
    swapped = conversation(USER, CALL, RESULT | {"tool_call_id": "unknown"})
    assert swapped.fingerprint != renamed.fingerprint


TAGGED = {"extra_body": {"google": {"thought_tag_marker": "think"}}}


@pytest.mark.parametrize(
    ("said", "same"),
    [
        ({"content": "<think>Hm.</think>21 °C."}, True),
        ({"content": "<think>Hm.</think>21 °C.", "extra_content": {"google": {"thought": True}}}, True),
        ({"content": "<think>Hm.</think>21 °C.", "extra_content": {"google": {"thought": False}}}, False),
        ({"content": "<other>Hm.</other>21 °C."}, False),
    ],
)
def test_tagged_thoughts_of_the_history_are_not_seen(said: dict[str, Any], same: bool) -> None:
    plain = conversation(USER, {"role": "assistant", "content": "21 °C."}, USER, **TAGGED)
    tagged = conversation(USER, {"role": "assistant", **said}, USER, **TAGGED)
    assert (tagged.fingerprint == plain.fingerprint) is same


def test_tags_of_the_user_are_words() -> None:
    asked = [conversation({"role": "user", "content": f"<think>{word}</think>"}, **TAGGED) for word in ("a", "b")]
    assert asked[0].fingerprint != asked[1].fingerprint
