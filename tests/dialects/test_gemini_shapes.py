"""Invariants of Gemini answers (wire-facts §3 and §4)."""

from collections.abc import Iterator
from typing import Any

import pytest

from gemulator.core.seed import event_id_seconds
from tests.endpoint import GEMINI_2, GEMINI_3, Answer, Endpoint, google, rows, thinking, tool

NOW = 1_770_850_461
SAMPLES: list[tuple[str, dict[str, Any]]] = [
    ("text", {}),
    ("text, 2.5", {"model": GEMINI_2}),
    ("reasoning", {"reasoning_effort": "high"}),
    ("thoughts", thinking(include_thoughts=True)),
    ("calls", {"tools": [tool()]}),
    ("calls in fragments", {"tools": [tool()], "extra_body": google(stream_function_call_arguments=True)}),
    ("picture", {"model": "google/gemini-3-pro-image-preview", "modalities": ["image"]}),
    ("candidates", {"n": 3}),
    ("grounded", {"web_search_options": {}}),
]


def objects(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
    for inner in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from objects(inner)


def both(fields: dict[str, Any]) -> tuple[Answer, Answer]:
    endpoint = Endpoint()
    return endpoint.ask(**fields), endpoint.ask(**fields, stream=True)


@pytest.mark.parametrize("fields", rows(SAMPLES))
class TestEvery:
    def test_3_1_keys_are_alphabetical_at_every_level(self, fields: dict[str, Any]) -> None:
        whole, stream = both(fields)
        for body in (whole.body, *stream.chunks):
            assert all(list(found) == sorted(found) for found in objects(body))

    def test_3_2_logprobs_null_and_an_empty_fingerprint(self, fields: dict[str, Any]) -> None:
        whole, stream = both(fields)
        for body in (whole.body, *stream.chunks):
            assert all(choice["logprobs"] is None for choice in body["choices"])
            assert body["system_fingerprint"] == ""
            assert "service_tier" not in body

    def test_3_3_unused_keys_are_omitted(self, fields: dict[str, Any]) -> None:
        for choice in both(fields)[0].body["choices"]:
            assert set(choice["message"]) <= {"audio", "content", "extra_content", "role", "tool_calls"}
            assert all(value is not None for key, value in choice["message"].items() if key != "content")

    def test_3_5_total_is_prompt_and_completion_and_reasoning(self, fields: dict[str, Any]) -> None:
        usage = both(fields)[0].usage
        reasoning = usage.get("completion_tokens_details", {}).get("reasoning_tokens", 0)
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage.get("completion_tokens", 0) + reasoning

    def test_3_10_the_id_holds_the_seconds_of_created(self, fields: dict[str, Any]) -> None:
        body = both(fields)[0].body
        assert event_id_seconds(body["id"]) == body["created"] == NOW

    def test_4_1_role_in_every_chunk_and_finish_reason_in_the_last(self, fields: dict[str, Any]) -> None:
        stream = both(fields)[1]
        assert all(delta["role"] == "assistant" for delta in stream.deltas)
        ends = [c["choices"][0]["index"] for c in stream.chunks if "finish_reason" in c["choices"][0]]
        assert sorted(ends) == list(range(fields.get("n", 1)))

    def test_4_1_usage_comes_unasked_in_the_last_chunk(self, fields: dict[str, Any]) -> None:
        whole, stream = both(fields)
        *before, last = stream.chunks
        assert last["usage"] == whole.usage
        assert last["choices"]
        assert not any("usage" in chunk for chunk in before)

    def test_4_1_one_id_created_and_model(self, fields: dict[str, Any]) -> None:
        chunks = both(fields)[1].chunks
        assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1


@pytest.mark.parametrize(
    ("model", "signed"), [(GEMINI_3, True), ("google/gemini-3.1-flash-lite", True), (GEMINI_2, False)]
)
def test_3_9_plain_text_is_signed_from_3_on(model: str, signed: bool) -> None:
    endpoint = Endpoint()
    assert ("extra_content" in endpoint.ask(model=model).message) is signed
    *before, last = endpoint.ask(model=model, stream=True).deltas
    assert ("extra_content" in last) is signed
    assert not any("extra_content" in delta for delta in before)


def test_3_2_call_ids() -> None:
    (call,) = Endpoint().ask(tools=[tool()]).message["tool_calls"]
    kind, _, unique = call["id"].partition("function-call-")
    assert (kind, len(unique), unique[14]) == ("", 36, "4")


def test_4_2_without_the_flag_a_call_is_one_delta() -> None:
    stream = Endpoint().ask(tools=[tool()], stream=True)
    assert [len(delta.get("tool_calls", ())) for delta in stream.deltas] == [1]


@pytest.mark.parametrize("stream", [False, True])
def test_6_headers_of_an_answer(stream: bool) -> None:
    headers = Endpoint().ask(stream=stream).headers
    assert headers["content-type"] == ("text/event-stream" if stream else "application/json")
    assert headers["x-vertex-ai-internal-prediction-backend"] == "harpoon"
    assert headers["server"] == "scaffolding on HTTPServer2"
    assert "alt-svc" not in headers
