"""One suite for every store: counters, journal and events."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from gemulator.core.count import MAX_COUNT
from gemulator.delivery.live_steps import UpstreamEnd
from gemulator.delivery.steps import Chunk, CloseConnection, Delivery, Head
from gemulator.service.quotas import Charge
from gemulator.state import redis_events
from gemulator.state.journal.entry import Event, Filter, Finished
from gemulator.state.store import UNCHANGED, Claim, PushedScenario, Store, StoreLimits, Tally, TurnLimit
from tests.stores import DONE, TWICE, Kind, received
from tests.waiting import PATIENCE

# ---- counters


async def test_a_claim_takes_the_first_turn_that_is_not_used_up(store: Store) -> None:
    taken = [await store.claim("s", b"f", TWICE) for _ in range(5)]
    assert [claim.index for claim in taken] == [0, 0, 1, 2, 2]
    assert [claim.attempt for claim in taken] == [0, 1, 2, 3, 4]
    assert await store.counters("s") == {"first": 2, "second": 1}


async def test_all_used_up(store: Store) -> None:
    assert await store.claim("s", b"f", [TurnLimit("only", 1)]) == Claim(0, 0)
    assert await store.claim("s", b"f", [TurnLimit("only", 1)]) == Claim(None, 1)
    assert await store.claim("s", b"f", []) == Claim(None, 2)


async def test_a_dry_claim_changes_nothing(store: Store) -> None:
    for _ in range(3):
        assert await store.claim("s", b"f", TWICE, dry=True) == Claim(0, 0)
    assert await store.counters("s") == {}


REFUSED = [TurnLimit("first", 2, counts=False), TurnLimit("error", 1), TurnLimit("", None, counts=False)]


async def test_a_claim_that_does_not_count_changes_nothing(store: Store) -> None:
    for _ in range(3):
        assert await store.claim("s", b"f", REFUSED) == Claim(0, 0)
    assert await store.counters("s") == {}
    assert [await store.claim("s", b"f", REFUSED[1:]) for _ in range(3)] == [Claim(0, 0), Claim(1, 1), Claim(1, 1)]
    assert await store.counters("s") == {"error": 1}


async def test_unclaim_gives_one_answer_back(store: Store) -> None:
    for _ in range(2):
        await store.claim("s", b"f", TWICE)
    await store.unclaim("s", "first")
    assert await store.counters("s") == {"first": 1}
    await store.unclaim("s", "first")
    assert await store.counters("s") == {}
    await store.unclaim("s", "first")
    await store.unclaim("unknown", "first")
    assert await store.claim("s", b"f", TWICE) == Claim(0, 2)


async def test_a_counter_is_set(store: Store) -> None:
    await store.set_counter("s", "first", 1)
    assert [(await store.claim("s", b"f", TWICE)).index for _ in range(2)] == [0, 1]
    await store.set_counter("s", "first", 0)
    assert await store.counters("s") == {"second": 1}
    assert (await store.claim("s", b"f", TWICE)).index == 0


async def test_counters_are_reset_and_the_journal_stays(store: Store) -> None:
    for session in ("s", "t"):
        await store.claim(session, b"f", TWICE)
        await store.append(received(session))
    await store.reset_counters("s")
    await store.reset_counters("unknown")
    assert await store.counters("s") == {}
    assert await store.claim("s", b"f", TWICE, dry=True) == Claim(0, 0)
    assert await store.counters("t") == {"first": 1}
    assert len((await store.entries(Filter(session="s"))).entries) == 1
    assert (await store.tally("s")).answers


async def test_refused_claims_leave_concurrent_ones_exact(store: Store) -> None:
    limits = [TurnLimit("a", 20), TurnLimit("b", None)]
    refused = [TurnLimit("a", 20, counts=False), TurnLimit("", None, counts=False)]
    claims = await asyncio.gather(*(store.claim("s", b"f", refused if n % 2 else limits) for n in range(120)))
    counted = claims[::2]
    assert sum(claim.index == 0 for claim in counted) == 20
    assert sorted(claim.attempt for claim in counted) == list(range(60))
    assert await store.counters("s") == {"a": 20}


async def test_sessions_do_not_see_each_other(store: Store) -> None:
    await store.claim("s", b"f", TWICE)
    await store.append(received("s"))
    await store.publish("s", PushedScenario("a", "text"))
    assert await store.claim("t", b"f", TWICE) == Claim(0, 0)
    assert (await store.entries(Filter(session="t"))).entries == ()
    assert await store.overlay("t") == UNCHANGED


async def test_concurrent_claims_are_exact(store: Store) -> None:
    claims = await asyncio.gather(
        *(store.claim("s", b"f", [TurnLimit("a", 20), TurnLimit("b", None)]) for _ in range(60))
    )
    assert sum(claim.index == 0 for claim in claims) == 20
    assert sorted(claim.attempt for claim in claims) == list(range(60))


async def test_repeat_numbers_are_bounded(kind: Kind) -> None:
    store = kind.make(StoreLimits(repeats=10))
    for number in range(50):
        await store.claim("s", b"often", [])
        await store.claim("s", b"%d" % number, [])
    assert (await store.claim("s", b"often", [])).attempt == 50
    assert (await store.claim("s", b"0", [])).attempt == 0


async def test_counters_are_bounded(kind: Kind) -> None:
    store = kind.make(StoreLimits(repeats=10))
    for number in range(50):
        await store.claim("s", b"f", [TurnLimit("often", 100)])
        await store.claim("s", b"f", [TurnLimit(f"turn {number}", 1)])
    counters = await store.counters("s")
    assert len(counters) <= 10
    assert (counters["often"], counters["turn 49"]) == (50, 1)
    assert (await store.claim("s", b"f", [TurnLimit("often", 50), TurnLimit("last", None)])).index == 1


async def test_meter_beyond_all_limits_still_refuses(store: Store) -> None:
    for _ in range(3):
        assert await store.charge("s", [Charge("tokens", 3 * MAX_COUNT)]) is None
    assert await store.charge("s", [Charge("tokens", 0, MAX_COUNT)]) == 0
    assert await store.charge("s", [Charge("tokens", -1), Charge("others", 1, MAX_COUNT)]) is None


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


async def test_answer_of_an_upstream_comes_with_the_end(store: Store) -> None:
    arrival = received()
    number = await store.append(replace(arrival, delivery=Delivery(())))
    answer = Delivery((Head(429, ((b"a", b"b"),)), Chunk(b"text", wait=0.5), CloseConnection()), 4, cut=True)
    upstream = UpstreamEnd("vertex", 0.25, 4, "broke off")
    await store.finish("s", number, Finished("cut", 1, 4, 0.5, 1.0, upstream=upstream, answer=answer))
    entry = await store.entry(number)
    assert entry is not None
    assert (entry.received.delivery, entry.status) == (answer, 429)
    assert entry.received.size == arrival.size + 4
    assert entry.finished is not None
    assert entry.finished.upstream == upstream
    (state,) = [one for one in await store.sessions() if one.name == "s"]
    assert state.entries == 1


async def test_the_end_of_an_entry_that_is_gone(store: Store) -> None:
    number = await store.append(received())
    await store.drop("s")
    await store.finish("s", number, DONE)
    assert await store.entry(number) is None
    assert (await store.entries()).entries == ()


async def test_pages(store: Store) -> None:
    numbers = [await store.append(received(session)) for session in "abcab"]
    first = await store.entries(limit=3)
    assert [entry.number for entry in first.entries] == numbers[:3]
    assert first.next == numbers[2]
    second = await store.entries(after=numbers[2], limit=3)
    assert ([entry.number for entry in second.entries], second.next) == (numbers[3:], None)
    own = await store.entries(Filter(session="a"), limit=2)
    assert ([entry.number for entry in own.entries], own.next) == ([numbers[0], numbers[3]], None)


@pytest.mark.slow
async def test_filters_reach_beyond_a_batch(store: Store) -> None:
    for _ in range(250):
        await store.append(received(scenario="other"))
    number = await store.append(received(scenario="weather"))
    page = await store.entries(Filter(session="s", scenario="weather"), limit=1)
    assert [entry.number for entry in page.entries] == [number]
    assert [entry.number for entry in (await store.entries(Filter(scenario="weather"))).entries] == [number]


@pytest.mark.parametrize(
    ("bounds", "kept"),
    [(StoreLimits(entries=3), 3), (StoreLimits(bytes=4_500), 4), (StoreLimits(bytes=10), 1)],
    ids=["entries", "bytes", "the newest stays"],
)
async def test_a_journal_is_bounded(kind: Kind, bounds: StoreLimits, kept: int) -> None:
    store = kind.make(bounds)
    numbers = [await store.append(received()) for _ in range(9)]
    await store.finish("s", numbers[0], DONE)
    assert [entry.number for entry in (await store.entries()).entries] == numbers[9 - kept :]
    (state,) = [state for state in await store.sessions() if state.name == "s"]
    assert (state.entries, state.evicted, state.bytes) == (kept, 9 - kept, kept * 1000)
    assert (await store.losses()).evicted == 9 - kept


async def test_tally_outlives_the_entries(kind: Kind) -> None:
    store = kind.make(StoreLimits(entries=1))
    for scenario in ("weather", "weather", "other"):
        await store.append(received(scenario=scenario))
    tally = await store.tally("s")
    assert tally.evicted == 2
    assert tally.answers == {"turn": 3, "weather/2": 2, "other/2": 1}
    assert await store.tally("another") == Tally()
    await store.reset("s")
    assert await store.tally("s") == Tally()


async def test_a_noisy_session_loses_its_own_entries(kind: Kind) -> None:
    store = kind.make(StoreLimits(bytes=5_000))
    quiet = await store.append(received("quiet"))
    for _ in range(20):
        await store.append(received("noisy"))
    assert await store.entry(quiet) is not None


# ---- events


async def first(events: AsyncIterator[Event], many: int) -> list[Event]:
    return [await asyncio.wait_for(anext(events), PATIENCE) for _ in range(many)]


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
    waiting, numbers = asyncio.ensure_future(first(events, 1)), list[int]()
    while not waiting.done():
        numbers.append(await store.append(received("t")))
        await asyncio.sleep(0.01)
    later = numbers[numbers.index(waiting.result()[0].number) + 1 :]
    later.append(await store.append(received("t")))
    assert [event.number for event in await first(events, len(later))] == later
    await events.aclose()  # type: ignore[attr-defined]


async def test_many_who_listen_hold_up_nobody(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that waits for news is free again only when there are some: nobody may have one of their own."""
    monkeypatch.setattr(redis_events, "_BLOCK_MS", 3_600_000)
    sessions = [None, "s"] * 40
    heard = [list[int]() for _ in sessions]
    happened: list[tuple[str, int]] = []

    async def listen(session: str | None, numbers: list[int]) -> None:
        async for event in store.events(session, after=0):
            numbers.append(event.entry.number)

    def expected() -> list[list[int]]:
        return [[number for of, number in happened if session in {None, of}] for session in sessions]

    listening = [asyncio.ensure_future(listen(*each)) for each in zip(sessions, heard, strict=True)]
    async with asyncio.timeout(PATIENCE):
        for _ in range(4):
            number = await store.append(received())
            happened += [("s", number), ("t", await store.append(received("t")))]
            while heard != expected():
                await asyncio.sleep(0.01)
            await store.finish("s", number, DONE)
            happened.append(("s", number))
            while heard != expected():
                await asyncio.sleep(0.01)
    for task in listening:
        task.cancel()
    await asyncio.wait(listening)
