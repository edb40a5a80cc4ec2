"""Counters, journal and events of every store."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from gemulator.state.journal.entry import Event, Filter
from gemulator.state.store import UNCHANGED, Claim, PushedScenario, Store, StoreLimits, TurnLimit
from tests.stores import DONE, TWICE, Kind, received

# ---- counters


async def test_claim_takes_the_first_turn_that_is_not_exhausted(store: Store) -> None:
    taken = [await store.claim("s", b"f", TWICE) for _ in range(5)]
    assert [claim.index for claim in taken] == [0, 0, 1, 2, 2]
    assert [claim.attempt for claim in taken] == [0, 1, 2, 3, 4]
    assert await store.counters("s") == {"first": 2, "second": 1}


async def test_claim_with_all_turns_exhausted_has_no_index(store: Store) -> None:
    assert await store.claim("s", b"f", [TurnLimit("only", 1)]) == Claim(0, 0)
    assert await store.claim("s", b"f", [TurnLimit("only", 1)]) == Claim(None, 1)
    assert await store.claim("s", b"f", []) == Claim(None, 2)


async def test_dry_claim_changes_nothing(store: Store) -> None:
    for _ in range(3):
        assert await store.claim("s", b"f", TWICE, dry=True) == Claim(0, 0)
    assert await store.counters("s") == {}


async def test_sessions_are_isolated(store: Store) -> None:
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


# ---- journal


async def test_entry_round_trip(store: Store) -> None:
    number = await store.append(received())
    before = await store.entry(number)
    assert before is not None
    assert (before.number, before.received, before.finished) == (number, received(), None)
    await store.finish("s", number, DONE)
    after = await store.entry(number)
    assert after is not None
    assert (after.received, after.finished) == (received(), DONE)
    assert after.ended > after.number


async def test_finish_of_a_deleted_entry_is_ignored(store: Store) -> None:
    number = await store.append(received())
    await store.drop("s")
    await store.finish("s", number, DONE)
    assert await store.entry(number) is None
    assert (await store.entries()).entries == ()


async def test_entries_are_paged(store: Store) -> None:
    numbers = [await store.append(received(session)) for session in "abcab"]
    first = await store.entries(limit=3)
    assert [entry.number for entry in first.entries] == numbers[:3]
    assert first.next == numbers[2]
    second = await store.entries(after=numbers[2], limit=3)
    assert ([entry.number for entry in second.entries], second.next) == (numbers[3:], None)
    own = await store.entries(Filter(session="a"), limit=2)
    assert ([entry.number for entry in own.entries], own.next) == ([numbers[0], numbers[3]], None)


async def test_filter_finds_entries_beyond_a_batch(store: Store) -> None:
    for _ in range(250):
        await store.append(received(scenario="other"))
    number = await store.append(received(scenario="weather"))
    page = await store.entries(Filter(session="s", scenario="weather"), limit=1)
    assert [entry.number for entry in page.entries] == [number]
    assert [entry.number for entry in (await store.entries(Filter(scenario="weather"))).entries] == [number]


@pytest.mark.parametrize(
    ("limits", "count"),
    [(StoreLimits(entries=3), 3), (StoreLimits(bytes=4_500), 4), (StoreLimits(bytes=10), 1)],
    ids=["entries", "bytes", "the newest stays"],
)
async def test_journal_is_bounded(kind: Kind, limits: StoreLimits, count: int) -> None:
    store = kind.make(limits)
    numbers = [await store.append(received()) for _ in range(9)]
    await store.finish("s", numbers[0], DONE)
    assert [entry.number for entry in (await store.entries()).entries] == numbers[9 - count :]
    (state,) = [state for state in await store.sessions() if state.name == "s"]
    assert (state.entries, state.evicted, state.bytes) == (count, 9 - count, count * 1000)
    assert (await store.losses()).evicted == 9 - count


async def test_noisy_session_evicts_its_own_entries(kind: Kind) -> None:
    store = kind.make(StoreLimits(bytes=5_000))
    quiet = await store.append(received("quiet"))
    for _ in range(20):
        await store.append(received("noisy"))
    assert await store.entry(quiet) is not None


# ---- events


async def first(events: AsyncIterator[Event], many: int) -> list[Event]:
    return [await asyncio.wait_for(anext(events), 10) for _ in range(many)]


async def test_events_after_a_number_then_live(store: Store) -> None:
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


async def test_events_without_after_are_live_only(store: Store) -> None:
    await store.append(received())
    events = store.events()
    waiting = asyncio.ensure_future(first(events, 1))
    await asyncio.sleep(0.05)
    number = await store.append(received("t"))
    assert [event.number for event in await waiting] == [number]
    await events.aclose()  # type: ignore[attr-defined]


@pytest.mark.slow
async def test_many_subscribers_do_not_block_writers(store: Store) -> None:
    listening = [asyncio.ensure_future(first(store.events(session, after=0), 8)) for session in [None, "s"] * 40]
    await asyncio.sleep(0.3)
    numbers = []
    for _ in range(4):
        numbers.append(await asyncio.wait_for(store.append(received()), 5))
        await store.append(received("t"))
        await asyncio.sleep(0.1)
        await asyncio.wait_for(store.finish("s", numbers[-1], DONE), 5)
    numbers_seen = [[event.entry.number for event in events] for events in await asyncio.gather(*listening)]
    assert numbers_seen[1::2] == [[number for number in numbers for _ in range(2)]] * 40
    assert all(events == numbers_seen[0] for events in numbers_seen[::2])
