"""What happens in a shared store, read once for all in this process who listen."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from gemulator.state.journal.entry import Entry, Event
from gemulator.state.redis_connection import Connection
from gemulator.state.subscribers import Subscribers

BATCH = 200
_WAIT = 200  # milliseconds that are waited for news at a time

Row: TypeAlias = tuple[bytes, Mapping[bytes, bytes]]


def number_of(row: bytes) -> int:
    """The number in the id of a stream's row."""
    return int(row.partition(b"-")[0])


class RedisEventStream:
    """Speaks through `connection`; `entry` finds one by session and number, None where it is not kept."""

    def __init__(
        self, connection: Connection, prefix: str, entry: Callable[[str, int], Awaitable[Entry | None]]
    ) -> None:
        self._redis, self._ask = connection.client, connection.ask
        self._prefix = prefix
        self._entry = entry
        self._readers = Subscribers()
        self._following: asyncio.Task[None] | None = None

    async def events(self, session: str | None, after: int | None) -> AsyncIterator[Event]:
        """As those of a store."""
        newest = int(await self._ask(self._redis.get, f"{self._prefix}sequence") or 0)
        after = newest if after is None else after
        with self._readers.joined(session) as reader:
            if self._following is None or self._following.done():
                self._following = asyncio.create_task(self._follow(newest))
            try:
                while rows := await self._rows(after):
                    for row, fields in rows:
                        after = number_of(row)
                        if reader.wants(fields[b"session"].decode()) and (event := await self._event(after, fields)):
                            yield event
                while True:
                    yield await reader.next_after(after)
            finally:
                if self._readers == [reader] and self._following is not None:
                    self._following.cancel()
                    self._following = None

    async def _follow(self, last: int) -> None:
        """Tell all readers what happens from now on."""
        try:
            while True:
                for row, fields in await self._rows(last, _WAIT):
                    last = number_of(row)
                    session = fields[b"session"].decode()
                    wanted = any(reader.wants(session) for reader in self._readers)
                    if wanted and (event := await self._event(last, fields)):
                        self._readers.tell(event)
        except Exception as error:
            self._readers.fail(error)

    async def _rows(self, after: int, wait: int | None = None) -> Sequence[Row]:
        news = await self._ask(self._redis.xread, {f"{self._prefix}feed": f"{after}-0"}, count=BATCH, block=wait)
        rows: Sequence[Row] = news[0][1] if news else ()
        return rows

    async def _event(self, number: int, fields: Mapping[bytes, bytes]) -> Event | None:
        of = int(fields[b"of"])
        entry = await self._entry(fields[b"session"].decode(), of)
        if entry is None:
            return None
        if of == number:
            return Event(number, "received", Entry(of, entry.received))
        return Event(number, "finished", entry)
