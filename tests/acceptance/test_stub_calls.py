"""Requests that a stub has answered."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from gemulator import Emulator, Session
from tests.acceptance.wire import ask


def post(session: Session, text: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {session.token}"}
    return httpx.post(f"{session.base_url}/chat/completions", json=ask(text), headers=headers)


def test_a_stub_knows_the_requests_it_answered(family: Session) -> None:
    session = family.session()
    weather = session.when(user="weather").reply("It is sunny.")
    other = session.when(user="news").reply("None.")
    assert (weather.called, weather.call_count, weather.calls) == (False, 0, [])
    for text in ("The weather in Paris?", "What else?", "The weather in Rome?"):
        post(session, text)
    assert weather.called
    assert weather.call_count == 2
    assert [call.user for call in weather.calls] == ["The weather in Paris?", "The weather in Rome?"]
    assert weather.calls[-1].body["messages"][0]["content"] == "The weather in Rome?"
    assert (other.called, other.call_count) == (False, 0)


def test_all_replies_of_a_stub_count(family: Session) -> None:
    session = family.session()
    first = session.when(user="invoice").fail(429)
    second = session.when(user="hi").reply("Hi.")
    first.reply("It is on its way.")
    assert [post(session, text).status_code for text in ("invoice", "hi", "invoice", "invoice")] == [429, 200, 200, 200]
    assert [(call.turn, call.status) for call in first.calls] == [("stubs/1", 429), ("stubs/3", 200), ("stubs/3", 200)]
    assert [call.turn for call in second.calls] == ["stubs/2"]


def test_loaded_files_and_generated_answers_are_no_calls(family: Session, tmp_path: Path) -> None:
    file = tmp_path / "weather.yaml"
    file.write_text("turns: [{ when: { user: weather }, reply: From the file. }]")
    session = family.session()
    session.load(file)
    stub = session.when(user="news").reply("None.")
    for text in ("weather", "hello"):
        post(session, text)
    assert not stub.called


def test_a_reset_clears_the_calls(family: Session) -> None:
    session = family.session()
    stub = session.when(user="hi").reply("Hello!")
    post(session, "hi")
    session.reset()
    assert not stub.called
    post(session, "hi")
    assert stub.call_count == 1


def test_equal_stubs_of_parallel_sessions_count_apart(family: Session) -> None:
    def run(number: int) -> list[str]:
        session = family.session()
        stub = session.when(user="hi").reply("Hello!")
        for request in range(number):
            post(session, f"hi {number}.{request}")
        return [call.user for call in stub.calls]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(run, range(12)))
    assert found == [[f"hi {number}.{request}" for request in range(number)] for number in range(12)]


def test_a_stub_of_the_default_session() -> None:
    with Emulator() as emulator:
        stub = emulator.when(user="hi").reply("Hello!")
        post(emulator.session(), "hi")
        assert not stub.called
        post(emulator.default_session, "hi")
        assert [call.user for call in stub.calls] == ["hi"]


@pytest.mark.parametrize(
    ("conditions", "shown"),
    [({"user": "hi"}, "when(user='hi')"), ({}, "when()"), ({"not_": {"n": 2}}, "when(not_={'n': 2})")],
)
def test_a_stub_is_shown_as_it_was_written(family: Session, conditions: dict[str, object], shown: str) -> None:
    stub = family.session().when(**conditions)  # type: ignore[arg-type]
    assert re.fullmatch(rf"<Stub {re.escape(shown)} at \S*test_stub_calls\.py:\d+>", repr(stub))


def test_long_conditions_of_a_stub_are_shortened(family: Session) -> None:
    assert len(repr(family.session().when(user="long " * 100))) < 400


def test_calls_are_counted_after_their_entries_are_gone() -> None:
    with Emulator(journal_entries=2) as emulator:
        stub = emulator.when(user="hi").reply("Hello!")
        for _ in range(5):
            post(emulator.default_session, "hi")
        assert (stub.called, stub.call_count) == (True, 5)
        with pytest.raises(AssertionError, match="unknown: 3 entries were evicted"):
            stub.calls  # noqa: B018


def test_reply_that_could_not_be_sent_is_no_call() -> None:
    never = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 3, "maximum": 2}}, "required": ["n"]}
    tool = {"type": "function", "function": {"name": "count", "parameters": never}}
    with Emulator() as emulator:
        stub = emulator.when(user="hi").call("count")
        headers = {"authorization": f"Bearer {emulator.default_session.token}"}
        url = f"{emulator.base_url}/chat/completions"
        assert httpx.post(url, json=ask("hi") | {"tools": [tool]}, headers=headers).status_code == 400
        assert not stub.called
        with pytest.raises(AssertionError, match="stubs/1 has never answered"):
            emulator.assert_all_used()
