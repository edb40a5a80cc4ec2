"""Options of streams by server, session, scenario and header; the nearest to the request wins."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gemulator import Emulator, Session
from tests.acceptance.wire import ask, content, events, post
from tests.endpoint import Endpoint, tool

TWO_CALLS = "reply: [{ call: a, with: { x: one, y: two } }, { call: b, with: { x: three } }]"
CALLS = f"turns: [{{ {TWO_CALLS} }}]"
TOOLS = [tool("a", x={"type": "string"}, y={"type": "string"}), tool("b", x={"type": "string"})]
THOUGHTS: dict[str, Any] = {"extra_body": {"google": {"thinking_config": {"include_thoughts": True}}}}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(tool_index="all-zero", unmatched="error") as running:
        yield running


def streamed(session: Session, **headers: str) -> list[Any]:
    """The `tool_calls` of each delta of a stream with two calls."""
    answer = post(session, ask("calls", stream=True, tools=TOOLS), **headers)
    deltas = [choice["delta"] for chunk in events(answer) for choice in chunk["choices"]]
    return [delta["tool_calls"] for delta in deltas if "tool_calls" in delta]


def indices(calls: list[Any]) -> list[int | None]:
    return [call.get("index") for delta in calls for call in delta]


def test_nearest_setting_of_the_tool_index_wins(emulator: Emulator) -> None:
    plain, set_ = emulator.session(), emulator.session(tool_index="gap")
    for session in (plain, set_):
        session.admin.push(CALLS, session.name)
    assert indices(streamed(plain)) == [0, 0]
    assert indices(streamed(set_)) == [1, 3]
    assert indices(streamed(set_, x_emulator_tool_index="missing")) == [None, None]
    for session in (plain, set_):
        session.admin.push(f"tool_index: documented\n{CALLS}", session.name)
    assert indices(streamed(plain)) == [0, 1]
    assert indices(streamed(set_)) == [1, 3]


@pytest.mark.parametrize(
    ("fragment", "first"),
    [("whole", '{"x":"one","y":"two"}'), ("size:3", '{"x'), ("token", '{"'), ("json", '{"x":"one')],
)
def test_fragments_of_arguments_by_header(emulator: Emulator, fragment: str, first: str) -> None:
    session = emulator.session()
    session.admin.push(CALLS, session.name)
    streaming = {"extra_body": {"google": {"stream_function_call_arguments": True}}}
    answer = post(session, ask("calls", stream=True, tools=TOOLS, **streaming), x_emulator_fragment=fragment)
    calls = [call for chunk in events(answer) for call in chunk["choices"][0]["delta"].get("tool_calls", ())]
    assert calls[1]["function"]["arguments"] == first
    joined = "".join(call["function"]["arguments"] for call in calls if call["function"]["name"] == "a")
    assert joined == '{"x":"one","y":"two"}'


@pytest.mark.parametrize("wire", ["faithful", "sdk-safe"])
def test_calls_share_a_delta(emulator: Emulator, wire: str) -> None:
    session = emulator.session(calls_per_delta=2)
    session.admin.push(f"wire: {wire}\n{CALLS}", session.name)
    (both,) = streamed(session)
    assert [call["function"]["name"] for call in both] == ["a", "b"]
    assert [len(delta) for delta in streamed(session, x_emulator_calls_per_delta="1")] == [1, 1]


def test_openai_sdk_reads_calls_that_share_a_delta(emulator: Emulator) -> None:
    session = emulator.session()
    session.admin.push(f"tool_index: documented\ncalls_per_delta: 5\n{CALLS}", session.name)
    stream = session.openai().chat.completions.create(**ask("calls", stream=True, tools=TOOLS))
    calls = [call for chunk in stream for call in chunk.choices[0].delta.tool_calls or ()]
    assert [(call.index, call.function.name) for call in calls if call.function] == [(0, "a"), (1, "b")]


def test_every_chunk_counts_the_tokens_so_far(emulator: Emulator) -> None:
    session = emulator.session(stream_usage="every")
    session.when(user="hi").reply({"thinking": "one two three four", "chunks": {"words": 2}}, {"lorem": 60})
    chunks = events(post(session, ask("hi", stream=True, **THOUGHTS)))
    counts = [chunk["usage"] for chunk in chunks]
    totals = [usage["total_tokens"] for usage in counts]
    assert totals == sorted(totals)
    assert len({usage["prompt_tokens"] for usage in counts}) == 1
    assert counts[0].get("completion_tokens", 0) == 0 < counts[0]["completion_tokens_details"]["reasoning_tokens"]
    unary = post(session, ask("hi", **THOUGHTS)).json()["usage"]
    assert counts[-1] == unary
    last = events(post(session, ask("hi", stream=True), x_emulator_stream_usage="last"))
    assert ["usage" in chunk for chunk in last] == [False] * (len(last) - 1) + [True]


def test_every_chunk_counts_the_own_prompt_of_each_request() -> None:
    endpoint = Endpoint("stream_usage: every\nturns: [{ reply: { lorem: 40 } }]")
    constant = Endpoint("stream_usage: every\nturns: [{ reply: The same words for everybody who asks. }]")
    for text in ("hi", "hi there", "a much longer question about lighthouses", "hi again"):
        for one in (endpoint, constant):
            counts = [chunk["usage"] for chunk in one.ask(text, stream=True).chunks]
            assert len({usage["prompt_tokens"] for usage in counts}) == 1
            assert [u["total_tokens"] - u["prompt_tokens"] for u in counts] == [u["completion_tokens"] for u in counts]


@pytest.mark.parametrize(
    ("header", "value", "remedy"),
    [
        ("tool-index", "none", "use `documented`, `sequential`, `all-zero`, `gap` or `missing`"),
        ("fragment", "size:0", "use `json`, `token`, `whole` or `size:N`"),
        ("calls-per-delta", "0", "use one from 1 to 1000"),
        ("calls-per-delta", "many", "use one from 1 to 1000"),
        ("stream-usage", "never", "use `last` or `every`"),
        ("wire", "strict", "use `faithful` or `sdk-safe`"),
    ],
)
def test_unknown_value_of_a_header_is_named(emulator: Emulator, header: str, value: str, remedy: str) -> None:
    answer = post(emulator.session(), ask("hi"), **{f"x-emulator-{header}": value})
    assert answer.status_code == 400
    assert f"x-emulator-{header}: {value!r} is " in answer.text
    assert remedy in answer.text


def test_unknown_value_of_a_session_is_named(emulator: Emulator) -> None:
    answer = httpx.post(f"{emulator.url}/__emulator/sessions", json={"fragment": "size:x"})
    assert answer.status_code == 422
    assert "fragment: 'size:x' is unknown: use `json`, `token`, `whole` or `size:N`" in answer.text


def test_words_are_the_same_in_every_format(emulator: Emulator) -> None:
    session = emulator.session()
    session.when(user="hi").reply({"lorem": 40})
    plain = content(events(post(session, ask("hi", stream=True))))
    counted = content(events(post(session, ask("hi", stream=True), x_emulator_stream_usage="every")))
    assert plain == counted
