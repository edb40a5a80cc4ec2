"""Journal of a Redis store, as it is read."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, TypeAlias

from gemulator.state import serialization as codec
from gemulator.state.journal.entry import ANY, Entry, Filter, Page, with_answer
from gemulator.state.redis_connection import RedisConnection
from gemulator.state.redis_errors import global_data, session_data
from gemulator.state.store import StoreDataError

BATCH = 200  # rows of one command

Row: TypeAlias = tuple[bytes, Mapping[bytes, bytes]]


def entry_number(row: bytes) -> int:
    """Return the number in the id of a stream row."""
    return int(row.partition(b"-")[0])


def event_of(row: Row) -> tuple[int, str, int] | None:
    """Return number, session and entry of a row of the feed; None if gemulator did not write it."""
    try:
        return entry_number(row[0]), row[1][b"session"].decode(), int(row[1][b"of"])
    except (ValueError, LookupError):
        return None


class RedisJournal:
    """Reader of the entries below `prefix`."""

    def __init__(self, connection: RedisConnection, prefix: str) -> None:
        self._redis, self._execute, self._execute_each = connection.client, connection.execute, connection.execute_each
        self._prefix = prefix

    async def entry(self, number: int) -> Entry | None:
        """Return an entry like `Store.entry`."""
        with global_data("feed"):
            rows = await self._execute(self._redis.xrange, f"{self._prefix}feed", f"{number}-0", f"{number}-0")
            event = event_of(rows[0]) if rows else None
        return await self.find(event[1], number) if event else None

    async def find(self, session: str, number: int) -> Entry | None:
        """Return an entry of a session, None if it is not in the journal."""
        with session_data(session):
            rows, end = await self._execute(self._pipeline([(session, number)]).execute)
            return _decode(rows, end)

    async def entries(self, entry_filter: Filter = ANY, after: int = 0, limit: int | None = None) -> Page:
        """Return a page like `Store.entries`."""
        found: list[Entry] = []
        session = entry_filter.session
        async for entry in self._all(after) if session is None else self._of_session(session, after):
            if entry_filter.matches(entry):
                if limit is not None and len(found) == limit:
                    return Page(tuple(found), found[-1].number if found else after)
                found.append(entry)
        return Page(tuple(found))

    async def _of_session(self, session: str, after: int) -> AsyncIterator[Entry]:
        """Yield the entries of a session. Rows of another program are skipped, damaged ones raise StoreDataError."""
        with session_data(session):
            async for rows in self._batches(f"{self._prefix}s:{session}:journal", after):
                own = [(session, entry_number(row)) for row, fields in rows if b"entry" in fields]
                answers = await self._execute(self._pipeline(own).execute) if own else []
                for row, end in zip(answers[::2], answers[1::2], strict=True):
                    if (entry := _decode(row, end)) is not None:
                        yield entry

    async def _all(self, after: int) -> AsyncIterator[Entry]:
        """Yield the entries of all sessions, without those of a session whose data are unusable."""
        with global_data("feed"):
            async for rows in self._batches(f"{self._prefix}feed", after):
                # The first of an entry's two events has the entry's number.
                events = [event for row in rows if (event := event_of(row)) and event[0] == event[2]]
                ids = [(session, number) for number, session, _ in events]
                answers = await self._execute_each(self._pipeline(ids)) if ids else []
                for (session, _), row, end in zip(ids, answers[::2], answers[1::2], strict=True):
                    if (entry := _decode_or_skip(session, row, end)) is not None:
                        yield entry

    async def _batches(self, stream: str, after: int) -> AsyncIterator[Sequence[Row]]:
        start = f"({after}"
        while rows := await self._execute(self._redis.xrange, stream, start, "+", count=BATCH):
            start = f"({rows[-1][0].decode()}"  # the whole id: another program may count up its second half
            yield rows

    def _pipeline(self, ids: Sequence[tuple[str, int]]) -> Any:
        """Return the commands that read entries by session and number: row and end of each."""
        pipe = self._redis.pipeline(transaction=False)
        for session, number in ids:
            pipe.xrange(f"{self._prefix}s:{session}:journal", f"{number}-0", f"{number}-0")
            pipe.hget(f"{self._prefix}s:{session}:ends", str(number))
        return pipe


def _decode_or_skip(session: str, rows: Any, end: Any) -> Entry | None:
    try:
        with session_data(session):
            return _decode(rows, end)
    except StoreDataError:
        return None


def _decode(rows: Any, end: Any) -> Entry | None:
    """Return the entry of a row and its end, None without a row. Raises ValueError or LookupError if it is none."""
    for answer in (rows, end):
        if isinstance(answer, Exception):
            raise answer
    if not rows:
        return None
    number, received = entry_number(rows[0][0]), codec.decode(rows[0][1][b"entry"])
    if end is None:
        return Entry(number, received)
    ended, _, finished = end.partition(b" ")
    end_of = codec.decode_end(finished)
    return Entry(number, with_answer(received, end_of), end_of, int(ended))
