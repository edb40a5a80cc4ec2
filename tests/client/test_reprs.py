"""Short texts of the public objects, without secrets."""

import httpx
import pytest

from gemulator import Admin, Emulator, Session
from tests.acceptance.wire import ask

pytestmark = pytest.mark.slow

AUTHORIZED = {"authorization": "Bearer emulator"}


def test_emulator_shows_its_url_while_it_runs() -> None:
    emulator = Emulator(admin_key="hidden")
    assert repr(emulator) == "<Emulator not running>"
    with emulator:
        assert repr(emulator) == f"<Emulator at {emulator.url}>"
        assert repr(emulator.admin) == f"<Admin of {emulator.url}>"
    assert repr(emulator) == "<Emulator not running>"


def test_session_is_not_created_by_being_shown() -> None:
    with Emulator() as emulator:
        session = emulator.session()
        assert repr(session) == f"<Session not yet created at {emulator.url}>"
        assert [one["session"] for one in emulator.admin.sessions() if one["session"] != "default"] == []
        name = session.name
        assert repr(session) == f"<Session {name!r} at {emulator.url}>"
        assert repr(emulator.default_session) == f"<Session 'default' at {emulator.url}>"


def test_passwords_are_not_shown() -> None:
    url = "http://user:secret@127.0.0.1:1"
    for shown in (repr(Admin(url, "secret")), repr(Session(url, "s", "secret", key="secret"))):
        assert "secret" not in shown
        assert "127.0.0.1:1" in shown


def test_request_shows_its_answer_in_one_line() -> None:
    with Emulator(unmatched="error") as emulator:
        emulator.when(user="hi").reply("Hello!")
        for text in ("hi", "bye"):
            body = ask(text) | {"model": "google/m"}
            httpx.post(f"{emulator.base_url}/chat/completions", json=body, headers=AUTHORIZED)
        first, second = emulator.requests
        assert repr(first) == f"<RecordedRequest {first.entry['id']}: google/m 'hi', 200 stubs/1>"
        assert repr(second) == f"<RecordedRequest {second.entry['id']}: google/m 'bye', 400 unmatched>"
