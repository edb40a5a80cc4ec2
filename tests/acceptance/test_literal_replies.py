"""Literal bodies and events, as real clients receive them."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from gemulator import Emulator, ScenarioError, Session
from tests.acceptance.wire import ask, post

STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
HOT: dict[str, Any] = {"temperature": 9}


def chunk(text: str, **choice: Any) -> dict[str, Any]:
    return {
        "id": "one",
        "object": "chat.completion.chunk",
        "created": 7,
        "model": "m",
        "choices": [{"index": 0, "delta": {"content": text}, **choice}],
    }


ENDING = chunk("!", finish_reason="stop")
FILE = (
    ": a comment\n\n"
    'data: {"choices":[{"delta":{"content":"You said {{ user }}"},"index":0}],"id":"f","object":"x"}\n\n'
    'data: {"choices": [ {"delta": {}, "finish_reason": "stop", "index": 0} ],  "id": "f"}\r\n\r\n'
    "data: [DONE]\n\n"
)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(unmatched="error") as running:
        yield running


@pytest.fixture
def session(emulator: Emulator) -> Iterator[Session]:
    with emulator.session() as one:
        yield one


def texts(session: Session, text: str = "hi", **fields: Any) -> list[str | None]:
    """The contents of a stream, as the OpenAI SDK reads them."""
    stream = session.openai(max_retries=0).chat.completions.create(**ask(text, stream=True, **fields))
    return [one.choices[0].delta.content for one in stream]


@STREAMS
def test_body_is_sent_as_it_is(session: Session, stream: bool) -> None:
    body = {"id": "", "object": "other", "choices": [], "extra": [None, {"a": 1.5}]}
    session.when(user="hi").reply({"body": body, "status": 203, "headers": {"Content-Type": "text/x", "X-A": "ä"}})
    answer = post(session, ask("hi", stream=stream))
    assert (answer.status_code, answer.json()) == (203, body)
    assert answer.headers.get_list("content-type") == ["text/x"]
    assert answer.headers["x-a"] == "ä"
    assert answer.headers["server"] == "scaffolding on HTTPServer2"
    assert answer.headers["x-emulator-turn"] == "stubs/1"


@pytest.mark.parametrize("text", ["", "<html>", '{"id":', "null"])
def test_text_body_is_sent_as_it_is(session: Session, text: str) -> None:
    session.when(user="hi").reply({"body": text})
    assert post(session, ask("hi")).text == text


def test_sdk_reads_a_literal_error(session: Session) -> None:
    error = {"error": {"code": 529, "message": "Overloaded, {{ user }}.", "status": "UNAVAILABLE"}}
    session.when(user="hi").reply({"body": error, "status": 529, "headers": {"retry-after": "1"}})
    with pytest.raises(openai.APIStatusError) as caught:
        session.openai(max_retries=0).chat.completions.create(**ask("hi"))
    assert caught.value.status_code == 529
    assert caught.value.body == {"code": 529, "message": "Overloaded, hi.", "status": "UNAVAILABLE"}
    assert session.last.source == "turn"


@STREAMS
def test_literal_error_wins_over_a_rule_and_an_answer_does_not(session: Session, stream: bool) -> None:
    session.when(user="error").reply({"body": {"error": {}}, "status": 418})
    session.when(user="fine").reply({"body": {}})
    assert post(session, ask("error", stream=stream, **HOT)).status_code == 418
    assert post(session, ask("fine", stream=stream, **HOT)).status_code == 400
    assert post(session, ask("fine", stream=stream)).json() == {}


@pytest.mark.parametrize("done", [True, False])
def test_sdk_reads_literal_events(session: Session, done: bool) -> None:
    closing = ["[DONE]"] if done else []
    session.when(user="hi").reply({"events": [chunk("You said {{ user }}"), ENDING, *closing]})
    assert texts(session, 'hi "there"') == ['You said hi "there"', "!"]
    answer = post(session, ask("hi", stream=True))
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.text.endswith("data: [DONE]\n\n") == done


def test_events_of_all_forms(session: Session) -> None:
    events = [
        {"raw": ": ping\r\n\r\n"},
        {"data": {"data": None}, "event": "a"},
        {"data": "one\ntwo"},
        [1],
        {"raw": 'data: {"a": "{{ user }}"}\n\ndata: <{{ user }}>\n'},
    ]
    session.when(user="hi").reply({"events": events, "headers": {"x-a": "{{ user }}"}})
    answer = post(session, ask('hi "x"'))
    assert answer.headers["x-a"] == 'hi "x"'
    assert answer.text == (
        ': ping\r\n\r\nevent: a\ndata: {"data":null}\n\ndata: one\ndata: two\n\ndata: [1]\n\n'
        'data: {"a":"hi \\"x\\""}\n\ndata: <hi "x">\n'
    )


@STREAMS
def test_file_of_events_is_sent_byte_for_byte(emulator: Emulator, tmp_path: Path, stream: bool) -> None:
    (tmp_path / "a.sse").write_bytes(FILE.encode())
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("turns: [{ when: { user: hi }, reply: { events: a.sse } }]")
    expected = FILE.replace("{{ user }}", 'hi \\"x\\"')
    with emulator.session() as session:
        session.load(scenario)  # a pushed scenario brings the file
        assert post(session, ask('hi "x"', stream=stream)).text == expected
    with Emulator(scenarios=tmp_path) as serving:
        assert post(serving, ask('hi "x"', stream=stream)).text == expected
        assert texts(serving.default_session) == ["You said hi", None]


def test_own_waits_and_pacing(session: Session) -> None:
    events = [chunk("a"), {"data": chunk("b c d e f"), "wait": "0s"}, {"data": ENDING, "wait": "120ms"}]
    session.when(user="hi").reply({"events": events}, pacing={"first_token": "100ms", "tokens_per_second": 0.5})
    began = time.monotonic()
    assert texts(session) == ["a", "b c d e f", "!"]
    assert time.monotonic() - began >= 0.2
    at = [step["at"] for step in session.last.entry["answer"]["steps"]]
    assert at == [pytest.approx(0.1), pytest.approx(0.1), pytest.approx(0.22)]


def test_pacing_counts_the_tokens_of_events(session: Session) -> None:
    session.when(user="hi").reply(
        {"events": [chunk("a"), chunk("b c d e f"), "[DONE]"]}, pacing={"inter_token": "10ms"}
    )
    texts(session)
    at = [step["at"] for step in session.last.entry["answer"]["steps"]]
    assert at[0] == 0 < at[1] == at[2]


def test_speed_divides_own_waits() -> None:
    with Emulator(speed="0") as emulator:
        emulator.when(user="hi").reply({"events": [chunk("a"), {"data": ENDING, "wait": "10m"}]})
        assert texts(emulator.default_session) == ["a", "!"]


def test_faults_apply_to_literal_events(session: Session) -> None:
    session.when(user="hi").reply({"events": [chunk("a"), chunk("b"), ENDING, "[DONE]"]}).fault(
        "disconnect", after_chunks=2
    )
    with pytest.raises(httpx.RemoteProtocolError):
        post(session, ask("hi", stream=True))
    session.when(user="no end").reply({"events": [ENDING, "[DONE]"]}).fault("no_done")
    assert "[DONE]" not in post(session, ask("no end", stream=True)).text


def test_times_and_choice_of_literal_replies(session: Session) -> None:
    stub = session.when(user="hi").reply({"body": {"n": 1}}).times(2).reply({"events": ["x"]})
    assert [post(session, ask("hi")).text for _ in range(3)] == ['{"n":1}', '{"n":1}', "data: x\n\n"]
    assert stub.call_count == 3
    session.assert_all_used()
    session.when(user="either").reply({"choose": [{"body": {"a": 1}}, {"body": {"b": 1}}]})
    seen = {post(session, ask(f"either {number}")).text for number in range(20)}
    assert seen == {'{"a":1}', '{"b":1}'}


def test_value_that_the_request_lacks_is_told(session: Session) -> None:
    session.when(user="hi").reply({"body": {"a": "{{ tool_result.a }}"}}).times(1)
    answer = post(session, ask("hi"))
    assert answer.status_code == 400
    assert "no tool has answered" in answer.text
    session.reset()


def test_header_with_a_line_break_of_the_request_is_told(session: Session) -> None:
    session.when(user="hi").reply({"body": {}, "headers": {"x-a": "{{ user }}"}})
    answer = post(session, ask("hi\nx-b: c"))
    assert answer.status_code == 400
    assert "the value of the header `x-a` cannot be sent" in answer.text
    assert "x-b" not in answer.headers


def test_file_needs_a_folder(session: Session) -> None:
    with pytest.raises(ScenarioError, match=r"`a.sse` can be read in a scenario folder only: write"):
        session.when(user="hi").reply({"events": "a.sse"})


# ---- empty literals


def test_empty_literals_are_sent(session: Session) -> None:
    session.when(user="error").fail(503, message="", status="")
    session.when(user="blocked").reply({"block": "prompt", "message": ""})
    call = {"call": "get", "id": "", "thought_signature": ""}
    session.when(user="call").reply(call, id="", usage={"traffic_type": ""})
    error = post(session, ask("error")).json()[0]["error"]
    assert (error["message"], error["status"]) == ("", "")
    assert post(session, ask("blocked")).json()["choices"][0]["message"]["refusal"] == ""
    body = post(session, ask("call")).json()
    (sent,) = body["choices"][0]["message"]["tool_calls"]
    assert (body["id"], sent["id"]) == ("", "")
    assert sent["extra_content"]["google"]["thought_signature"] == ""
    assert body["usage"]["extra_properties"]["google"]["traffic_type"] == ""
