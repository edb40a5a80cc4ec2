"""Event stream of a Redis store, shared by the process's subscribers."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from gemulator.state.journal.entry import Entry, Event
from gemulator.state.redis_connection import RedisConnection
from gemulator.state.redis_errors import global_data
from gemulator.state.redis_journal import BATCH, RedisJournal, Row, event_of
from gemulator.state.store import StoreDataError
from gemulator.state.subscribers import Subscriber, Subscribers

_BLOCK_MS = 200  # milliseconds to wait for new events in one command


class RedisEventStream:
    """Reads events over `connection`, and their entries from `journal`.

    Events of unusable entries are left out: they end nobody's stream.
    """

    def __init__(self, connection: RedisConnection, prefix: str, journal: RedisJournal) -> None:
        self._redis, self._execute = connection.client, connection.execute
        self._prefix = prefix
        self._journal = journal
        self._subscribers = Subscribers()
        self._task: asyncio.Task[None] | None = None

    async def events(self, session: str | None, after: int | None) -> AsyncIterator[Event]:
        """Yield events like `Store.events`."""
        with global_data("sequence"):
            newest = int(await self._execute(self._redis.get, f"{self._prefix}sequence") or 0)
        after = newest if after is None else after
        with self._subscribers.subscribe(session) as subscriber:
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._follow(newest))
            try:
                async for event in self._past(after, subscriber):
                    after = event.number
                    yield event
                while True:
                    yield await subscriber.next_after(after)
            finally:
                if self._subscribers == [subscriber] and self._task is not None:
                    self._task.cancel()
                    self._task = None

    async def _past(self, after: int, subscriber: Subscriber) -> AsyncIterator[Event]:
        start = f"{after}-0"
        while rows := await self._rows(start):
            start = rows[-1][0].decode()
            for row in rows:
                if event := await self._event(row, [subscriber]):
                    yield event

    async def _follow(self, last: int) -> None:
        """Publish all events after `last` to the subscribers."""
        start = f"{last}-0"
        try:
            while True:
                for row in await self._rows(start, _BLOCK_MS):
                    start = row[0].decode()
                    if event := await self._event(row, self._subscribers):
                        self._subscribers.publish(event)
        except Exception as error:
            self._subscribers.fail(error)

    async def _rows(self, start: str, wait: int | None = None) -> Sequence[Row]:
        with global_data("feed"):
            streams = await self._execute(self._redis.xread, {f"{self._prefix}feed": start}, count=BATCH, block=wait)
            rows: Sequence[Row] = streams[0][1] if streams else ()
            return rows

    async def _event(self, row: Row, subscribers: Sequence[Subscriber]) -> Event | None:
        """Return the event of a row, None if nobody wants it or its entry is gone or unusable."""
        found = event_of(row)
        if found is None or not any(subscriber.wants(found[1]) for subscriber in subscribers):
            return None
        number, session, of = found
        try:
            entry = await self._journal.find(session, of)
        except StoreDataError:
            return None
        if entry is None:
            return None
        if of == number:
            return Event(number, "received", Entry(of, entry.received))
        return Event(number, "finished", entry)
