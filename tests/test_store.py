"""One suite for every store."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest

from emulator.delivery import Chunk, Cut, Delivery, Hang, Head
from emulator.errors import Mismatch, Near
from emulator.journal import Event, Exchange, Filter, Finished, Received
from emulator.plan import Usage
from emulator.redaction import Body
from emulator.stores.memory import MemoryStore
from emulator.stores.redis import RedisStore
from emulator.stores.store import UNCHANGED, Bounds, Choices, Claim, Limit, Published, Store
from tests.redis_server import PROGRAM, RedisServer, redis_server

AGE = 0.3  # seconds


@dataclass
class Kind:
    """How to make a store, and how to let it be idle."""

    make: Callable[..., Store]
    wait: Callable[[], Awaitable[None]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer | None]:
    if PROGRAM is None:
        yield None
        return
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(params=["memory", "redis"])
async def kind(request: pytest.FixtureRequest, server: RedisServer | None, tmp_path: object) -> AsyncIterator[Kind]:
    if request.param == "memory":
        now = [0.0]

        async def pass_time() -> None:
            now[0] += AGE + 0.1

        yield Kind(lambda bounds=None: MemoryStore(bounds, lambda: now[0]), pass_time)
        return
    if server is None:
        pytest.skip("redis-server is not installed here")
    made: list[RedisStore] = []

    def make(bounds: Bounds | None = None) -> RedisStore:
        made.append(RedisStore(server.url, bounds, prefix=f"{request.node.name}:"))
        return made[-1]

    yield Kind(make, lambda: asyncio.sleep(AGE + 0.1))
    for store in made:
        await store.close()


@pytest.fixture
def store(kind: Kind) -> Store:
    return kind.make()


def received(session: str = "s", scenario: str = "weather") -> Received:
    body = b'{"messages": "hello"}'
    exchange = Exchange(
        method="POST",
        path="/v1/projects/p",
        model="google/gemini-2.5-flash",
        body=Body(body, len(body)),
        status=200,
        source="turn",
        scenario=scenario,
        turn=2,
        usage=Usage(1, 2, 3),
        nearest=(Near("other/1", (Mismatch("user", "'x' in it", "'y'"),)),),
    )
    steps = (Head(200, ((b"a", b"\xff"),), 0.5), Chunk(b"\x00\xfe caf\xc3\xa9", 3, 0.1), Hang(2.0), Cut(reset=True))
    return Received(12.5, session, 4, exchange, {b"user-agent": b"me\xe9"}, Delivery(steps), 1000)


DONE = Finished("completed", 2, 30, 0.01, 0.25)
TWICE = [Limit("first", 2), Limit("second", 1), Limit("last", None)]


# ---- counters


async def test_a_claim_takes_the_first_turn_that_is_not_used_up(store: Store) -> None:
    taken = [await store.claim("s", b"f", TWICE) for _ in range(5)]
    assert [claim.index for claim in taken] == [0, 0, 1, 2, 2]
    assert [claim.attempt for claim in taken] == [0, 1, 2, 3, 4]
    assert await store.counters("s") == {"first": 2, "second": 1}


async def test_all_used_up(store: Store) -> None:
    assert await store.claim("s", b"f", [Limit("only", 1)]) == Claim(0, 0)
    assert await store.claim("s", b"f", [Limit("only", 1)]) == Claim(None, 1)
    assert await store.claim("s", b"f", []) == Claim(None, 2)


async def test_a_dry_claim_changes_nothing(store: Store) -> None:
    for _ in range(3):
        assert await store.claim("s", b"f", TWICE, dry=True) == Claim(0, 0)
    assert await store.counters("s") == {}


async def test_sessions_do_not_see_each_other(store: Store) -> None:
    await store.claim("s", b"f", TWICE)
    await store.append(received("s"))
    await store.publish("s", Published("a", "text"))
    assert await store.claim("t", b"f", TWICE) == Claim(0, 0)
    assert (await store.entries(Filter(session="t"))).entries == ()
    assert await store.overlay("t") == UNCHANGED


async def test_concurrent_claims_are_exact(store: Store) -> None:
    claims = await asyncio.gather(*(store.claim("s", b"f", [Limit("a", 20), Limit("b", None)]) for _ in range(60)))
    assert sum(claim.index == 0 for claim in claims) == 20
    assert sorted(claim.attempt for claim in claims) == list(range(60))


async def test_repeat_numbers_are_bounded(kind: Kind) -> None:
    store = kind.make(Bounds(repeats=10))
    for number in range(50):
        await store.claim("s", b"often", [])
        await store.claim("s", b"%d" % number, [])
    assert (await store.claim("s", b"often", [])).attempt == 50
    assert (await store.claim("s", b"0", [])).attempt == 0


# ---- journal


async def test_an_entry_comes_back_as_it_was(store: Store) -> None:
    number = await store.append(received())
    before = await store.entry(number)
    assert before is not None
    assert (before.number, before.received, before.finished) == (number, received(), None)
    await store.finish("s", number, DONE)
    after = await store.entry(number)
    assert after is not None
    assert (after.received, after.finished) == (received(), DONE)
    assert after.ended > after.number


async def test_the_end_of_an_entry_that_is_gone(store: Store) -> None:
    number = await store.append(received())
    await store.drop("s")
    await store.finish("s", number, DONE)
    assert await store.entry(number) is None
    assert (await store.entries()).entries == ()


async def test_pages(store: Store) -> None:
    numbers = [await store.append(received(session)) for session in "abcab"]
    first = await store.entries(most=3)
    assert [entry.number for entry in first.entries] == numbers[:3]
    assert first.next == numbers[2]
    second = await store.entries(after=numbers[2], most=3)
    assert ([entry.number for entry in second.entries], second.next) == (numbers[3:], None)
    own = await store.entries(Filter(session="a"), most=2)
    assert ([entry.number for entry in own.entries], own.next) == ([numbers[0], numbers[3]], None)


async def test_filters_reach_beyond_a_batch(store: Store) -> None:
    for _ in range(250):
        await store.append(received(scenario="other"))
    number = await store.append(received(scenario="weather"))
    page = await store.entries(Filter(session="s", scenario="weather"), most=1)
    assert [entry.number for entry in page.entries] == [number]
    assert [entry.number for entry in (await store.entries(Filter(scenario="weather"))).entries] == [number]


@pytest.mark.parametrize(
    ("bounds", "kept"),
    [(Bounds(entries=3), 3), (Bounds(bytes=4_500), 4), (Bounds(bytes=10), 1)],
    ids=["entries", "bytes", "the newest stays"],
)
async def test_a_journal_is_bounded(kind: Kind, bounds: Bounds, kept: int) -> None:
    store = kind.make(bounds)
    numbers = [await store.append(received()) for _ in range(9)]
    await store.finish("s", numbers[0], DONE)
    assert [entry.number for entry in (await store.entries()).entries] == numbers[9 - kept :]
    (state,) = [state for state in await store.sessions() if state.name == "s"]
    assert (state.entries, state.evicted, state.bytes) == (kept, 9 - kept, kept * 1000)
    assert (await store.losses()).evicted == 9 - kept


async def test_a_noisy_session_loses_its_own_entries(kind: Kind) -> None:
    store = kind.make(Bounds(bytes=5_000))
    quiet = await store.append(received("quiet"))
    for _ in range(20):
        await store.append(received("noisy"))
    assert await store.entry(quiet) is not None


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


# ---- events


async def first(events: AsyncIterator[Event], many: int) -> list[Event]:
    return [await asyncio.wait_for(anext(events), 10) for _ in range(many)]


async def test_events_since_a_number_then_as_they_happen(store: Store) -> None:
    numbers = [await store.append(received(session)) for session in "sts"]
    await store.finish("s", numbers[0], DONE)
    events = store.events("s", after=numbers[0])
    past = await first(events, 2)
    assert [(event.kind, event.entry.number) for event in past] == [("received", numbers[2]), ("finished", numbers[0])]
    assert past[1].entry.finished == DONE
    waiting = asyncio.ensure_future(first(events, 2))
    await asyncio.sleep(0)
    await store.append(received("t"))
    number = await store.append(received("s"))
    await store.finish("s", number, DONE)
    assert [(event.kind, event.entry.number) for event in await waiting] == [
        ("received", number),
        ("finished", number),
    ]
    await events.aclose()  # type: ignore[attr-defined]


async def test_events_from_now_on(store: Store) -> None:
    await store.append(received())
    events = store.events()
    waiting = asyncio.ensure_future(first(events, 1))
    await asyncio.sleep(0.05)
    number = await store.append(received("t"))
    assert [event.number for event in await waiting] == [number]
    await events.aclose()  # type: ignore[attr-defined]
