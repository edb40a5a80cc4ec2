"""The in-process admin client: which calls skip HTTP, and when it falls back to it."""

import asyncio
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx
import pytest

from gemulator import Emulator, Session
from gemulator.client.admin import AdminError
from gemulator.client.http_client import HttpPool
from gemulator.client.in_process_admin import InProcessAdmin
from tests.acceptance.wire import ask
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(unmatched="error") as emulator:
        yield emulator


def said(session: Session | Emulator, text: str = "hi") -> str:
    headers = {"authorization": f"Bearer {session.token}"}
    answer = httpx.post(f"{session.base_url}/chat/completions", json=ask(text), headers=headers)
    return str(answer.json()["choices"][0]["message"]["content"])


def test_what_each_test_asks_takes_no_request(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.delattr(HttpPool, "request")
        left = emulator.session(seed="1")
        left.when(user="hi").reply("Hello!")
        assert said(left) == "Hello!"
        left.when(user="bye").reply("Bye!")
        assert said(left, "bye") == "Bye!"
        left.assert_done()
        left.end_later()
        closed = emulator.session()
        assert closed.name != left.name
        closed.close()
    assert [one["session"] for one in emulator.admin.sessions()] == [left.name]  # which is over


@pytest.mark.slow
@pytest.mark.parametrize("outcome", ["completed", "cut"])
@pytest.mark.parametrize("stream", [False, True])
def test_verify_sees_the_outcome_of_a_received_answer(emulator: Emulator, stream: bool, outcome: str) -> None:
    stub = emulator.when(user="hi").reply("Hello! " * 20)
    if outcome == "cut":
        stub.fault("disconnect", **({"after_chunks": 2} if stream else {}))
    headers = {"authorization": f"Bearer {emulator.token}"}
    for number in range(1, 30):
        with suppress(httpx.TransportError):
            httpx.post(f"{emulator.base_url}/chat/completions", json=ask("hi", stream=stream), headers=headers)
        emulator.admin.verify(entries=[{"outcome": outcome, "count": number}])


@pytest.mark.parametrize("settings", [{"admin": "off"}, {"store": "redis://127.0.0.1:9"}])
def test_where_the_way_indoors_is_shut(settings: dict[str, Any]) -> None:
    with Emulator(**settings) as emulator, pytest.raises(AdminError):
        emulator.session(seed="1").name.upper()


def test_a_session_that_outlives_its_emulator(emulator: Emulator) -> None:
    session = emulator.session(seed="1")
    emulator.stop()
    with pytest.raises(AdminError, match="cannot reach gemulator"):
        session.name.upper()


def admin_of(emulator: Emulator) -> InProcessAdmin:
    assert isinstance(emulator.admin, InProcessAdmin)
    return emulator.admin


def test_a_call_on_a_closed_loop_reports_that_no_server_answers(emulator: Emulator) -> None:
    admin = admin_of(emulator)
    admin._loop = asyncio.new_event_loop()
    admin._loop.close()
    with pytest.raises(AdminError, match="cannot reach gemulator"):
        emulator.session(seed="1").name.upper()


def test_a_loop_that_does_not_run_is_given_up(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    resume = threading.Event()
    admin_of(emulator)._loop.call_soon_threadsafe(resume.wait)
    with monkeypatch.context() as patch:
        patch.setattr("gemulator.client.in_process_admin.TIMEOUT", 0.05)
        with pytest.raises(AdminError, match="cannot reach gemulator"):
            emulator.session(seed="1").name.upper()
    resume.set()
    assert emulator.session(seed="2").name


def test_nothing_waits_for_the_collector(emulator: Emulator) -> None:
    session = emulator.session(seed="1")
    session.when(user="hi").reply("Hello!")
    assert said(session) == "Hello!"
    session.assert_done()
    session.end_later()
    gone = weakref.ref(session)
    del session
    assert gone() is None


FORKED = """
import os, sys
from gemulator import Emulator
from tests.client.test_in_process_admin import said

with Emulator(unmatched="error") as emulator:
    emulator.when(user="hi").reply("Hello!")
    child = os.fork()
    if child == 0:
        session = emulator.session(seed="1")
        session.when(user="hi").reply("Hello from the child!")
        assert said(session) == "Hello from the child!"
        session.assert_done()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert said(emulator) == "Hello!"
    print(sum(one["entries"] for one in emulator.admin.sessions()))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_process_speaks_to_the_server_it_left() -> None:
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert done.stdout == "2\n"


@pytest.fixture
def impatient() -> Iterator[None]:
    """Make threads interrupt each other all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
def test_threads_with_sessions_of_their_own(emulator: Emulator) -> None:
    def test(number: int) -> None:
        session = emulator.session(seed=str(number))
        session.when(user="hi").reply(f"Hello {number}!", times=2)
        assert [said(session), said(session)] == [f"Hello {number}!"] * 2
        session.assert_done()
        session.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(test, range(60)))
    assert emulator.admin.sessions() == []
