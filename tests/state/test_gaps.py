"""Evidence that a store does not have any more."""

import asyncio
from pathlib import Path

import pytest

from gemulator.state.memory import MemoryStore
from gemulator.state.redis_fallback import RedisStoreWithFallback
from gemulator.state.store import ENDED_SCENARIO, Store, StoreLimits, Tally, TurnLimit
from tests.redis_server import needs_redis, redis_server
from tests.stores import AGE, DONE, Kind, received
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow


async def test_evicted_session_is_lost_until_it_is_reset(kind: Kind) -> None:
    store = kind.make(StoreLimits(sessions=2))
    for session in ("default", "a", "b"):
        await store.append(received(session))
        await asyncio.sleep(0.002)  # a shared store orders by milliseconds
    assert await store.tally("a") == Tally(lost=True)
    await store.append(received("a"))
    assert (await store.tally("a")).lost
    assert (await store.tally("b")).lost
    await store.reset("a")
    assert await store.tally("a") == Tally()


async def test_expired_session_is_lost(kind: Kind) -> None:
    store = kind.make(StoreLimits(age=AGE))
    await store.append(received("a"))
    await store.open("empty")
    await kind.wait()
    await store.sessions()
    await store.claim("a", b"f", ())
    await store.append(received("a"))
    assert (await store.tally("a")).lost
    assert await store.tally("empty") == Tally()
    assert await store.drop("a")
    assert await store.tally("a") == Tally()


async def test_counters_beyond_the_limit_are_told(kind: Kind) -> None:
    store = kind.make(StoreLimits(repeats=4))
    for number in range(12):
        await store.claim("s", b"f", [TurnLimit(f"turn {number}", 1)])
    await store.append(received())
    assert (await store.tally("s")).uncounted


async def test_evicted_late_entry_is_told(kind: Kind) -> None:
    store = kind.make(StoreLimits(entries=1))
    assert (await store.losses()).late == 0
    number = await store.append(received(scenario=ENDED_SCENARIO))
    await store.append(received())
    assert (await store.losses()).late == number


async def missed(store: Store, answers: int) -> None:
    """Wait until the store tells of this many missing answers in session `s`."""
    async with asyncio.timeout(PATIENCE):
        while (await store.tally("s")).missed != answers:
            await asyncio.sleep(0.02)


@needs_redis
async def test_answers_while_the_store_was_away_are_told(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        store, other = RedisStoreWithFallback(server.url), RedisStoreWithFallback(server.url)
        number = await store.append(received())
        server.kill()
        await store.append(received())
        await store.finish("s", number, DONE)
        server.start()
        await missed(other, 2)
        await other.reset("s")
        assert await store.tally("s") == Tally()
        await store.close()
        await other.close()


async def test_names_of_evicted_sessions_are_bounded() -> None:
    store = MemoryStore(StoreLimits(sessions=2))
    for number in range(10_003):
        await store.append(received(f"s{number}"))
    assert (await store.tally("s0")).lost  # its name is forgotten, so it is not known to be complete
    assert not (await store.tally("s10002")).lost
