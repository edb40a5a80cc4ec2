"""Backlog of a subscriber that reads slowly or not at all."""

import asyncio

import pytest
from msgspec.structs import replace

from gemulator.state.memory import MemoryStore
from gemulator.state.store import StoreLimits
from gemulator.state.subscribers import EventsLost, Subscribers
from tests.stores import received
from tests.waiting import PATIENCE


@pytest.mark.parametrize(("size", "number"), [(1, 10_001), (1_000_000, 9)])
async def test_full_backlog_ends_the_stream_with_a_word(size: int, number: int) -> None:
    store = MemoryStore()
    events = store.events("s", after=0)
    waiting = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    for _ in range(number):
        await store.append(replace(received("s"), size=size))
    with pytest.raises(EventsLost, match="unread events"):
        await asyncio.wait_for(waiting, PATIENCE)
    with pytest.raises(StopAsyncIteration):
        await anext(events)


async def test_one_large_event_is_delivered() -> None:
    store = MemoryStore()
    events = store.events("s", after=0)
    waiting = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    number = await store.append(replace(received("s"), size=50_000_000))
    assert (await asyncio.wait_for(waiting, PATIENCE)).number == number
    await events.aclose()  # type: ignore[attr-defined]


async def test_dropped_backlog_takes_no_memory_again() -> None:
    subscribers, store = Subscribers(), MemoryStore()
    store._subscribers = subscribers
    with subscribers.subscribe(None) as subscriber:
        for _ in range(20_000):
            await store.append(received("s"))
        assert (len(subscriber.unread), isinstance(subscriber.error, EventsLost)) == (0, True)


async def test_reader_of_the_past_holds_no_evicted_entries() -> None:
    store = MemoryStore(StoreLimits(entries=2))
    for _ in range(2):
        await store.append(received("s"))
    events = store.events("s", after=0)
    first = await anext(events)
    numbers = [await store.append(received("s")) for _ in range(2)]
    assert first.number == 1
    assert [(await asyncio.wait_for(anext(events), PATIENCE)).number for _ in range(2)] == numbers
    await events.aclose()  # type: ignore[attr-defined]
