"""Bodies and events of TGI."""

from typing import Any

import orjson
import pytest

from gemulator.core.invalid_field import InvalidField
from gemulator.core.plan import Choice, Failure, Part, Plan, Text, Thought, ToolCall, Usage
from gemulator.core.seed import Seed
from gemulator.dialects.dialect import Style
from gemulator.dialects.tgi import Tgi
from gemulator.request.body import ChatRequest
from gemulator.request.parser import request_of
from gemulator.request.target import Target
from gemulator.service.guided_decoding import JsonConstraint, RegexConstraint
from gemulator.service.serving_profile import ServingProfile

OWN = Target("v1", "p", "us-central1", "123")
CALLS = (ToolCall("a", "f", '{"x":1}', fragments=('{"x"', ":1}")), ToolCall("b", "g", "{}"))


def request(**fields: Any) -> ChatRequest:
    return request_of({"messages": [{"role": "user", "content": "Hi"}], **fields})


def plan(*parts: Part, **fields: Any) -> Plan:
    return Plan("", 1770850461, "tgi", (Choice(parts, **fields),), Usage(3, 2, 1))


def stream(answer_plan: Plan, chat_request: ChatRequest, *, safe: bool = False) -> list[dict[str, Any]]:
    chunks = Tgi(ServingProfile(served="org/m")).stream(
        answer_plan, chat_request, Style(safe, 1 if answer_plan.choices[0].finish != "tool_calls" else 100)
    )
    assert chunks[-1].data == b"data: [DONE]\n\n"
    return [orjson.loads(chunk.data.removeprefix(b"data: ")) for chunk in chunks[:-1]]


def test_events_have_a_role_and_the_last_a_finish_reason() -> None:
    chunks = stream(plan(Thought("hm"), Text("one two three")), request())
    choices = [chunk["choices"][0] for chunk in chunks]
    assert {choice["delta"]["role"] for choice in choices} == {"assistant"}
    assert "".join(choice["delta"]["content"] for choice in choices) == "<think>hm</think>one two three"
    assert [choice["finish_reason"] for choice in choices] == [None] * (len(choices) - 1) + ["stop"]
    assert {(chunk["id"], chunk["model"], chunk["usage"]) for chunk in chunks} == {("", "org/m", None)}


def test_usage_event_is_separate_and_on_request() -> None:
    last = stream(plan(Text("one")), request(stream=True, stream_options={"include_usage": True}))[-1]
    assert last["choices"] == []
    assert last["usage"] == {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6}


def test_length_finish_is_in_the_last_text_event() -> None:
    last = stream(plan(Text("one two"), finish="length"), request())[-1]["choices"][0]
    assert last["finish_reason"] == "length"
    assert last["delta"]["content"]


@pytest.mark.parametrize(
    ("safe", "indexes", "ids"), [(False, {0}, ["a", "a", "b"]), (True, {0, 1}, ["a", None, "b"])], ids=["own", "safe"]
)
def test_calls_in_a_stream(safe: bool, indexes: set[int], ids: list[str | None]) -> None:
    chunks = stream(plan(*CALLS, finish="tool_calls"), request(), safe=safe)
    calls = [call for chunk in chunks for call in chunk["choices"][0]["delta"].get("tool_calls", ())]
    assert {call["index"] for call in calls} == indexes
    assert [call.get("id") for call in calls] == ids
    assert "".join(call["function"]["arguments"] for call in calls) == '{"x":1}{}'
    assert [call["function"]["name"] for call in calls if call["function"]["name"]] == ["f", "g"]


def test_logprobs_have_no_bytes() -> None:
    body = Tgi().unary(plan(Text("one two")), request(logprobs=True, top_logprobs=2), Style(seed=Seed(b"s"))).data
    entries = orjson.loads(body)["choices"][0]["logprobs"]["content"]
    assert "".join(entry["token"] for entry in entries) == "one two"
    assert [set(entry) for entry in entries] == [{"token", "logprob", "top_logprobs"}] * len(entries)


def test_ids() -> None:
    assert Tgi().response_id(Seed(b"x"), 1) == ""
    assert Tgi(ServingProfile(version="2")).call_id(Seed(b"x"), "f", 1) == "0"
    ids = [Tgi().call_id(Seed(name), "f", 1) for name in (b"x", b"y")]
    assert ids[0] != ids[1]
    assert [(len(id_), id_.isalnum()) for id_ in ids] == [(9, True)] * 2


@pytest.mark.parametrize(
    ("failure", "status", "body"),
    [
        (
            Failure(400, "INVALID_ARGUMENT", "No."),
            422,
            {"error": "Input validation error: No.", "error_type": "validation"},
        ),
        (
            Failure(400, "X", "G", invalid_field=InvalidField("int_type", ("n",), "Input should be an integer", "x")),
            422,
            {"error": "Input validation error: n: Input should be an integer", "error_type": "validation"},
        ),
        (
            Failure(424, "X", "Out of memory."),
            424,
            {"error": "Request failed during generation: Out of memory.", "error_type": "generation"},
        ),
        (Failure(500, "INTERNAL", "Gone."), 500, {"error": "Gone.", "error_type": "incomplete_generation"}),
        (
            Failure(429, "RESOURCE_EXHAUSTED", "Slow down."),
            429,
            {"error": {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED"}},
        ),
    ],
)
def test_refusals(failure: Failure, status: int, body: dict[str, Any]) -> None:
    head, chunk = Tgi().failure(failure, OWN)
    assert (head.status, orjson.loads(chunk.data)) == (status, body)


def test_failed_stream_ends_with_an_error_event() -> None:
    event = Tgi().stream_error(Failure(424, "X", "Out of memory.")).split(b"\n\n")[0]
    assert orjson.loads(event.removeprefix(b"data: "))["error_type"] == "generation"


SCHEMA = {"type": "object"}


@pytest.mark.parametrize(
    ("response_format", "constraint"),
    [
        ({"type": "json", "value": SCHEMA}, JsonConstraint(SCHEMA)),
        ({"type": "json_object", "value": SCHEMA}, JsonConstraint(SCHEMA)),
        ({"type": "regex", "value": "[ab]+"}, RegexConstraint("[ab]+")),
        ({"type": "json_object"}, None),
        ({"type": "text", "value": "x"}, None),
    ],
)
def test_response_format_in_tgi_syntax(response_format: dict[str, Any], constraint: Any) -> None:
    assert Tgi().decoding(request(response_format=response_format)).constraint == constraint


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_tokens": 0}, "`max_new_tokens` must be strictly positive"),
        ({"temperature": -0.5}, "`temperature` must be strictly positive"),
        ({"top_p": 1.0}, "`top_p` must be > 0.0 and < 1.0"),
        (
            {"response_format": {"type": "regex", "value": "("}},
            "grammar is not valid: missing ), unterminated subpattern at position 0",
        ),
        (
            {"max_tokens": 8},
            "`inputs` tokens + `max_new_tokens` must be <= 10. Given: 3 `inputs` tokens and 8 `max_new_tokens`",
        ),
    ],
)
def test_invalid_requests_are_refused(fields: dict[str, Any], message: str) -> None:
    refused = Tgi(ServingProfile(context=10)).refusal(request(**fields), lambda: 3)
    assert refused is not None
    assert (refused.status, refused.message) == (422, message)


def test_valid_requests_are_accepted() -> None:
    chat_request = request(max_tokens=7, temperature=0.0, top_p=0.9)
    assert Tgi(ServingProfile(context=10)).refusal(chat_request, lambda: 3) is None
