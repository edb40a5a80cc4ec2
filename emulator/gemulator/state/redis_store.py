"""Store in Redis or Valkey, shared by workers and replicas."""

import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from msgspec.structs import replace

from gemulator.service.quotas import Charge
from gemulator.state import serialization as codec
from gemulator.state.journal.entry import ANY, Entry, Event, Filter, Finished, Page, Received, SessionState
from gemulator.state.redis_connection import RedisConnection
from gemulator.state.redis_events import BATCH, RedisEventStream, entry_number
from gemulator.state.store import (
    DEFAULT,
    UNCHANGED,
    Claim,
    PushedScenario,
    SessionOverlay,
    SessionSettings,
    StoreDown,
    StoreLimits,
    StoreLosses,
    TurnLimit,
)

_MAX_FEED = 100_000  # events in the feed
_MAX_OVERLAYS = 256


class RedisStore:
    """Store on the server at `url`: a single one, or a primary with replicas; clusters are not supported.

    Connects on first use. Raises StoreDown within seconds if the server does not respond.
    """

    immediate = False

    def __init__(
        self,
        url: str,
        limits: StoreLimits | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        prefix: str = "gemulator:",
    ) -> None:
        self._limits = limits or StoreLimits()
        self._prefix = prefix
        connection = RedisConnection(url, prefix, monotonic)
        self._redis, self._execute, self._run_script = connection.client, connection.execute, connection.run_script
        self._age = max(1, int(self._limits.age * 1000))
        self._feed = RedisEventStream(connection, prefix, self._find_entry)
        self._overlays: OrderedDict[int, SessionOverlay] = OrderedDict()

    def _key(self, session: str, name: str) -> str:
        return f"{self._prefix}s:{session}:{name}"

    async def ready(self) -> Sequence[str]:
        try:
            await self._execute(self._redis.ping)
        except StoreDown as error:
            return [str(error)]
        return ()

    async def close(self) -> None:
        await self._redis.aclose()

    # ---- counters

    async def claim(self, session: str, fingerprint: bytes, limits: Sequence[TurnLimit], *, dry: bool = False) -> Claim:
        arguments = [value for limit in limits for value in (limit.key, -1 if limit.times is None else limit.times)]
        index, attempt = await self._run_script(
            "claim", session, fingerprint, int(dry), self._age, self._limits.repeats, *arguments
        )
        return Claim(None if index < 0 else int(index), int(attempt))

    async def charge(self, session: str, charges: Sequence[Charge]) -> int | None:
        arguments = [
            value
            for charge in charges
            for value in (
                charge.key,
                charge.amount,
                -1 if charge.limit is None else charge.limit,
                round(charge.seconds * 1000),
                int(charge.renew),
            )
        ]
        refused = int(await self._run_script("charge", session, self._age, self._limits.repeats, *arguments))
        return None if refused < 0 else refused

    async def counters(self, session: str) -> Mapping[str, int]:
        pipe = self._redis.pipeline(transaction=False)
        pipe.hgetall(self._key(session, "used:older"))
        pipe.hgetall(self._key(session, "used"))
        older, used = await self._execute(pipe.execute)
        return {name.decode(): int(times) for name, times in sorted({**older, **used}.items())}

    # ---- journal

    async def append(self, received: Received) -> int:
        limits = self._limits
        return int(
            await self._run_script(
                "append",
                received.session,
                codec.encode(received),
                received.size,
                self._age,
                limits.sessions,
                limits.entries,
                limits.bytes,
                _MAX_FEED,
            )
        )

    async def finish(self, session: str, number: int, finished: Finished) -> None:
        await self._run_script("finish", session, number, codec.encode_end(finished), self._age, _MAX_FEED)

    async def entry(self, number: int) -> Entry | None:
        found = await self._execute(self._redis.xrange, f"{self._prefix}feed", f"{number}-0", f"{number}-0")
        return await self._find_entry(found[0][1][b"session"].decode(), number) if found else None

    async def _find_entry(self, session: str, number: int) -> Entry | None:
        return (await self._fetch([(session, number)]))[0]

    async def _fetch(self, ids: Sequence[tuple[str, int]]) -> list[Entry | None]:
        """Return entries by session and number; None for each that is not in the journal."""
        pipe = self._redis.pipeline(transaction=False)
        for session, number in ids:
            pipe.xrange(self._key(session, "journal"), f"{number}-0", f"{number}-0")
            pipe.hget(self._key(session, "ends"), str(number))
        answers = await self._execute(pipe.execute)
        return [
            _decode_entry(rows[0], end) if rows else None for rows, end in zip(answers[::2], answers[1::2], strict=True)
        ]

    async def entries(self, entry_filter: Filter = ANY, after: int = 0, limit: int | None = None) -> Page:
        found: list[Entry] = []
        async for entry in self._entries(entry_filter.session, after):
            if entry_filter.matches(entry):
                if limit is not None and len(found) == limit:
                    return Page(tuple(found), found[-1].number if found else after)
                found.append(entry)
        return Page(tuple(found))

    async def _entries(self, session: str | None, after: int) -> AsyncIterator[Entry]:
        stream = f"{self._prefix}feed" if session is None else self._key(session, "journal")
        while rows := await self._execute(self._redis.xrange, stream, f"({after}", "+", count=BATCH):
            after = entry_number(rows[-1][0])
            numbers = [entry_number(row) for row, _ in rows]
            if session is None:
                events = zip(numbers, (fields for _, fields in rows), strict=True)
                # The first of an entry's two events has the entry's number.
                ids = [(one[b"session"].decode(), number) for number, one in events if int(one[b"of"]) == number]
            else:
                ids = [(session, number) for number in numbers]
            for entry in await self._fetch(ids) if ids else ():
                if entry is not None:
                    yield entry

    async def losses(self) -> StoreLosses:
        return StoreLosses(int(await self._execute(self._redis.get, f"{self._prefix}evictions") or 0))

    # ---- events

    def events(self, session: str | None = None, after: int | None = None) -> AsyncIterator[Event]:
        return self._feed.events(session, after)

    # ---- overlays

    async def overlay(self, session: str) -> SessionOverlay:
        key = self._key(session, "overlay")
        generation = await self._execute(self._redis.hget, key, "generation")
        if generation is None:
            return UNCHANGED
        known = self._overlays.get(int(generation))
        return known or self._cache_overlay(await self._execute(self._redis.hmget, key, "generation", "laid"))

    def _cache_overlay(self, fields: Sequence[bytes | None]) -> SessionOverlay:
        generation, laid = fields
        if generation is None or laid is None:
            return UNCHANGED
        settings, published = codec.decode_overlay(laid)
        overlay = self._overlays[int(generation)] = SessionOverlay(int(generation), published, settings)
        if len(self._overlays) > _MAX_OVERLAYS:
            self._overlays.popitem(last=False)
        return overlay

    async def _update_overlay(self, session: str, change: Callable[[SessionOverlay], SessionOverlay]) -> bool:
        """Change the overlay in one transaction; return True if it is different now."""
        key = self._key(session, "overlay")
        changed = False

        async def exchange(pipe: Any) -> None:
            nonlocal changed
            before = self._cache_overlay(await pipe.hmget(key, "generation", "laid"))
            after = change(before)
            changed = after != before
            pipe.multi()
            if changed:
                laid = codec.encode_overlay(after.settings, after.published)
                # A hash, because a counter would restart after a flush and match stale cache entries.
                generation = int.from_bytes(blake2b(laid, digest_size=8).digest(), "big")
                pipe.hset(key, mapping={"generation": generation, "laid": laid})

        await self._execute(self._redis.transaction, exchange, key)
        await self._touch(session)
        return changed

    async def publish(self, session: str, scenario: PushedScenario) -> None:
        def add(overlay: SessionOverlay) -> SessionOverlay:
            others = tuple(other for other in overlay.published if other.name != scenario.name)
            return replace(overlay, published=(scenario, *others))

        await self._update_overlay(session, add)

    async def withdraw(self, session: str, name: str | None = None) -> bool:
        def remove(overlay: SessionOverlay) -> SessionOverlay:
            remaining = tuple(other for other in overlay.published if name not in {None, other.name})
            return replace(overlay, published=remaining)

        return await self._update_overlay(session, remove)

    async def configure(self, session: str, settings: SessionSettings) -> None:
        await self._update_overlay(session, lambda overlay: replace(overlay, settings=settings))

    # ---- sessions

    async def _touch(self, session: str) -> None:
        await self._run_script("touch", session, self._age, self._limits.sessions)

    async def open(self, name: str | None = None) -> str:
        if name is None:
            name = f"session-{await self._execute(self._redis.incr, f'{self._prefix}names')}"
        await self._touch(name)
        return name

    async def sessions(self) -> Sequence[SessionState]:
        await self._touch(DEFAULT)
        seconds, micros = await self._execute(self._redis.time)
        rows = await self._execute(self._redis.zrange, f"{self._prefix}sessions", 0, -1, withscores=True)
        now = seconds * 1000 + micros / 1000
        names = sorted((name.decode(), (now - last_used) / 1000) for name, last_used in rows)
        return [await self._state(name, max(0.0, idle)) for name, idle in names]

    async def _state(self, name: str, idle: float) -> SessionState:
        pipe = self._redis.pipeline(transaction=False)
        pipe.xlen(self._key(name, "journal"))
        pipe.hget(f"{self._prefix}sizes", name)
        pipe.hget(f"{self._prefix}evicted", name)
        entries, size, evicted = await self._execute(pipe.execute)
        published = len((await self.overlay(name)).published)
        counters = await self.counters(name)
        return SessionState(name, entries, int(size or 0), int(evicted or 0), published, idle, counters)

    async def reset(self, session: str) -> None:
        await self._run_script("reset", session)

    async def drop(self, session: str) -> bool:
        return bool(await self._run_script("drop", session))


def _decode_entry(row: tuple[bytes, Mapping[bytes, bytes]], end: bytes | None) -> Entry:
    number, received = entry_number(row[0]), codec.decode(row[1][b"entry"])
    if end is None:
        return Entry(number, received)
    ended, _, finished = end.partition(b" ")
    return Entry(number, received, codec.decode_end(finished), int(ended))
