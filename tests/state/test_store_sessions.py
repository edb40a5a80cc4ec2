"""One suite for every store: sessions and what they lay over the server's own."""

import asyncio

from redis.asyncio import Redis

from gemulator.state.redis_store import RedisStore
from gemulator.state.store import UNCHANGED, Bounds, Choices, Claim, Published, Store
from tests.redis_server import RedisServer, needs_redis
from tests.stores import AGE, TWICE, Kind, received

# ---- sessions


async def test_an_idle_session_is_forgotten_and_the_default_one_is_not(kind: Kind) -> None:
    store = kind.make(Bounds(age=AGE))
    for session in ("default", "s"):
        await store.publish(session, Published("a", "text"))
        await store.claim(session, b"f", TWICE)
        await store.append(received(session))
    await kind.wait()
    assert [state.name for state in await store.sessions()] == ["default"]
    assert await store.claim("s", b"f", TWICE) == Claim(0, 0)
    assert await store.overlay("s") == UNCHANGED
    assert (await store.claim("default", b"f", TWICE)).attempt == 1
    assert len((await store.overlay("default")).published) == 1


async def test_the_session_idle_longest_goes_first(kind: Kind) -> None:
    store = kind.make(Bounds(sessions=3))
    for session in ("default", "a", "b", "c", "d"):
        await store.append(received(session))
        await asyncio.sleep(0.002)  # a shared store tells the order by milliseconds
    assert [state.name for state in await store.sessions()] == ["c", "d", "default"]
    assert [entry.received.session for entry in (await store.entries()).entries] == ["default", "c", "d"]


async def test_opening(store: Store) -> None:
    assert await store.open("mine") == "mine"
    names = {await store.open(), await store.open()}
    assert len(names) == 2
    assert names < {state.name for state in await store.sessions()}


async def test_reset_keeps_what_was_pushed(store: Store) -> None:
    await store.publish("s", Published("a", "text"))
    await store.claim("s", b"f", TWICE)
    await store.append(received())
    await store.reset("s")
    assert await store.claim("s", b"f", TWICE) == Claim(0, 0)
    assert (await store.entries()).entries == ()
    assert len((await store.overlay("s")).published) == 1
    (state,) = [state for state in await store.sessions() if state.name == "s"]
    assert state.bytes == 0


async def test_drop_forgets_all(store: Store) -> None:
    assert await store.drop("s") is False
    await store.publish("s", Published("a", "text"))
    await store.append(received())
    assert await store.drop("s") is True
    assert await store.overlay("s") == UNCHANGED
    assert "s" not in {state.name for state in await store.sessions()}


# ---- what a session lays over


async def test_pushed_scenarios(store: Store) -> None:
    generations = [(await store.overlay("s")).generation]
    for name, text in (("a", "1"), ("b", "2"), ("a", "3")):
        await store.publish("s", Published(name, text))
        generations.append((await store.overlay("s")).generation)
    assert (await store.overlay("s")).published == (Published("a", "3"), Published("b", "2"))
    assert await store.withdraw("s", "b") is True
    assert await store.withdraw("s", "b") is False
    assert (await store.overlay("s")).published == (Published("a", "3"),)
    assert await store.withdraw("s") is True
    assert (await store.overlay("s")).published == ()
    assert len(set(generations)) == 4


async def test_choices(store: Store) -> None:
    chosen = Choices("weather", "seed", 12.0)
    await store.configure("s", chosen)
    await store.publish("s", Published("a", "ü"))
    overlay = await store.overlay("s")
    assert (overlay.choices, overlay.published) == (chosen, (Published("a", "ü"),))


async def test_an_overlay_made_anew_is_another_one(store: Store) -> None:
    await store.publish("s", Published("a", "1"))
    before = await store.overlay("s")
    await store.drop("s")
    await store.publish("s", Published("a", "2"))
    assert (await store.overlay("s")).generation != before.generation


async def test_sessions_that_lay_the_same_over_it_share_a_generation(store: Store) -> None:
    for session in ("s", "t"):
        await store.publish(session, Published("a", "1"))
    assert (await store.overlay("s")).generation == (await store.overlay("t")).generation


@needs_redis
async def test_what_was_known_of_a_redis_that_lost_all_is_not_taken_for_what_it_has_now(server: RedisServer) -> None:
    store = RedisStore(server.url)
    await store.publish("s", Published("a", "old"))
    before = await store.overlay("s")
    async with Redis(port=server.port) as redis:
        await redis.flushall()
    await store.publish("s", Published("a", "new"))
    after = await store.overlay("s")
    assert (before.published[0].text, after.published[0].text) == ("old", "new")
    assert before.generation != after.generation
    await store.close()
