"""Bodies and events of partner models on `endpoints/openapi`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

import gemulator
from gemulator.core.plan import Choice, Failure, Part, Plan, Text, Thought, ToolCall, Usage
from gemulator.core.seed import Seed
from gemulator.dialects.dialect import Style
from gemulator.dialects.partner import Partner
from gemulator.engine.catalog_file import read_catalog
from gemulator.request.body import ChatRequest
from gemulator.request.parser import request_of
from gemulator.request.target import Target
from gemulator.service.catalog import Catalog, Model
from tests.endpoint import Endpoint

SHARED = Target("v1", "p", "global", "openapi")
CALLS = (ToolCall("a", "f", '{"x":1}'), ToolCall("b", "g", "{}"))


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return read_catalog(Path(gemulator.__file__).with_name("service").joinpath("catalog.yaml"))


def request(**fields: Any) -> ChatRequest:
    return request_of({"messages": [{"role": "user", "content": "Hi"}], **fields})


def dialect(catalog: Catalog, model: str) -> Partner:
    card = catalog.lookup(model, SHARED)
    assert isinstance(card, Model)
    assert card.dialect == "partner", model
    return Partner(card.profile)


def plan(model: str, *parts: Part, usage: Usage | None = None, **fields: Any) -> Plan:
    return Plan("id", 1770850461, model, (Choice(parts, **fields),), usage or Usage(29, 10, 784))


def unary(catalog: Catalog, answer_plan: Plan, **fields: Any) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(
        dialect(catalog, answer_plan.model).unary(answer_plan, request(**fields), Style(seed=Seed(b"s"))).data
    )
    return body


def stream(catalog: Catalog, answer_plan: Plan, **fields: Any) -> list[dict[str, Any]]:
    chunks = dialect(catalog, answer_plan.model).stream(answer_plan, request(**fields), Style(tokens_per_chunk=1))
    assert chunks[-1].data == b"data: [DONE]\n\n"
    return [orjson.loads(chunk.data.removeprefix(b"data: ")) for chunk in chunks[:-1]]


def mappings(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from mappings(inner)


MATCHED = {
    "deepseek-ai/deepseek-v3.2-maas": 1,
    "moonshotai/kimi-k2-thinking-maas": 163586,
    "qwen/qwen3-next-80b-a3b-thinking-maas": 151645,
    "openai/gpt-oss-120b-maas": 200002,
    "openai/gpt-oss-20b-maas": 200002,
    "zai-org/glm-4.7-maas": 151336,
    "zai-org/glm-5-maas": 154827,
    "google/gemma-4-26b-a4b-it-maas": 106,
}


@pytest.mark.parametrize(("model", "matched"), MATCHED.items())
def test_thoughts_in_a_field(catalog: Catalog, model: str, matched: int) -> None:
    answer_plan = plan(model, Thought("hm"), Text("Hi"))
    body = unary(catalog, answer_plan)
    choice = body["choices"][0]
    assert choice["message"] == {
        "content": "Hi",
        "reasoning_content": "hm",
        "role": "assistant",
        "tool_calls": None,
    }
    assert choice["matched_stop"] == matched
    assert body["metadata"] == {"weight_version": "default"}
    assert "system_fingerprint" not in body
    deltas = [chunk["choices"][0]["delta"] for chunk in stream(catalog, answer_plan)]
    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == "hm"
    assert "".join(delta.get("content", "") for delta in deltas) == "Hi"


@pytest.mark.parametrize(
    ("model", "content", "keys"),
    [
        ("deepseek-ai/deepseek-r1-0528-maas", "<think>hm</think>Hi", {"content", "role"}),
        ("deepseek-ai/deepseek-v3.1-maas", "hm</think>Hi", {"content", "reasoning_content", "role", "tool_calls"}),
        ("minimaxai/minimax-m2-maas", "<think>hm</think>Hi", {"content", "reasoning_content", "role", "tool_calls"}),
        ("unheard/of", "<think>hm</think>Hi", {"content", "role"}),
        ("xai/grok-4.1-fast-reasoning", "Hi", {"content", "role"}),
    ],
)
def test_thoughts_in_the_content(catalog: Catalog, model: str, content: str, keys: set[str]) -> None:
    answer_plan = plan(model, Thought("hm", ("h", "m")), Text("Hi"))
    message = unary(catalog, answer_plan)["choices"][0]["message"]
    assert (message["content"], message.get("reasoning_content"), set(message)) == (content, None, keys)
    deltas = [chunk["choices"][0]["delta"] for chunk in stream(catalog, answer_plan)]
    assert "".join(delta["content"] for delta in deltas) == content


@pytest.mark.parametrize("model", [*MATCHED, "unheard/of", "xai/grok-4.20-reasoning", "minimaxai/minimax-m2-maas"])
def test_keys_are_alphabetical_at_every_level(catalog: Catalog, model: str) -> None:
    answer_plan = plan(model, Thought("hm"), Text("a b"), *CALLS, finish="tool_calls")
    for body in [unary(catalog, answer_plan, logprobs=True, top_logprobs=2), *stream(catalog, answer_plan)]:
        for mapping in mappings(body):
            assert list(mapping) == sorted(mapping)


@pytest.mark.parametrize(
    ("model", "usage", "expected"),
    [
        (
            "moonshotai/kimi-k2-thinking-maas",
            Usage(29, 10, 784),
            {
                "completion_tokens": 794,
                "extra_properties": {"google": {"traffic_type": "ON_DEMAND"}},
                "prompt_tokens": 29,
                "prompt_tokens_details": None,
                "reasoning_tokens": 0,
                "total_tokens": 823,
            },
        ),
        (
            "google/gemma-4-26b-a4b-it-maas",
            Usage(20, 5, 0, 2),
            {
                "completion_tokens": 5,
                "extra_properties": {"google": {"traffic_type": "ON_DEMAND"}},
                "prompt_tokens": 20,
                "prompt_tokens_details": {"cached_tokens": 2},
                "total_tokens": 25,
            },
        ),
        (
            "meta/llama-3.3-70b-instruct-maas",
            Usage(14, 131),
            {"completion_tokens": 131, "prompt_tokens": 14, "total_tokens": 145},
        ),
    ],
)
def test_completion_tokens_include_reasoning(
    catalog: Catalog, model: str, usage: Usage, expected: dict[str, Any]
) -> None:
    answer_plan = plan(model, Text("Hi"), usage=usage)
    assert unary(catalog, answer_plan)["usage"] == expected
    assert stream(catalog, answer_plan)[-1]["usage"] == expected


def test_grok_completion_tokens_exclude_reasoning(catalog: Catalog) -> None:
    body = unary(catalog, plan("xai/grok-4.1-fast-reasoning", Text("Hi"), usage=Usage(663, 50, 124, 654)))
    usage = body["usage"]
    assert (usage["completion_tokens"], usage["total_tokens"]) == (50, 837)
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 124
    assert usage["prompt_tokens_details"]["cached_tokens"] == 654
    assert body["system_fingerprint"].startswith("fp_")


@pytest.mark.parametrize(
    ("fields", "matched"),
    [({}, 163586), ({"stop": "END"}, "END"), ({"finish": "length"}, None), ({"finish": "tool_calls"}, 163586)],
)
def test_matched_stop(catalog: Catalog, fields: dict[str, Any], matched: int | str | None) -> None:
    answer_plan = plan("moonshotai/kimi-k2-thinking-maas", Text("Hi"), **fields)
    assert unary(catalog, answer_plan)["choices"][0]["matched_stop"] == matched


@pytest.mark.parametrize(
    ("parts", "content"), [(CALLS, None), ((Thought("hm"), *CALLS), ""), ((Text("Wait."), *CALLS), "Wait.")]
)
def test_calls(catalog: Catalog, parts: tuple[Part, ...], content: str | None) -> None:
    answer_plan = plan("moonshotai/kimi-k2-thinking-maas", *parts, finish="tool_calls")
    message = unary(catalog, answer_plan)["choices"][0]["message"]
    assert message["content"] == content
    assert [(call["index"], call["id"]) for call in message["tool_calls"]] == [(0, "a"), (1, "b")]
    chunks = stream(catalog, answer_plan)
    calls = [call for chunk in chunks for call in chunk["choices"][0]["delta"].get("tool_calls", ())]
    assert [call["id"] for call in calls if "id" in call] == ["a", "b"]
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_only_the_last_event_has_finish_reason_and_usage(catalog: Catalog) -> None:
    answer_plan = Plan("id", 1, "zai-org/glm-5-maas", (Choice((Text("a b"),)), Choice((Text("c d e"),))), Usage(1, 2))
    chunks = stream(catalog, answer_plan)
    assert sum("finish_reason" in chunk["choices"][0] for chunk in chunks) == 2
    assert ["usage" in chunk for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert {chunk["choices"][0]["delta"]["role"] for chunk in chunks} == {"assistant"}


def test_empty_answer_is_one_event(catalog: Catalog) -> None:
    [chunk] = stream(catalog, plan("unheard/of"))
    assert chunk["choices"][0]["delta"] == {"content": "", "role": "assistant"}


@pytest.mark.parametrize(
    ("model", "expected"), [("moonshotai/kimi-k2-thinking-maas", "functions.f:2"), ("unheard/of", "call_")]
)
def test_ids(catalog: Catalog, model: str, expected: str) -> None:
    spoken = dialect(catalog, model)
    assert spoken.call_id(Seed(b"x"), "f", 2).startswith(expected)
    assert [len(part) for part in spoken.response_id(Seed(b"x"), 1).split("-")] == [8, 4, 4, 4, 12]


def google(**fields: Any) -> dict[str, Any]:
    return {"extra_body": {"google": {"model_safety_settings": fields.get("value", fields)}}}


@pytest.mark.parametrize(
    ("model", "fields", "message"),
    [
        ("openai/gpt-oss-120b-maas", {"reasoning_effort": "high"}, None),
        ("zai-org/glm-5-maas", {"reasoning_effort": "max"}, None),
        ("meta/llama-3.3-70b-instruct-maas", google(enabled=False, llama_guard_settings={}), None),
        (
            "meta/llama-3.3-70b-instruct-maas",
            google(enabled="no"),
            "Invalid value at 'extra_body.google.model_safety_settings.enabled' (TYPE_BOOL), \"no\"",
        ),
        (
            "meta/llama-3.3-70b-instruct-maas",
            google(value=3),
            "Invalid value at 'extra_body.google.model_safety_settings' (TYPE_MESSAGE), 3",
        ),
        ("zai-org/glm-5-maas", google(enabled="no"), None),
    ],
)
def test_refusals(catalog: Catalog, model: str, fields: dict[str, Any], message: str | None) -> None:
    refused = dialect(catalog, model).refusal(request(model=model, **fields), lambda: 3)
    assert (refused and refused.message) == message


def test_refusal_is_an_array_like_googles(catalog: Catalog) -> None:
    failure = Failure(429, "RESOURCE_EXHAUSTED", "Slow down.")
    chunk = dialect(catalog, "unheard/of").failure(failure, SHARED)[1]
    assert orjson.loads(chunk.data)[0]["error"]["code"] == 429
    event = dialect(catalog, "unheard/of").stream_error(failure)
    assert event == b'data: {"error":{"code":429,"message":"Slow down.","status":"RESOURCE_EXHAUSTED"}}\n\n'


@pytest.mark.parametrize(("n", "choices"), [(-3, 1), (0, 1), (1, 1), (3, 3)])
def test_n_below_one_gives_one_choice(n: int, choices: int) -> None:
    assert len(Endpoint().ask(model="acme/rocket", n=n).body["choices"]) == choices
