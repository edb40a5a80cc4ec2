"""Bodies and events of vLLM."""

import math
from typing import Any

import orjson
import pytest

from gemulator.core.plan import Choice, Failure, Media, Part, Plan, Text, Thought, ToolCall, Usage
from gemulator.core.seed import Seed
from gemulator.delivery.steps import Chunk
from gemulator.dialects.dialect import Style
from gemulator.dialects.vllm import Vllm
from gemulator.request.body import ChatRequest
from gemulator.request.parser import request_of
from gemulator.request.target import Target
from gemulator.service.serving_profile import ServingProfile, Version
from tests import vllm_models

OWN = Target("v1", "p", "us-central1", "123")
CALLS = (ToolCall("a", "f", '{"x":1}'), ToolCall("b", "g", "{}"))
USAGE = {"stream": True, "stream_options": {"include_usage": True}}
RUNNING = {"stream": True, "stream_options": {"include_usage": True, "continuous_usage_stats": True}}
WORDS = "one two three four five six"


def request(*messages: dict[str, Any], **fields: Any) -> ChatRequest:
    return request_of({"messages": [*messages] or [{"role": "user", "content": "Hi there"}], **fields})


def plan(*parts: Part, usage: Usage | None = None, **fields: Any) -> Plan:
    return Plan("id", 1770850461, "m", (Choice(parts, **fields),), usage or Usage(3, 2))


def unary(answer_plan: Plan, chat_request: ChatRequest, **profile: Any) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(
        Vllm(ServingProfile(**profile)).unary(answer_plan, chat_request, Style(seed=Seed(b"s"))).data
    )
    return body


def stream(answer_plan: Plan, chat_request: ChatRequest, **profile: Any) -> list[dict[str, Any]]:
    chunks = Vllm(ServingProfile(**profile)).stream(
        answer_plan, chat_request, Style(tokens_per_chunk=1, seed=Seed(b"s"))
    )
    assert chunks[-1] == Chunk(b"data: [DONE]\n\n")
    return [orjson.loads(chunk.data.removeprefix(b"data: ")) for chunk in chunks[:-1]]


def choices(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [choice for chunk in chunks for choice in chunk["choices"]]


# ---- answers are valid against vLLM's own models

PLANS = {
    "text": plan(Text(WORDS)),
    "nothing": plan(),
    "thoughts": plan(Thought("Let me think."), Text(WORDS)),
    "thoughts only": plan(Thought("Let me think."), finish="length"),
    "calls": plan(*CALLS, finish="tool_calls"),
    "text and calls": plan(Text("Wait."), *CALLS, finish="tool_calls"),
    "a picture": plan(Media("image", "image/png", "QUJD")),
    "stopped": plan(Text("one"), stop="two"),
    "several": Plan("id", 1, "m", (Choice((Text("a b c"),)), Choice((Text("d"),))), Usage(1, 4)),
}
REQUESTS = {
    "plain": request(),
    "weighed": request(logprobs=True, top_logprobs=3, prompt_logprobs=2),
    "usage": request(**RUNNING),
    "echo": request({"role": "assistant", "content": "So"}, echo=True),
    "hidden": request(include_reasoning=False, logprobs=True),
}


@pytest.mark.parametrize("answer_plan", PLANS.values(), ids=list(PLANS))
@pytest.mark.parametrize("chat_request", REQUESTS.values(), ids=list(REQUESTS))
def test_answers_fit_vllms_models(answer_plan: Plan, chat_request: ChatRequest) -> None:
    whole = vllm_models.Answer.model_validate(unary(answer_plan, chat_request, fingerprint="vllm-0.14"))
    chunks = [
        vllm_models.Chunk.model_validate(chunk) for chunk in stream(answer_plan, chat_request, fingerprint="vllm-0.14")
    ]
    for index, choice in enumerate(whole.choices):
        own = [entry for chunk in chunks for entry in chunk.choices if entry.index == index]
        assert "".join(entry.delta.content or "" for entry in own) == (choice.message.content or "")
        assert "".join(entry.delta.reasoning or "" for entry in own) == (choice.message.reasoning or "")
        assert own[-1].finish_reason == choice.finish_reason
        assert own[-1].stop_reason == choice.stop_reason
        assert [entry.finish_reason for entry in own[:-1]] == [None] * (len(own) - 1)
        calls = [call for entry in own for call in entry.delta.tool_calls]
        assert [call.id for call in calls if call.id] == [call.id for call in choice.message.tool_calls]


@pytest.mark.parametrize("version", ["current", "0.10"])
@pytest.mark.parametrize("status", [400, 404, 422, 500, 501])
def test_refusals_fit_vllms_models(version: Version, status: int) -> None:
    head, chunk = Vllm(ServingProfile(version=version)).failure(Failure(status, "X", "No.", field="n"), OWN)
    error = vllm_models.Refusal.model_validate_json(chunk.data).error
    assert (head.status, error.code, error.message) == (status, status, "No.")
    assert error.param == ("n" if version == "current" else None)


# ---- unary


MESSAGE = {"role": "assistant", "content": "Hi"}
UNUSED = dict.fromkeys(("refusal", "annotations", "audio", "function_call"))


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("current", MESSAGE | UNUSED | {"reasoning": "hm"}),
        ("0.10", MESSAGE | UNUSED | {"tool_calls": [], "reasoning_content": "hm"}),
        ("0.6", MESSAGE | {"content": "<think>hm</think>Hi", "tool_calls": []}),
    ],
)
def test_releases_differ(version: str, message: dict[str, Any]) -> None:
    found = unary(plan(Thought("hm"), Text("Hi")), request(), version=version)["choices"][0]["message"]
    assert list(found.items()) == list(message.items())


