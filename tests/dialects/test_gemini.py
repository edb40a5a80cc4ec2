"""Bodies and events of Gemini."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from gemulator.core.plan import Choice, Failure, Media, Part, Plan, Text, Thought, ToolCall, Usage
from gemulator.delivery.steps import Chunk
from gemulator.dialects.dialect import Style
from gemulator.dialects.gemini import Gemini
from gemulator.request.body import ChatRequest
from gemulator.request.parser import request_of
from gemulator.request.target import Target

SHARED = Target("v1", "p", "global", "openapi")
OWN = Target("v1", "p", "us-central1", "123")
THOUGHTS = {"thinking_config": {"include_thoughts": True}}
CALLS = (ToolCall("a", "f", '{"x":1}', "sig"), ToolCall("b", "g", "{}"), ToolCall("c", "h", '{"y":"z"}'))


def request(google: dict[str, Any] | None = None, **fields: Any) -> ChatRequest:
    messages = [{"role": "user", "content": "Hi"}]
    extra = {"extra_body": {"google": google}} if google else {}
    return request_of({"model": "google/m", "messages": messages, **extra, **fields})


def plan(*parts: Part, usage: Usage | None = None, **fields: Any) -> Plan:
    return Plan("id", 1770850461, "google/m", (Choice(parts, **fields),), usage or Usage(1, 2))


def unary(answer_plan: Plan, chat_request: ChatRequest) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(Gemini().unary(answer_plan, chat_request, Style()).data)
    return body


def stream(answer_plan: Plan, chat_request: ChatRequest, **style: Any) -> list[dict[str, Any]]:
    chunks = Gemini().stream(answer_plan, chat_request, Style(**style))
    assert chunks[-1] == Chunk(b"data: [DONE]\n\n")
    return [orjson.loads(chunk.data.removeprefix(b"data: ")) for chunk in chunks[:-1]]


def deltas(answer_plan: Plan, chat_request: ChatRequest, **style: Any) -> list[dict[str, Any]]:
    return [chunk["choices"][0]["delta"] for chunk in stream(answer_plan, chat_request, **style)]


def mappings(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from mappings(inner)


EVERYTHING = (Thought("hm"), Text("a b c", "s1"), *CALLS, Media("image", "image/png", "QUJD", "s2"))


@pytest.mark.parametrize(
    "google", [{}, {"stream_function_call_arguments": True, "thought_tag_marker": "t", **THOUGHTS}]
)
@pytest.mark.parametrize("safe", [False, True])
def test_keys_are_alphabetical_at_every_level(google: dict[str, Any], safe: bool) -> None:
    answer_plan = plan(*EVERYTHING, finish="tool_calls", usage=Usage(1, 2, 3, 4))
    for body in [unary(answer_plan, request(google)), *stream(answer_plan, request(google), safe=safe)]:
        for mapping in mappings(body):
            assert list(mapping) == sorted(mapping)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (Usage(618, 9), {"completion_tokens": 9, "prompt_tokens": 618, "total_tokens": 627}),
        (
            Usage(27, 45, 504),
            {
                "completion_tokens": 45,
                "completion_tokens_details": {"reasoning_tokens": 504},
                "prompt_tokens": 27,
                "total_tokens": 576,
            },
        ),
        (
            Usage(6, 0, 13),
            {"completion_tokens_details": {"reasoning_tokens": 13}, "prompt_tokens": 6, "total_tokens": 19},
        ),
        (
            Usage(14236, 1, 31, 10212),
            {
                "completion_tokens": 1,
                "completion_tokens_details": {"reasoning_tokens": 31},
                "prompt_tokens": 14236,
                "prompt_tokens_details": {"cached_tokens": 10212},
                "total_tokens": 14268,
            },
        ),
    ],
    ids=["no reasoning", "reasoning beside completion", "nothing visible", "cached prompt"],
)
def test_usage_adds_up_and_omits_zeros(usage: Usage, expected: dict[str, Any]) -> None:
    traffic = {"extra_properties": {"google": {"traffic_type": "ON_DEMAND"}}}
    assert unary(plan(Text("x"), usage=usage), request())["usage"] == expected | traffic


@pytest.mark.parametrize(
    ("parts", "fields", "message"),
    [
        ((Text("Hi"),), {}, {"content": "Hi", "role": "assistant"}),
        ((), {}, {"content": "", "role": "assistant"}),
        (
            (Text("Hi", "s"),),
            {},
            {"content": "Hi", "extra_content": {"google": {"thought_signature": "s"}}, "role": "assistant"},
        ),
        (
            (Media("image", "image/png", "QUJD"),),
            {},
            {
                "audio": {"data": "QUJD", "extra_content": {"google": {"mime_type": "image/png"}}},
                "content": None,
                "role": "assistant",
            },
        ),
        ((Thought("hidden"), Text("Hi")), {}, {"content": "Hi", "role": "assistant"}),
        ((), {"refusal": "No."}, {"refusal": "No.", "role": "assistant"}),
    ],
    ids=["text", "nothing", "signed", "image", "hidden thought", "refusal"],
)
def test_a_message(parts: tuple[Part, ...], fields: dict[str, Any], message: dict[str, Any]) -> None:
    assert unary(plan(*parts, **fields), request())["choices"][0]["message"] == message


def test_message_with_calls_only_has_no_content() -> None:
    message = unary(plan(*CALLS[:2], finish="tool_calls"), request())["choices"][0]["message"]
    assert message == {
        "role": "assistant",
        "tool_calls": [
            {
                "extra_content": {"google": {"thought_signature": "sig"}},
                "function": {"arguments": '{"x":1}', "name": "f"},
                "id": "a",
                "type": "function",
            },
            {"function": {"arguments": "{}", "name": "g"}, "id": "b", "type": "function"},
        ],
    }


def test_silent_choice_has_no_message() -> None:
    choice = unary(plan(finish="content_filter: PROHIBITED_CONTENT", silent=True), request())["choices"][0]
    assert choice == {"finish_reason": "content_filter: PROHIBITED_CONTENT", "index": 0, "logprobs": None}


@pytest.mark.parametrize(("marker", "content"), [(None, "hmHi"), ("think", "<think>hm</think>Hi")])
def test_thoughts_are_included_on_request(marker: str | None, content: str) -> None:
    google = THOUGHTS | ({"thought_tag_marker": marker} if marker else {})
    answer_plan, chat_request = plan(Thought("hm"), Text("Hi")), request(google)
    message = unary(answer_plan, chat_request)["choices"][0]["message"]
    assert (message["content"], message["extra_content"]) == (content, {"google": {"thought": True}})
    flagged = [delta for delta in deltas(answer_plan, chat_request) if "extra_content" in delta]
    assert "".join(delta["content"] for delta in flagged) == content.removesuffix("Hi")


def test_only_the_last_chunk_has_finish_reason() -> None:
    chunks = stream(plan(Text("one two three four five")), request(), tokens_per_chunk=1)
    assert len(chunks) > 2
    assert [chunk["choices"][0].get("finish_reason") for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert ["usage" in chunk for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert "".join(chunk["choices"][0]["delta"]["content"] for chunk in chunks) == "one two three four five"


def test_literal_fragments_are_the_chunks() -> None:
    assert [delta["content"] for delta in deltas(plan(Text("abc", "s", ("a", "", "bc"))), request())] == ["a", "", "bc"]


@pytest.mark.parametrize(
    ("google", "safe", "indexes"),
    [
        ({}, False, [0, 1, 2]),
        ({"stream_function_call_arguments": True}, False, [2, 0, 0, 1, 1, 0, 2, 2, 2]),
        ({"stream_function_call_arguments": True}, True, [0, 0, 0, 1, 1, 2, 2, 2, 2]),
    ],
    ids=["whole", "documented", "sdk-safe"],
)
def test_indexes_of_calls(google: dict[str, Any], safe: bool, indexes: list[int]) -> None:
    seen = deltas(plan(*CALLS, finish="tool_calls"), request(google), safe=safe)
    assert [call["index"] for delta in seen for call in delta.get("tool_calls", ())] == indexes


def test_safe_stream_names_once_and_finishes_separately() -> None:
    google = {"stream_function_call_arguments": True, **THOUGHTS}
    answer_plan = plan(Thought("hm hm"), Text("a b"), *CALLS, finish="tool_calls")
    chunks = stream(answer_plan, request(google), safe=True, tokens_per_chunk=1)
    seen = [chunk["choices"][0]["delta"] for chunk in chunks]
    calls = [call for delta in seen for call in delta.get("tool_calls", ())]
    assert sum("role" in delta for delta in seen) == 1
    assert sum("thought" in delta.get("extra_content", {}).get("google", {}) for delta in seen) == 1
    assert [call["id"] for call in calls if "id" in call] == ["a", "b", "c"]
    assert [call["function"]["name"] for call in calls if "name" in call["function"]] == ["f", "g", "h"]
    assert seen[-1] == {}
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_candidates_alternate_and_share_one_usage() -> None:
    choices = (Choice((Text("a b"),)), Choice((Text("c d e"),)))
    answer_plan = Plan("id", 1, "google/m", choices, Usage(1, 2))
    chunks = stream(answer_plan, request(), tokens_per_chunk=1)
    assert {chunk["choices"][0]["index"] for chunk in chunks} == {0, 1}
    assert sum("finish_reason" in chunk["choices"][0] for chunk in chunks) == 2
    assert ["usage" in chunk for chunk in chunks] == [False] * (len(chunks) - 1) + [True]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, {}),
        (1.0, {b"retry-after": b"1"}),
        (3600.0, {b"retry-after": b"3600"}),
        (0.01, {b"retry-after": b"0.01", b"retry-after-ms": b"10"}),
        (1.5, {b"retry-after": b"1.5", b"retry-after-ms": b"1500"}),
        (0.0005, {b"retry-after": b"0.0005", b"retry-after-ms": b"0.5"}),
        (0.0, {b"retry-after": b"0", b"retry-after-ms": b"0"}),
    ],
)
def test_fractions_of_a_second_to_wait_are_kept(seconds: float | None, expected: dict[bytes, bytes]) -> None:
    head, _ = Gemini().failure(Failure(429, "RESOURCE_EXHAUSTED", "Slow down.", retry_after=seconds), SHARED)
    assert {name: value for name, value in head.headers if name.startswith(b"retry")} == expected


def test_failure_is_an_array_on_openapi_only() -> None:
    failure = Failure(429, "RESOURCE_EXHAUSTED", "Slow down.", ({"@type": "x"},), retry_after=1.0)
    head, chunk = Gemini().failure(failure, SHARED)
    assert (head.status, dict(head.headers)[b"retry-after"]) == (429, b"1")
    assert chunk.data.endswith(b"\n]\n")
    error = orjson.loads(chunk.data)[0]["error"]
    assert list(error) == ["code", "message", "status", "details"]
    assert orjson.loads(Gemini().failure(failure, OWN)[1].data)["error"] == error
