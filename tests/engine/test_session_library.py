"""Large pushed scenarios are read in a thread, once, while other requests are answered."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gemulator import Emulator
from gemulator.client.in_process_admin import InProcessAdmin
from gemulator.core.errors import ScenarioError
from gemulator.engine import session_library
from gemulator.engine.session_library import LARGE, NoTaskError, PushedTurns
from gemulator.state.store import PushedScenario, run_immediate
from tests.acceptance.wire import ask, post
from tests.admin_api import AdminCaller, app_with
from tests.waiting import PATIENCE

SMALL = PushedScenario("small", "turns: [{ reply: small }]")
LARGE_ONE = PushedScenario("large", f"turns: [{{ when: {{ user: hello }}, reply: large }}]\n#{'x' * LARGE}")
INVALID = PushedScenario("invalid", f"turns: [{{ repl: x }}]\n#{'x' * LARGE}")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each time that the turns of a session were read: True if it was in the main thread."""
    noted: list[bool] = []
    original = session_library._table

    def note(published: Any) -> Any:
        noted.append(threading.current_thread() is threading.main_thread())
        return original(published)

    monkeypatch.setattr(session_library, "_table", note)
    return noted


async def test_requests_share_one_reading(reads: list[bool]) -> None:
    turns = PushedTurns()
    await asyncio.gather(*(turns.load((LARGE_ONE,)) for _ in range(10)))
    assert turns.get((LARGE_ONE,)) is turns.get((LARGE_ONE,))
    assert reads == [False]


async def test_small_scenario_is_read_at_once(reads: list[bool]) -> None:
    turns = PushedTurns()
    await turns.load((SMALL,))
    assert not reads
    assert [scenario.name for scenario in turns.get((SMALL,)).scenarios] == ["small"]
    assert reads == [True]


async def test_invalid_scenario_is_read_once(reads: list[bool]) -> None:
    turns = PushedTurns()
    await turns.load((INVALID,))
    for _ in range(2):
        with pytest.raises(ScenarioError, match="unknown key `repl`"):
            turns.get((INVALID,))
    assert reads == [False]


async def test_large_scenario_needs_a_task() -> None:
    refused = asyncio.Event()

    def outside() -> None:
        with pytest.raises(NoTaskError):
            run_immediate(PushedTurns().load((LARGE_ONE,)))
        refused.set()

    asyncio.get_running_loop().call_soon(outside)
    async with asyncio.timeout(PATIENCE):
        await refused.wait()


async def test_tables_are_bounded_by_their_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_library, "_MAX_TEXT", 3 * len(LARGE_ONE.text))
    turns = PushedTurns()
    for number in range(10):
        turns.get((PushedScenario(f"n{number}", LARGE_ONE.text),))
    assert len(turns._tables) == 3


async def test_pushed_scenario_is_read_before_its_first_request(reads: list[bool]) -> None:
    api = AdminCaller(app_with())
    async with api.http:
        await api("POST", "/scenarios", 201, params={"session": "s"}, content=LARGE_ONE.text)
        assert reads == [False]
        await api("GET", "/scenarios", params={"session": "s"})
    assert reads == [False]


@pytest.mark.slow
def test_scenario_of_another_process_is_read_for_its_first_requests() -> None:
    with Emulator() as emulator:
        # As another process that shares the store would push it: this one has not read it.
        assert emulator._handle is not None
        admin = emulator._handle.admin
        assert isinstance(admin, InProcessAdmin)
        run_immediate(admin._store.publish("default", LARGE_ONE))
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: post(emulator, ask("hello")), range(8)))
    texts = {answer.json()["choices"][0]["message"]["content"] for answer in answers}
    assert (texts, {answer.status_code for answer in answers}) == ({"large"}, {200})
