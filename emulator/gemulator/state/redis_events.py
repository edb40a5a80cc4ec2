"""Event stream of a Redis store, shared by the process's subscribers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from gemulator.state.journal.entry import Entry, Event
from gemulator.state.redis_connection import RedisConnection
from gemulator.state.subscribers import Subscribers

BATCH = 200
_BLOCK_MS = 200  # milliseconds to wait for new events in one command

Row: TypeAlias = tuple[bytes, Mapping[bytes, bytes]]


def entry_number(row: bytes) -> int:
    """Return the number in the id of a stream row."""
    return int(row.partition(b"-")[0])


class RedisEventStream:
    """Reads events over `connection`; `find_entry` returns an entry by session and number, or None."""

    def __init__(
        self, connection: RedisConnection, prefix: str, find_entry: Callable[[str, int], Awaitable[Entry | None]]
    ) -> None:
        self._redis, self._execute = connection.client, connection.execute
        self._prefix = prefix
        self._find_entry = find_entry
        self._subscribers = Subscribers()
        self._task: asyncio.Task[None] | None = None

    async def events(self, session: str | None, after: int | None) -> AsyncIterator[Event]:
        """Yield events like `Store.events`."""
        newest = int(await self._execute(self._redis.get, f"{self._prefix}sequence") or 0)
        after = newest if after is None else after
        with self._subscribers.subscribe(session) as subscriber:
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._follow(newest))
            try:
                while rows := await self._rows(after):
                    for row, fields in rows:
                        after = entry_number(row)
                        if subscriber.wants(fields[b"session"].decode()) and (
                            event := await self._event(after, fields)
                        ):
                            yield event
                while True:
                    yield await subscriber.next_after(after)
            finally:
                if self._subscribers == [subscriber] and self._task is not None:
                    self._task.cancel()
                    self._task = None

    async def _follow(self, last: int) -> None:
        """Publish all events after `last` to the subscribers."""
        try:
            while True:
                for row, fields in await self._rows(last, _BLOCK_MS):
                    last = entry_number(row)
                    session = fields[b"session"].decode()
                    has_subscriber = any(subscriber.wants(session) for subscriber in self._subscribers)
                    if has_subscriber and (event := await self._event(last, fields)):
                        self._subscribers.publish(event)
        except Exception as error:
            self._subscribers.fail(error)

    async def _rows(self, after: int, wait: int | None = None) -> Sequence[Row]:
        streams = await self._execute(self._redis.xread, {f"{self._prefix}feed": f"{after}-0"}, count=BATCH, block=wait)
        rows: Sequence[Row] = streams[0][1] if streams else ()
        return rows

    async def _event(self, number: int, fields: Mapping[bytes, bytes]) -> Event | None:
        of = int(fields[b"of"])
        entry = await self._find_entry(fields[b"session"].decode(), of)
        if entry is None:
            return None
        if of == number:
            return Event(number, "received", Entry(of, entry.received))
        return Event(number, "finished", entry)
