"""What an emulator of this process is asked without HTTP, and when it is not."""

import asyncio
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from gemulator import Emulator, Session
from gemulator.client.admin import AdminError
from gemulator.client.http_client import Connections
from gemulator.state.journal.entry import Filter
from gemulator.state.memory import MemoryStore
from gemulator.state.store import Bounds, Published
from tests.acceptance.wire import ask
from tests.stores import received
from tests.waiting import PATIENCE


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(unmatched="error") as emulator:
        yield emulator


def said(session: Session, text: str = "hi") -> str:
    headers = {"authorization": f"Bearer {session.token}"}
    answer = httpx.post(f"{session.base_url}/chat/completions", json=ask(text), headers=headers)
    return str(answer.json()["choices"][0]["message"]["content"])


def test_what_each_test_asks_takes_no_request(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.delattr(Connections, "ask")
        left = emulator.session(seed="1")
        left.when(user="hi").reply("Hello!")
        assert said(left) == "Hello!"
        left.when(user="bye").reply("Bye!")
        assert said(left, "bye") == "Bye!"
        left.assert_done()
        left.leave()
        closed = emulator.session()
        assert closed.name != left.name
        closed.close()
    assert [one["session"] for one in emulator.admin.sessions()] == [left.name]  # which is over


def test_how_an_answer_ended_is_known_once_it_is_asked_for(emulator: Emulator) -> None:
    emulator.when(user="hi").reply("Hello!")
    for number in range(1, 30):
        said(emulator)
        emulator.admin.verify(entries=[{"outcome": "completed", "count": number}])


@pytest.mark.parametrize("settings", [{"admin": "off"}, {"store": "redis://127.0.0.1:9"}])
def test_where_the_way_indoors_is_shut(settings: dict[str, Any]) -> None:
    with Emulator(**settings) as emulator, pytest.raises(AdminError):
        emulator.session(seed="1").name.upper()


def test_a_session_that_outlives_its_emulator(emulator: Emulator) -> None:
    session = emulator.session(seed="1")
    emulator.stop()
    with pytest.raises(AdminError, match="no gemulator answers"):
        session.name.upper()


def test_nothing_waits_for_the_collector(emulator: Emulator) -> None:
    session = emulator.session(seed="1")
    session.when(user="hi").reply("Hello!")
    assert said(session) == "Hello!"
    session.assert_done()
    session.leave()
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
    """Threads that interrupt each other all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


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


@pytest.mark.usefixtures("impatient")
def test_a_store_in_memory_bears_a_second_thread() -> None:
    store = MemoryStore(Bounds(sessions=5, entries=3))
    over = threading.Event()

    async def answer() -> None:
        try:
            for number in range(1_000):
                await store.append(received(f"s{number % 7}"))
                await store.claim(f"s{number % 3}", b"f", [])
                await store.entries()
                await store.sessions()
        finally:
            over.set()

    async def test() -> None:
        while not over.is_set():
            name = await store.open()
            await store.publish(name, Published("a", "text"))
            await store.overlay(name)
            await store.entries(Filter(session=name))
            await store.drop(name)

    with ThreadPoolExecutor(2) as pool:
        for thread in (pool.submit(asyncio.run, answer()), pool.submit(asyncio.run, test())):
            thread.result()
    kept = asyncio.run(store.sessions())
    assert store._bytes == sum(one.bytes for one in kept) <= 15 * 1000