@pytest.mark.parametrize(
    ("tool_choice", "content", "finish"),
    [
        ("auto", None, "tool_calls"),
        ("required", "", "tool_calls"),
        ({"type": "function", "function": {"name": "f"}}, "", "stop"),
    ],
)
def test_tool_choice_affects_content_and_finish_reason(tool_choice: Any, content: str | None, finish: str) -> None:
    answer_plan, chat_request = plan(CALLS[0], finish="tool_calls"), request(tool_choice=tool_choice)
    choice = unary(answer_plan, chat_request)["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == (content, finish)
    assert choices(stream(answer_plan, chat_request))[-1]["finish_reason"] == finish


def test_thoughts_count_as_completion() -> None:
    usage = unary(plan(Thought("hm"), Text("Hi"), usage=Usage(9, 2, 5)), request())["usage"]
    assert usage == {"prompt_tokens": 9, "total_tokens": 16, "completion_tokens": 7, "prompt_tokens_details": None}


@pytest.mark.parametrize(("role", "content"), [("assistant", "So far, so good"), ("user", "so good")])
def test_echo_repeats_the_last_assistant_message(role: str, content: str) -> None:
    chat_request = request({"role": role, "content": "So far, "}, echo=True)
    assert unary(plan(Text("so good")), chat_request)["choices"][0]["message"]["content"] == content


# ---- logprobs


def entries(logprobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry for group in logprobs for entry in group["content"]]


def test_logprobs_have_an_entry_per_token() -> None:
    chat_request = request(logprobs=True, top_logprobs=4)
    whole = entries([unary(plan(Text(WORDS)), chat_request)["choices"][0]["logprobs"]])
    assert "".join(entry["token"] for entry in whole) == WORDS
    assert len(whole) > 3
    for entry in whole:
        assert bytes(entry["bytes"]).decode() == entry["token"]
        ranked = [rival["logprob"] for rival in entry["top_logprobs"]]
        assert len(ranked) == 4
        assert ranked == sorted(ranked, reverse=True)
        assert ranked[0] == entry["logprob"] <= 0
        assert sum(map(math.exp, ranked)) <= 1.000001
        assert len({rival["token"] for rival in entry["top_logprobs"]}) == 4


def test_stream_and_unary_logprobs_are_equal() -> None:
    chat_request = request(logprobs=True, top_logprobs=2)
    whole = entries([unary(plan(Text(WORDS)), chat_request)["choices"][0]["logprobs"]])
    parts = entries(
        [choice["logprobs"] for choice in choices(stream(plan(Text(WORDS)), chat_request)) if choice["logprobs"]]
    )
    assert parts == whole


def test_seed_determines_logprobs() -> None:
    chat_request = request(logprobs=True)
    seeds = [Vllm().unary(plan(Text(WORDS)), chat_request, Style(seed=Seed(name))).data for name in (b"1", b"1", b"2")]
    assert (seeds[0] == seeds[1], seeds[1] == seeds[2]) == (True, False)


def test_prompt_logprobs_cover_the_prompt() -> None:
    logprobs = unary(plan(Text("Hi"), usage=Usage(7, 1)), request(prompt_logprobs=2))["prompt_logprobs"]
    assert (len(logprobs), logprobs[0]) == (7, None)
    for entry in logprobs[1:]:
        assert [logprob["rank"] for logprob in entry.values()] == [1, 2, 3]
        assert all(token.isdigit() for token in entry)
    first = next(iter(logprobs[1].values()))
    assert first["decoded_token"] in "Hi there<|im_end|>"


# ---- stream


def test_roles_come_first_and_text_alternates() -> None:
    answer_plan = Plan("id", 1, "m", (Choice((Text("a b c d"),)), Choice((Text("e f g h"),))), Usage(1, 4))
    deltas = [(choice["index"], choice["delta"]) for choice in choices(stream(answer_plan, request()))]
    opening = {"role": "assistant", "content": ""}
    assert deltas[:2] == [(0, opening), (1, opening)]
    assert [index for index, _ in deltas[2:]] == [0, 1] * ((len(deltas) - 2) // 2)


def test_usage_event_is_separate_and_on_request() -> None:
    assert all("usage" not in chunk for chunk in stream(plan(Text(WORDS)), request()))
    chunks = stream(plan(Text(WORDS)), request(**USAGE))
    assert ["usage" in chunk for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert (chunks[-1]["choices"], chunks[-1]["usage"]["completion_tokens"]) == ([], 2)


def test_continuous_usage_grows() -> None:
    answer_plan = plan(Text(WORDS), usage=Usage(3, 6))
    counts = [chunk["usage"]["completion_tokens"] for chunk in stream(answer_plan, request(**RUNNING))[:-1]]
    assert counts[0] == 0
    assert counts == sorted(counts)
    assert counts[-1] > 3


def test_continuous_usage_never_exceeds_the_total() -> None:
    answer_plan = plan(Thought("one two"), Text("three"), usage=Usage(3, 1, 2))
    chunks = stream(answer_plan, request(**RUNNING), version="0.6")
    counts = [chunk["usage"]["completion_tokens"] for chunk in chunks]
    assert counts == sorted(counts)
    assert counts[-2:] == [3, 3]


def test_call_is_named_once_and_finishes_separately() -> None:
    seen = choices(stream(plan(*CALLS, finish="tool_calls"), request()))
    calls = [call for choice in seen for call in choice["delta"].get("tool_calls", ())]
    assert [(call["index"], call["id"]) for call in calls if "id" in call] == [(0, "a"), (1, "b")]
    assert [set(call) for call in calls if "id" not in call] == [{"index", "function"}] * (len(calls) - 2)
    joined = ["".join(c["function"].get("arguments", "") for c in calls if c["index"] == index) for index in (0, 1)]
    assert joined == ['{"x":1}', "{}"]
    assert (seen[-1]["delta"], seen[-1]["finish_reason"]) == ({}, "tool_calls")


def test_length_finish_is_in_the_last_text_event() -> None:
    last = choices(stream(plan(Text(WORDS), finish="length"), request()))[-1]
    assert last["finish_reason"] == "length"
    assert last["delta"]["content"]


@pytest.mark.parametrize(("chat_request", "where"), [(request(), -1), (request(**USAGE), -1)], ids=["end", "usage"])
def test_fingerprint_is_in_the_last_event(chat_request: ChatRequest, where: int) -> None:
    chunks = stream(plan(Text(WORDS)), chat_request, fingerprint="vllm-0.14.0-1a2b3c4d")
    assert [chunk.get("system_fingerprint") for chunk in chunks if "system_fingerprint" in chunk] == [
        chunks[where]["system_fingerprint"]
    ]


@pytest.mark.parametrize(
    ("version", "error"),
    [
        ("current", {"message": "Boom.", "type": "InternalServerError", "param": None, "code": 500}),
        (
            "0.6",
            {"object": "error", "message": "Boom.", "type": "InternalServerError", "param": None, "code": 500},
        ),
    ],
)
def test_failed_stream_ends_with_an_error_event(version: Version, error: dict[str, Any]) -> None:
    event, done, rest = (
        Vllm(ServingProfile(version=version)).stream_error(Failure(500, "INTERNAL", "Boom.")).split(b"\n\n")
    )
    assert orjson.loads(event.removeprefix(b"data: ")) == {"error": error}
    assert (done, rest) == (b"data: [DONE]", b"")


# ---- ids and refusals


@pytest.mark.parametrize(("form", "expected"), [("random", "chatcmpl-tool-"), ("numbered", "functions.f:3")])
def test_call_ids(form: Any, expected: str) -> None:
    call_id = Vllm(ServingProfile(call_ids=form)).call_id(Seed(b"x"), "f", 3)
    assert call_id.startswith(expected)
    assert len(call_id) == (len(expected) if form == "numbered" else len(expected) + 32)


@pytest.mark.parametrize("status", [401, 403, 429, 503])
def test_other_statuses_have_googles_format(status: int) -> None:
    head, chunk = Vllm().failure(Failure(status, "X", "No.", retry_after=2), OWN)
    assert orjson.loads(chunk.data) == {"error": {"code": status, "message": "No.", "status": "X"}}
    assert (head.status, dict(head.headers)[b"retry-after"]) == (status, b"2")


REST = (
    "'disable_fallback': False, 'disable_any_whitespace': False, 'disable_additional_properties': False,"
    " 'whitespace_pattern': None, 'structural_tag': None, '_backend': None, '_backend_was_auto': False}"
)


@pytest.mark.parametrize(
    ("fields", "profile", "message"),
    [
        ({"n": 0}, {}, "n must be at least 1, got 0."),
        (
            {"n": 16385},
            {},
            "n must be at most 16384, got 16385."
            " To increase this limit, set the VLLM_MAX_N_SEQUENCES environment variable.",
        ),
        ({"prompt_logprobs": -2}, {}, "`prompt_logprobs` must be a positive value or -1."),
        ({"top_logprobs": -2}, {}, "`top_logprobs` must be a positive value or -1."),
        (
            {"prompt_logprobs": 21},
            {},
            "Requested prompt logprobs of 21, which is greater than max allowed: 20",
        ),
        ({"temperature": -1.0}, {}, "temperature must be non-negative, got -1.0."),
        ({"top_p": 1.5}, {}, "top_p must be in (0, 1], got 1.5."),
        ({"presence_penalty": 3.0}, {}, "presence_penalty must be in [-2, 2], got 3.0."),
        ({"max_tokens": 0}, {}, "max_tokens must be at least 1, got 0."),
        (
            {"max_tokens": 2, "min_tokens": 3},
            {},
            "min_tokens must be less than or equal to max_tokens=2, got 3.",
        ),
        ({"stream_options": {"include_usage": True}}, {}, "Stream options can only be defined when `stream=True`."),
        ({"top_logprobs": 2}, {}, "when using `top_logprobs`, `logprobs` must be set to true."),
        (
            {"logprobs": True, "top_logprobs": 21},
            {},
            "Requested sample logprobs of 21, which is greater than max allowed: 20",
        ),
        ({"stream": True, "prompt_logprobs": 1}, {}, "`prompt_logprobs` are not available when `stream=True`."),
        (
            {"n": 3, "best_of": 2},
            {"version": "0.6"},
            "best_of must be greater than or equal to n, got n=3 and best_of=2.",
        ),
        (
            {"guided_json": {}, "guided_regex": "a"},
            {},
            "You can only use one kind of guided decoding ('guided_json', 'guided_regex' or 'guided_choice').",
        ),
        (
            {"guided_grammar": "start: nothing"},
            {},
            'Grammar error: Lark error at line 1, column 8: unknown name "nothing"',
        ),
        ({"min_tokens": "many"}, {}, "Input should be a valid integer"),
        ({"chat_template_kwargs": [1]}, {}, "Input should be a valid dictionary"),
        ({"guided_choice": ["a", 2]}, {}, "Input should be a valid string"),
        ({"structured_outputs": {"json": [1]}}, {}, "Input should be a valid dictionary"),
        (
            {"structured_outputs": []},
            {},
            "Input should be a valid dictionary or instance of StructuredOutputsParams",
        ),
        ({"guided_grammar": " "}, {}, "structured_outputs.grammar cannot be an empty string"),
        ({"structured_outputs": {"json": "{"}}, {}, "Invalid JSON grammar specification."),
        ({"structured_outputs": {"json": " "}}, {}, "structured_outputs.json cannot be an empty string"),
        ({"structured_outputs": {"choice": []}}, {}, "Choice '[]' cannot be an empty list"),
        (
            {"structured_outputs": {"json_object": False}},
            {},
            "structured_outputs.json_object must be True if set; omit structured_outputs to disable structured outputs",
        ),
        (
            {"structured_outputs": {"json": {}, "choice": ["a"]}},
            {},
            "You can only use one kind of constraints for structured outputs ('json', 'regex' or 'choice').",
        ),
        (
            {"structured_outputs": {"regex": "a", "grammar": 'root ::= "a"'}},
            {},
            "You can only use one kind of structured outputs constraint but multiple are specified: "
            "{'json': None, 'regex': 'a', 'choice': None, 'grammar': 'root ::= \"a\"', 'json_object': None, " + REST,
        ),
        (
            {"structured_outputs": {}},
            {},
            "You must use one kind of structured outputs constraint but none are specified: "
            "{'json': None, 'regex': None, 'choice': None, 'grammar': None, 'json_object': None, " + REST,
        ),
        (
            {"response_format": {"type": "structural_tag", "structures": [], "triggers": []}},
            {},
            "Invalid structural tag specification: No structural tags found in the grammar spec.",
        ),
        (
            {"guided_regex": "("},
            {},
            "Failed to compile the regular expression '(': missing ), unterminated subpattern at position 0",
        ),
        (
            {},
            {"context": 3},
            "This model's maximum context length is 3 tokens. However, your request has 3 input tokens."
            " Please reduce the length of the input messages.",
        ),
        ({"model": "x"}, {"served": "y", "only_served": True}, "The model `x` does not exist."),
    ],
)
def test_invalid_requests_are_refused(fields: dict[str, Any], profile: dict[str, Any], message: str) -> None:
    refused = Vllm(ServingProfile(**profile)).refusal(request(**fields), lambda: 3)
    assert refused is not None
    assert refused.message == message
    assert refused.status == (404 if "does not exist" in message else 400)


@pytest.mark.parametrize(
    ("fields", "profile"),
    [
        ({}, {}),
        ({"n": 3, "best_of": 2}, {}),
        ({"temperature": 0.0, "top_p": 1.0, "max_tokens": 1, "min_tokens": 1}, {"context": 4}),
        ({"logprobs": True, "top_logprobs": 20}, {}),
        ({"min_tokens": "5", "unknown": 1}, {}),
        ({"guided_regex": "\\p{L}+"}, {}),
        ({"model": ""}, {"served": "y", "only_served": True}),
    ],
)
def test_valid_requests_are_accepted(fields: dict[str, Any], profile: dict[str, Any]) -> None:
    assert Vllm(ServingProfile(**profile)).refusal(request(**fields), lambda: 3) is None
