"""In-memory store."""

import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import count, islice

from msgspec.structs import replace

from gemulator.service.quotas import Charge, apply_charges
from gemulator.state.journal.entry import ANY, Entry, Event, Filter, Finished, Page, Received, SessionState, events_of
from gemulator.state.memory_session import LostSessions, MemorySession, Record, put_bounded
from gemulator.state.store import (
    ENDED_SCENARIO,
    EVERYONE,
    LASTING,
    UNCHANGED,
    Claim,
    PushedScenario,
    SessionOverlay,
    SessionSettings,
    StoreLimits,
    StoreLosses,
    Tally,
    TurnLimit,
)
from gemulator.state.subscribers import Subscribers

_MAX_OVERLAYS = 256  # cached


class MemoryStore:
    """Default store, used from one event loop. `monotonic` is the clock for idle sessions."""

    immediate = True

    def __init__(self, limits: StoreLimits | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits or StoreLimits()
        self._monotonic = monotonic
        self._sessions: OrderedDict[str, MemorySession] = OrderedDict()
        self._numbers = count(1)
        generations = count(1)
        self._shared_overlay = lru_cache(_MAX_OVERLAYS)(
            lambda published, settings: SessionOverlay(next(generations), published, settings)
        )
        self._names = count(1)
        self._subscribers = Subscribers()
        self._bytes = 0
        self._evicted = 0
        self._late_evicted = 0
        self._lost = LostSessions()

    # ---- sessions

    def _session(self, name: str) -> MemorySession:
        """Return the session and update its last use; create it if it does not exist or has expired."""
        now = self._monotonic()
        session = self._sessions.get(name)
        if session is not None and (now - session.last_used <= self._limits.age or name in LASTING):
            session.last_used = now
            self._sessions.move_to_end(name)
            return session
        self._evict(name)
        session = self._sessions[name] = MemorySession(now, lost=name in self._lost)
        self._evict_idle(now)
        return session

    def _evict_idle(self, now: float) -> None:
        while idle := next((item for item in self._sessions.items() if item[0] not in LASTING), None):
            name, session = idle
            if len(self._sessions) <= self._limits.sessions and now - session.last_used <= self._limits.age:
                return
            self._evict(name)

    def _evict(self, name: str) -> None:
        """Remove a session, if it exists, and remember that its evidence is gone."""
        session = self._sessions.get(name)
        if session is not None:
            for record in session.records.values():
                self._count_eviction(record)
            if session.has_evidence:
                self._lost.add(name)
        self._remove(name)

    def _count_eviction(self, record: Record) -> None:
        self._evicted += 1
        if record.received.exchange.scenario == ENDED_SCENARIO:
            self._late_evicted = max(self._late_evicted, record.number)

    def _remove(self, name: str) -> bool:
        if (session := self._sessions.pop(name, None)) is not None:
            self._bytes -= session.bytes
        return session is not None

    async def open(self, name: str | None = None) -> str:
        if name is None:
            name = next(name for number in self._names if (name := f"session-{number}") not in self._sessions)
        self._session(name)
        return name

    async def exists(self, session: str) -> bool:
        return session in self._sessions or session in LASTING

    async def sessions(self) -> Sequence[SessionState]:
        now = self._monotonic()
        self._evict_idle(now)
        return [session.state(name, now) for name, session in sorted(self._sessions.items())]

    async def reset(self, session: str) -> None:
        self._lost.discard(session)
        state = self._sessions.get(session)
        if state is not None:
            self._bytes -= state.bytes
            self._sessions[session] = MemorySession(state.last_used, overlay=state.overlay)

    async def drop(self, session: str) -> bool:
        self._lost.discard(session)
        return self._remove(session)

    # ---- counters

    async def claim(self, session: str, fingerprint: bytes, limits: Sequence[TurnLimit], *, dry: bool = False) -> Claim:
        state = self._sessions.get(session) or self._session(session)
        repeats, used = state.repeats, state.used
        attempt = repeats.get(fingerprint, 0)
        chosen = None
        for index, limit in enumerate(limits):
            if limit.times is None or used.get(limit.key, 0) < limit.times:
                chosen = index
                break
        if not dry and (chosen is None or limits[chosen].counts):
            repeats[fingerprint] = attempt + 1
            if attempt:
                repeats.move_to_end(fingerprint)
            elif len(repeats) > self._limits.repeats:
                repeats.popitem(last=False)
            if chosen is not None and limits[chosen].times is not None:
                turn = limits[chosen].key
                state.uncounted |= put_bounded(used, turn, used.get(turn, 0) + 1, self._limits.repeats)
        return Claim(chosen, attempt)

    async def unclaim(self, session: str, turn: str) -> None:
        if (state := self._sessions.get(session)) is not None:
            await self.set_counter(session, turn, state.used.get(turn, 0) - 1)

    async def set_counter(self, session: str, turn: str, used: int) -> None:
        state = self._session(session)
        state.used.pop(turn, None)
        if used > 0:
            state.uncounted |= put_bounded(state.used, turn, used, self._limits.repeats)

    async def reset_counters(self, session: str) -> None:
        if (state := self._sessions.get(session)) is not None:
            state.used.clear()
            state.repeats.clear()

    async def counters(self, session: str) -> Mapping[str, int]:
        state = self._sessions.get(session)
        return dict(state.used) if state else {}

    async def charge(self, session: str, charges: Sequence[Charge]) -> int | None:
        meters = self._session(session).meters
        after = apply_charges(meters, charges, self._monotonic())
        if isinstance(after, int):
            return after
        for key, meter in after.items():
            put_bounded(meters, key, meter, self._limits.repeats)
        return None

    # ---- journal

    async def append(self, received: Received) -> int:
        state = self._sessions.get(received.session) or self._session(received.session)
        number = next(self._numbers)
        record = state.records[number] = Record(number, received)
        answers, exchange = state.answers, received.exchange
        size = received.size if exchange.body.tools is None else state.hold(received)
        state.bytes += size
        self._bytes += size
        kind = (exchange.source, exchange.scenario, exchange.turn)
        answers[kind] = answers.get(kind, 0) + 1
        if len(answers) > self._limits.repeats:
            answers.popitem(last=False)
            state.uncounted = True
        if len(state.records) > self._limits.entries or self._bytes > self._limits.bytes:
            self._trim(state)
        if self._subscribers:
            self._subscribers.publish(Event(number, "received", record.entry()))
        return number

    def _trim(self, state: MemorySession) -> None:
        limits = self._limits
        while len(state.records) > 1 and (len(state.records) > limits.entries or self._bytes > limits.bytes):
            _, oldest = state.records.popitem(last=False)
            size = state.release(oldest.received)
            state.bytes -= size
            self._bytes -= size
            state.evicted += 1
            self._count_eviction(oldest)

    async def finish(self, session: str, number: int, finished: Finished) -> None:
        state = self._sessions.get(session)
        record = state.records.get(number) if state else None
        if state is not None and record is not None:
            if finished.answer is not None:  # of an upstream: it was not known before
                self._bytes += state.complete(record, finished)
                self._trim(state)
            record.finished, record.ended = finished, next(self._numbers)
            if self._subscribers:
                self._subscribers.publish(Event(record.ended, "finished", record.entry()))

    async def entry(self, number: int) -> Entry | None:
        holders = (session.records for session in self._sessions.values() if number in session.records)
        return next((records[number].entry() for records in holders), None)

    async def entries(self, entry_filter: Filter = ANY, after: int = 0, limit: int | None = None) -> Page:
        entries = (entry for entry in self._entries(entry_filter.session) if entry.number > after)
        found = tuple(islice(filter(entry_filter.matches, entries), None if limit is None else limit + 1))
        if limit is None or len(found) <= limit:
            return Page(found)
        return Page(found[:limit], found[limit - 1].number)

    def _entries(self, session: str | None) -> Iterable[Entry]:
        """Return the entries of a session, or of all sessions, in arrival order."""
        if session is not None:
            known = self._sessions.get(session)
            return [record.entry() for record in known.records.values()] if known else ()
        records = [record for state in self._sessions.values() for record in state.records.values()]
        return (record.entry() for record in sorted(records, key=lambda record: record.number))

    async def tally(self, session: str) -> Tally:
        state = self._sessions.get(session)
        return state.tally() if state else Tally(lost=self._lost.may_have(session))

    async def count_sessions(self) -> int:
        return len(self._sessions)

    async def losses(self) -> StoreLosses:
        return StoreLosses(self._evicted, late=self._late_evicted)

    # ---- events

    async def events(self, session: str | None = None, after: int | None = None) -> AsyncIterator[Event]:
        with self._subscribers.subscribe(session) as subscriber:
            if after is not None:
                # Numbers only: a reader that stops reading must not hold entries that the journal has evicted.
                past = ((event.number, entry) for entry in self._entries(session) for event in events_of(entry))
                numbers = sorted((at, entry.received.session, entry.number) for at, entry in past if at > after)
                for at, of_session, number in numbers:
                    after = at
                    if (event := self._event(at, of_session, number)) is not None:
                        yield event
            while True:
                yield await subscriber.next_after(after or 0)

    def _event(self, at: int, session: str, number: int) -> Event | None:
        """Return the event of an entry, None if the entry was evicted."""
        state = self._sessions.get(session)
        record = state.records.get(number) if state else None
        return next((event for event in (events_of(record.entry()) if record else ()) if event.number == at), None)

    # ---- overlays

    async def overlay(self, session: str) -> SessionOverlay:
        return self._session(session).overlay if session in self._sessions else UNCHANGED

    async def overlays(self, session: str) -> tuple[SessionOverlay, SessionOverlay]:
        sessions = self._sessions
        return (
            self._session(session).overlay if session in sessions else UNCHANGED,
            self._session(EVERYONE).overlay if EVERYONE in sessions else UNCHANGED,
        )

    def _set_overlay(self, session: str, overlay: SessionOverlay) -> None:
        """Set a session's overlay; equal overlays share a generation, and so the engine's caches for it."""
        self._session(session).overlay = self._shared_overlay(overlay.published, overlay.settings)

    async def publish(self, session: str, scenario: PushedScenario) -> None:
        overlay = await self.overlay(session)
        self._set_overlay(session, replace(overlay, published=overlay.published_with(scenario)))

    async def withdraw(self, session: str, name: str | None = None) -> bool:
        overlay = await self.overlay(session)
        remaining = tuple(other for other in overlay.published if name not in {None, other.name})
        if remaining == overlay.published:
            return False
        self._set_overlay(session, replace(overlay, published=remaining))
        return True

    async def configure(self, session: str, settings: SessionSettings) -> None:
        self._set_overlay(session, replace(await self.overlay(session), settings=settings))

    # ---- health

    async def ready(self) -> Sequence[str]:
        return ()

    async def close(self) -> None:
        return None
