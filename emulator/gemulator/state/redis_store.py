"""Store in Redis or Valkey, shared by workers and replicas."""

import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from msgspec.structs import replace

from gemulator.service.quotas import Charge
from gemulator.state import serialization as codec
from gemulator.state.journal.entry import ANY, Entry, Event, Filter, Finished, Page, Received, SessionState, counted_as
from gemulator.state.redis_connection import RedisConnection
from gemulator.state.redis_errors import PREFIX, global_data, session_data
from gemulator.state.redis_events import RedisEventStream
from gemulator.state.redis_journal import RedisJournal
from gemulator.state.store import (
    DEFAULT,
    EVERYONE,
    LASTING,
    UNCHANGED,
    Claim,
    PushedScenario,
    SessionOverlay,
    SessionSettings,
    StoreDataError,
    StoreDown,
    StoreLimits,
    StoreLosses,
    Tally,
    TurnLimit,
)

_MAX_WHOLE = 2**53  # Lua counts exactly up to it
_MAX_FEED = 100_000  # events in the feed
_MAX_OVERLAYS = 256


class RedisStore:
    """Store on the server at `url`: a single one, or a primary with replicas; clusters are not supported.

    Connects on first use. Raises StoreDown within seconds if the server does not respond, StoreDataError for a session
    whose keys another program wrote.
    """

    immediate = False

    def __init__(
        self,
        url: str,
        limits: StoreLimits | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        prefix: str = PREFIX,
    ) -> None:
        self._limits = limits or StoreLimits()
        self._prefix = prefix
        connection = RedisConnection(url, prefix, monotonic)
        self._redis, self._execute, self._connection = connection.client, connection.execute, connection
        self._age = max(1, int(self._limits.age * 1000))
        self._journal = RedisJournal(connection, prefix)
        self._feed = RedisEventStream(connection, prefix, self._journal)
        self._overlays: OrderedDict[int, SessionOverlay] = OrderedDict()

    async def _run_script(self, verb: str, session: str, *arguments: str | bytes | int) -> Any:
        with session_data(session):
            return await self._connection.run_script(verb, session, *arguments)

    def _key(self, session: str, name: str) -> str:
        return f"{self._prefix}s:{session}:{name}"

    async def ready(self) -> Sequence[str]:
        try:
            with global_data("probe"):
                await self._connection.run_script("check", "")
        except StoreDown as error:
            return [str(error)]
        return ()

    async def close(self) -> None:
        await self._redis.aclose()

    # ---- counters

    async def claim(self, session: str, fingerprint: bytes, limits: Sequence[TurnLimit], *, dry: bool = False) -> Claim:
        arguments = [
            value
            for limit in limits
            for value in (limit.key, -1 if limit.times is None else limit.times, int(limit.counts))
        ]
        with session_data(session):
            index, attempt = await self._run_script(
                "claim", session, fingerprint, int(dry), self._age, self._limits.repeats, *arguments
            )
            return Claim(None if index < 0 else int(index), int(attempt))

    async def unclaim(self, session: str, turn: str) -> None:
        await self._run_script("unclaim", session, turn, self._age, self._limits.repeats)

    async def set_counter(self, session: str, turn: str, used: int) -> None:
        await self._run_script("set_counter", session, turn, used, self._age, self._limits.repeats)

    async def reset_counters(self, session: str) -> None:
        await self._run_script("reset_counters", session)

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
        with session_data(session):
            refused = int(await self._run_script("charge", session, self._age, self._limits.repeats, *arguments))
        return None if refused < 0 else refused

    async def counters(self, session: str) -> Mapping[str, int]:
        return await self._counts(session, "used")

    async def _counts(self, session: str, name: str) -> Mapping[str, int]:
        """Return the fields of a hash and of its older half."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.hgetall(self._key(session, f"{name}:older"))
        pipe.hgetall(self._key(session, name))
        with session_data(session):
            older, newer = await self._execute(pipe.execute)
            return {field.decode(): int(times) for field, times in sorted({**older, **newer}.items())}

    # ---- journal

    async def tally(self, session: str) -> Tally:
        with global_data("evicted"):
            evicted = _whole(await self._execute(self._redis.hget, f"{self._prefix}evicted", session))
        with session_data(session):
            lost, missed, uncounted = await self._run_script("gaps", session)
        answers = await self._counts(session, "answers")
        return Tally(evicted, answers, bool(lost), missed, bool(uncounted))

    async def note_missed(self, session: str, answers: int) -> None:
        """Note answers that could not be journaled."""
        await self._run_script("miss", session, answers, self._age)

    async def append(self, received: Received) -> int:
        limits = self._limits
        bounds = (self._age, limits.sessions, limits.entries, limits.bytes, _MAX_FEED, limits.repeats)
        entry, exchange = codec.encode(received), received.exchange
        kinds = counted_as(exchange.source, exchange.scenario, exchange.turn)
        tools = exchange.body.tools  # stored with each entry
        size = received.size + (len(tools.data) if tools else 0)
        with session_data(received.session):
            return int(await self._run_script("append", received.session, entry, size, *bounds, *kinds))

    async def finish(self, session: str, number: int, finished: Finished) -> None:
        await self._run_script("finish", session, number, codec.encode_end(finished), self._age, _MAX_FEED)

    async def entry(self, number: int) -> Entry | None:
        return await self._journal.entry(number)

    async def entries(self, entry_filter: Filter = ANY, after: int = 0, limit: int | None = None) -> Page:
        return await self._journal.entries(entry_filter, after, limit)

    async def count_sessions(self) -> int:
        with global_data("sessions"):
            return _whole(await self._execute(self._redis.zcard, f"{self._prefix}sessions"))

    async def losses(self) -> StoreLosses:
        with global_data("evictions"):
            evicted, late = await self._execute(self._redis.mget, f"{self._prefix}evictions", f"{self._prefix}late")
            return StoreLosses(_whole(evicted), late=_whole(late))

    # ---- events

    def events(self, session: str | None = None, after: int | None = None) -> AsyncIterator[Event]:
        return self._feed.events(session, after)

    # ---- overlays

    async def overlay(self, session: str) -> SessionOverlay:
        key = self._key(session, "overlay")
        with session_data(session):
            generation = await self._execute(self._redis.hget, key, "generation")
            if generation is None:
                return UNCHANGED
            known = self._overlays.get(int(generation))
            return known or self._cache_overlay(await self._execute(self._redis.hmget, key, "generation", "laid"))

    async def overlays(self, session: str) -> tuple[SessionOverlay, SessionOverlay]:
        return await self.overlay(session), await self.overlay(EVERYONE)

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

        with session_data(session):
            await self._execute(self._redis.transaction, exchange, key)
        await self._touch(session)
        return changed

    async def publish(self, session: str, scenario: PushedScenario) -> None:
        def add(overlay: SessionOverlay) -> SessionOverlay:
            return replace(overlay, published=overlay.published_with(scenario))

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
            with global_data("names"):
                name = f"session-{await self._execute(self._redis.incr, f'{self._prefix}names')}"
        await self._touch(name)
        return name

    async def exists(self, session: str) -> bool:
        if session in LASTING:
            return True
        with global_data("sessions"):
            return await self._execute(self._redis.zscore, f"{self._prefix}sessions", session) is not None

    async def sessions(self) -> Sequence[SessionState]:
        await self._touch(DEFAULT)
        with global_data("sessions"):
            seconds, micros = await self._execute(self._redis.time)
            rows = await self._execute(self._redis.zrange, f"{self._prefix}sessions", 0, -1, withscores=True)
            now = seconds * 1000 + micros / 1000
            names = sorted((name.decode("utf-8", "replace"), (now - last_used) / 1000) for name, last_used in rows)
        return [await self._state(name, max(0.0, idle)) for name, idle in names]

    async def _state(self, name: str, idle: float) -> SessionState:
        pipe = self._redis.pipeline(transaction=False)
        pipe.xlen(self._key(name, "journal"))
        pipe.hget(f"{self._prefix}sizes", name)
        pipe.hget(f"{self._prefix}evicted", name)
        try:
            with session_data(name):
                entries, size, evicted = await self._execute(pipe.execute)
                published = len((await self.overlay(name)).published)
                counters = await self.counters(name)
                return SessionState(name, entries, int(size or 0), int(evicted or 0), published, idle, counters)
        except StoreDataError as error:
            return SessionState(name, 0, 0, 0, 0, idle, problem=f"{error}. {error.remedy}")

    async def reset(self, session: str) -> None:
        await self._run_script("reset", session)

    async def drop(self, session: str) -> bool:
        return bool(await self._run_script("drop", session))


def _whole(value: bytes | None) -> int:
    """Return a count, 0 for none. Raise ValueError if it is larger than those that scripts write."""
    number = int(value or 0)
    if not 0 <= number <= _MAX_WHOLE:
        raise ValueError("not a count")
    return number
