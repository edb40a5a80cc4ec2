"""Failed expectations as assertion messages."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gemulator import Emulator, Session
from gemulator.client.admin import AdminError
from tests.acceptance.wire import ask

pytestmark = pytest.mark.slow


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A session of a server that words its messages differently."""
    with Emulator(unmatched="error") as emulator:
        verify = emulator.admin.verify

        def reworded(**expectations: Any) -> None:
            try:
                verify(**expectations)
            except AdminError as error:
                for failure in error.failures or ():
                    failure["message"] = f"reworded {failure['kind']}"
                raise

        monkeypatch.setattr(emulator.admin, "verify", reworded)
        yield emulator.session()


def post(session: Session, text: str) -> None:
    headers = {"authorization": f"Bearer {session.token}"}
    httpx.post(f"{session.base_url}/chat/completions", json=ask(text), headers=headers)


def failure(session: Session) -> list[str]:
    with pytest.raises(AssertionError) as error:
        session.assert_done()
    return str(error.value).splitlines()


def test_unused_times_show_the_stub_whatever_the_message(session: Session) -> None:
    session.when(user="hi").reply("Hello!")
    session.when(user="invoice").fail(429, times=2)
    post(session, "invoice")
    lines = failure(session)
    assert lines[0] == "gemulator: reworded times_used"
    assert re.fullmatch(r"  stub at \S*test_checks\.py:\d+:", lines[1])
    assert "      user: invoice" in lines
    assert [check.kind for check in session.checks.failed_at_end()] == ["times_used"]


def test_calls_of_the_model_are_conditions(session: Session) -> None:
    session.when().reply("Booked.")
    call = {"id": "1", "type": "function", "function": {"name": "book", "arguments": '{"city": "Rome", "guests": 2}'}}
    history = [{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "1", "content": "done"}]
    body = ask("Book a room.")
    body |= {"model": "google/gemini-2.5-flash", "messages": [*body["messages"], *history]}
    headers = {"authorization": f"Bearer {session.token}"}
    httpx.post(f"{session.base_url}/chat/completions", json=body, headers=headers)
    session.assert_called(1, tool_call={"name": "book", "with": {"city": "Rome"}})
    session.assert_called(0, tool_call={"name": "book", "with": {"city": "Paris"}})
    session.assert_called(1, user={"like": "Book a {any}."})
    with pytest.raises(AssertionError, match=r"tool_call\.with\.guests: expected 3, saw 2"):
        session.assert_called(tool_call={"name": "book", "with": {"guests": 3}})


def test_unmatched_requests_are_described_whatever_the_message(session: Session) -> None:
    session.when(user="invoice").fail(429, times=1)
    post(session, "hi")
    lines = failure(session)
    assert lines[0] == "gemulator: 1 of 1 request matched no turn. Nearest turns first:"
    assert "reworded times_used" in lines
    assert [check.kind for check in session.checks.failed_at_end()] == ["none_unmatched", "times_used"]


def test_a_missing_call_names_the_conditions_whatever_the_message(session: Session) -> None:
    session.when().reply("Hello!")
    post(session, "hi")
    with pytest.raises(AssertionError) as error:
        session.assert_called(2, user="weather")
    assert str(error.value).splitlines()[:3] == ["gemulator: reworded entries", "  wanted:", "    user: weather"]
