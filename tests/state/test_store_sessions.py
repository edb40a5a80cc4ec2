"""Sessions and overlays of every store."""

import asyncio

import pytest
from redis.asyncio import Redis

from gemulator.state.redis_store import RedisStore
from gemulator.state.store import UNCHANGED, Claim, PushedScenario, SessionSettings, Store, StoreLimits
from tests.redis_server import RedisServer, needs_redis
from tests.stores import AGE, TWICE, Kind, received

pytestmark = pytest.mark.slow

# ---- sessions


async def test_idle_session_expires_and_default_does_not(kind: Kind) -> None:
    store = kind.make(StoreLimits(age=AGE))
    for session in ("default", "s"):
        await store.publish(session, PushedScenario("a", "text"))
        await store.claim(session, b"f", TWICE)
        await store.append(received(session))
    await kind.wait()
    assert [state.name for state in await store.sessions()] == ["default"]
    assert await store.claim("s", b"f", TWICE) == Claim(0, 0)
    assert await store.overlay("s") == UNCHANGED
    assert (await store.claim("default", b"f", TWICE)).attempt == 1
    assert len((await store.overlay("default")).published) == 1


async def test_longest_idle_session_is_evicted_first(kind: Kind) -> None:
    store = kind.make(StoreLimits(sessions=3))
    for session in ("default", "a", "b", "c", "d"):
        await store.append(received(session))
        await asyncio.sleep(0.002)  # a shared store orders by milliseconds
    assert [state.name for state in await store.sessions()] == ["c", "d", "default"]
    assert [entry.received.session for entry in (await store.entries()).entries] == ["default", "c", "d"]


async def test_open_returns_unused_names(store: Store) -> None:
    assert await store.open("mine") == "mine"
    names = {await store.open(), await store.open()}
    assert len(names) == 2
    assert names < {state.name for state in await store.sessions()}


async def test_reset_keeps_pushed_scenarios(store: Store) -> None:
    await store.publish("s", PushedScenario("a", "text"))
    await store.claim("s", b"f", TWICE)
    await store.append(received())
    await store.reset("s")
    assert await store.claim("s", b"f", TWICE) == Claim(0, 0)
    assert (await store.entries()).entries == ()
    assert len((await store.overlay("s")).published) == 1
    (state,) = [state for state in await store.sessions() if state.name == "s"]
    assert state.bytes == 0


async def test_drop_deletes_the_session(store: Store) -> None:
    assert await store.drop("s") is False
    await store.publish("s", PushedScenario("a", "text"))
    await store.append(received())
    assert await store.drop("s") is True
    assert await store.overlay("s") == UNCHANGED
    assert "s" not in {state.name for state in await store.sessions()}


# ---- overlays


async def test_publish_and_withdraw(store: Store) -> None:
    generations = [(await store.overlay("s")).generation]
    for name, text in (("a", "1"), ("b", "2"), ("a", "3")):
        await store.publish("s", PushedScenario(name, text))
        generations.append((await store.overlay("s")).generation)
    assert (await store.overlay("s")).published == (PushedScenario("a", "3"), PushedScenario("b", "2"))
    assert await store.withdraw("s", "b") is True
    assert await store.withdraw("s", "b") is False
    assert (await store.overlay("s")).published == (PushedScenario("a", "3"),)
    assert await store.withdraw("s") is True
    assert (await store.overlay("s")).published == ()
    assert len(set(generations)) == 4


async def test_configure_and_publish_are_independent(store: Store) -> None:
    settings = SessionSettings(scenario="weather", seed="seed", clock=12.0)
    await store.configure("s", settings)
    await store.publish("s", PushedScenario("a", "ü"))
    overlay = await store.overlay("s")
    assert (overlay.settings, overlay.published) == (settings, (PushedScenario("a", "ü"),))


async def test_overlay_after_drop_has_another_generation(store: Store) -> None:
    await store.publish("s", PushedScenario("a", "1"))
    before = await store.overlay("s")
    await store.drop("s")
    await store.publish("s", PushedScenario("a", "2"))
    assert (await store.overlay("s")).generation != before.generation


async def test_equal_overlays_share_a_generation(store: Store) -> None:
    for session in ("s", "t"):
        await store.publish(session, PushedScenario("a", "1"))
    assert (await store.overlay("s")).generation == (await store.overlay("t")).generation


@needs_redis
async def test_overlay_is_reloaded_after_redis_flush(server: RedisServer) -> None:
    store = RedisStore(server.url)
    await store.publish("s", PushedScenario("a", "old"))
    before = await store.overlay("s")
    async with Redis(port=server.port) as redis:
        await redis.flushall()
    await store.publish("s", PushedScenario("a", "new"))
    after = await store.overlay("s")
    assert (before.published[0].text, after.published[0].text) == ("old", "new")
    assert before.generation != after.generation
    await store.close()
