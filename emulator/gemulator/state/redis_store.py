"""State in Redis or Valkey, shared by workers and replicas. One server, or a primary with replicas: no cluster."""

import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from msgspec.structs import replace

from gemulator.service.quotas import Charge
from gemulator.state import serialization as codec
from gemulator.state.journal.entry import ANY, Entry, Event, Filter, Finished, Page, Received, SessionState
from gemulator.state.redis_connection import Connection
from gemulator.state.redis_events import BATCH, RedisEventStream, number_of
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

_FEED = 100_000  # events whose place is known
_OVERLAYS = 256


class RedisStore:
    """Speaks to the server at `url`; connects when first asked. Raises StoreDown within seconds."""

    immediate = False

    def __init__(
        self,
        url: str,
        bounds: StoreLimits | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        prefix: str = "gemulator:",
    ) -> None:
        self._bounds = bounds or StoreLimits()
        self._prefix = prefix
        connection = Connection(url, prefix, monotonic)
        self._redis, self._ask, self._run = connection.client, connection.ask, connection.run
        self._age = max(1, int(self._bounds.age * 1000))
        self._feed = RedisEventStream(connection, prefix, self._one)
        self._known: OrderedDict[int, SessionOverlay] = OrderedDict()

    def _key(self, session: str, name: str) -> str:
        return f"{self._prefix}s:{session}:{name}"

    async def ready(self) -> Sequence[str]:
        try:
            await self._ask(self._redis.ping)
        except StoreDown as error:
            return [str(error)]
        return ()

    async def close(self) -> None:
        await self._redis.aclose()

    # ---- counters

    async def claim(self, session: str, fingerprint: bytes, limits: Sequence[TurnLimit], *, dry: bool = False) -> Claim:
        flat = [word for limit in limits for word in (limit.key, -1 if limit.times is None else limit.times)]
        index, attempt = await self._run(
            "claim", session, fingerprint, int(dry), self._age, self._bounds.repeats, *flat
        )
        return Claim(None if index < 0 else int(index), int(attempt))

    async def charge(self, session: str, charges: Sequence[Charge]) -> int | None:
        flat = [
            word
            for charge in charges
            for word in (
                charge.key,
                charge.amount,
                -1 if charge.limit is None else charge.limit,
                round(charge.seconds * 1000),
                int(charge.renew),
            )
        ]
        refused = int(await self._run("spend", session, self._age, self._bounds.repeats, *flat))
        return None if refused < 0 else refused

    async def counters(self, session: str) -> Mapping[str, int]:
        pipe = self._redis.pipeline(transaction=False)
        pipe.hgetall(self._key(session, "used:older"))
        pipe.hgetall(self._key(session, "used"))
        older, used = await self._ask(pipe.execute)
        return {name.decode(): int(times) for name, times in sorted({**older, **used}.items())}

    # ---- journal

    async def append(self, received: Received) -> int:
        bounds = self._bounds
        return int(
            await self._run(
                "append",
                received.session,
                codec.encode(received),
                received.size,
                self._age,
                bounds.sessions,
                bounds.entries,
                bounds.bytes,
                _FEED,
            )
        )

    async def finish(self, session: str, number: int, finished: Finished) -> None:
        await self._run("finish", session, number, codec.encode_end(finished), self._age, _FEED)

    async def entry(self, number: int) -> Entry | None:
        found = await self._ask(self._redis.xrange, f"{self._prefix}feed", f"{number}-0", f"{number}-0")
        return await self._one(found[0][1][b"session"].decode(), number) if found else None

    async def _one(self, session: str, number: int) -> Entry | None:
        return (await self._fetch([(session, number)]))[0]

    async def _fetch(self, places: Sequence[tuple[str, int]]) -> list[Entry | None]:
        """Entries by session and number; None for each that is not kept."""
        pipe = self._redis.pipeline(transaction=False)
        for session, number in places:
            pipe.xrange(self._key(session, "journal"), f"{number}-0", f"{number}-0")
            pipe.hget(self._key(session, "ends"), str(number))
        answers = await self._ask(pipe.execute)
        return [_entry(rows[0], end) if rows else None for rows, end in zip(answers[::2], answers[1::2], strict=True)]

    async def entries(self, wanted: Filter = ANY, after: int = 0, most: int | None = None) -> Page:
        found: list[Entry] = []
        async for entry in self._kept(wanted.session, after):
            if wanted.fits(entry):
                if most is not None and len(found) == most:
                    return Page(tuple(found), found[-1].number if found else after)
                found.append(entry)
        return Page(tuple(found))

    async def _kept(self, session: str | None, after: int) -> AsyncIterator[Entry]:
        stream = f"{self._prefix}feed" if session is None else self._key(session, "journal")
        while rows := await self._ask(self._redis.xrange, stream, f"({after}", "+", count=BATCH):
            after = number_of(rows[-1][0])
            numbers = [number_of(row) for row, _ in rows]
            if session is None:
                events = zip(numbers, (fields for _, fields in rows), strict=True)
                # Of the two events of an entry the first has its number.
                places = [(one[b"session"].decode(), number) for number, one in events if int(one[b"of"]) == number]
            else:
                places = [(session, number) for number in numbers]
            for entry in await self._fetch(places) if places else ():
                if entry is not None:
                    yield entry

    async def losses(self) -> StoreLosses:
        return StoreLosses(int(await self._ask(self._redis.get, f"{self._prefix}evictions") or 0))

    # ---- events

    def events(self, session: str | None = None, after: int | None = None) -> AsyncIterator[Event]:
        return self._feed.events(session, after)

    # ---- what a session lays over the server's own

    async def overlay(self, session: str) -> SessionOverlay:
        key = self._key(session, "overlay")
        generation = await self._ask(self._redis.hget, key, "generation")
        if generation is None:
            return UNCHANGED
        known = self._known.get(int(generation))
        return known or self._remember(await self._ask(self._redis.hmget, key, "generation", "laid"))

    def _remember(self, fields: Sequence[bytes | None]) -> SessionOverlay:
        generation, laid = fields
        if generation is None or laid is None:
            return UNCHANGED
        choices, published = codec.decode_overlay(laid)
        overlay = self._known[int(generation)] = SessionOverlay(int(generation), published, choices)
        if len(self._known) > _OVERLAYS:
            self._known.popitem(last=False)
        return overlay

    async def _lay(self, session: str, change: Callable[[SessionOverlay], SessionOverlay]) -> bool:
        """Change the overlay in one step; whether it is another now."""
        key = self._key(session, "overlay")
        changed = False

        async def exchange(pipe: Any) -> None:
            nonlocal changed
            before = self._remember(await pipe.hmget(key, "generation", "laid"))
            after = change(before)
            changed = after != before
            pipe.multi()
            if changed:
                laid = codec.encode_overlay(after.settings, after.published)
                # No counter: it would begin anew with a Redis that lost all, and processes remember what it was.
                generation = int.from_bytes(blake2b(laid, digest_size=8).digest(), "big")
                pipe.hset(key, mapping={"generation": generation, "laid": laid})

        await self._ask(self._redis.transaction, exchange, key)
        await self._touch(session)
        return changed

    async def publish(self, session: str, scenario: PushedScenario) -> None:
        def with_it(overlay: SessionOverlay) -> SessionOverlay:
            others = tuple(other for other in overlay.published if other.name != scenario.name)
            return replace(overlay, published=(scenario, *others))

        await self._lay(session, with_it)

    async def withdraw(self, session: str, name: str | None = None) -> bool:
        def without_it(overlay: SessionOverlay) -> SessionOverlay:
            left = tuple(other for other in overlay.published if name not in {None, other.name})
            return replace(overlay, published=left)

        return await self._lay(session, without_it)

    async def configure(self, session: str, choices: SessionSettings) -> None:
        await self._lay(session, lambda overlay: replace(overlay, settings=choices))

    # ---- sessions

    async def _touch(self, session: str) -> None:
        await self._run("touch", session, self._age, self._bounds.sessions)

    async def open(self, name: str | None = None) -> str:
        if name is None:
            name = f"session-{await self._ask(self._redis.incr, f'{self._prefix}names')}"
        await self._touch(name)
        return name

    async def sessions(self) -> Sequence[SessionState]:
        await self._touch(DEFAULT)
        seconds, micros = await self._ask(self._redis.time)
        listed = await self._ask(self._redis.zrange, f"{self._prefix}sessions", 0, -1, withscores=True)
        names = sorted((name.decode(), (seconds * 1000 + micros / 1000 - touched) / 1000) for name, touched in listed)
        return [await self._state(name, max(0.0, idle)) for name, idle in names]

    async def _state(self, name: str, idle: float) -> SessionState:
        pipe = self._redis.pipeline(transaction=False)
        pipe.xlen(self._key(name, "journal"))
        pipe.hget(f"{self._prefix}sizes", name)
        pipe.hget(f"{self._prefix}evicted", name)
        entries, size, evicted = await self._ask(pipe.execute)
        published = len((await self.overlay(name)).published)
        counters = await self.counters(name)
        return SessionState(name, entries, int(size or 0), int(evicted or 0), published, idle, counters)

    async def reset(self, session: str) -> None:
        await self._run("reset", session)

    async def drop(self, session: str) -> bool:
        return bool(await self._run("drop", session))


def _entry(row: tuple[bytes, Mapping[bytes, bytes]], end: bytes | None) -> Entry:
    number, received = number_of(row[0]), codec.decode(row[1][b"entry"])
    if end is None:
        return Entry(number, received)
    ended, _, finished = end.partition(b" ")
    return Entry(number, received, codec.decode_end(finished), int(ended))
