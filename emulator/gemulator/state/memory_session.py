"""State of one session in the in-memory store."""

from collections import Counter, OrderedDict
from typing import TypeVar

from msgspec import Struct, field

from gemulator.state.journal.body import ToolList
from gemulator.state.journal.entry import Entry, Finished, Received, SessionState, Source, counted_as, with_answer
from gemulator.state.store import DEFAULT, UNCHANGED, SessionOverlay, Tally

_MAX_LOST = 10_000

_Value = TypeVar("_Value")


class Record(Struct):
    """Journal entry that is completed when its answer has ended."""

    number: int
    received: Received
    finished: Finished | None = None
    ended: int = 0

    def entry(self) -> Entry:
        """Return the entry as it is now."""
        return Entry(self.number, self.received, self.finished, self.ended)


class LostSessions:
    """Names of sessions that were evicted with their evidence, at most `_MAX_LOST` of them."""

    def __init__(self) -> None:
        self._names: OrderedDict[str, None] = OrderedDict()
        self._has_forgotten = False

    def add(self, name: str) -> None:
        """Remember a name; forget the oldest one above the limit."""
        self._names[name] = None
        if len(self._names) > _MAX_LOST:
            self._names.popitem(last=False)
            self._has_forgotten = True

    def discard(self, name: str) -> None:
        """Forget a name whose session begins anew."""
        self._names.pop(name, None)

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def may_have(self, name: str) -> bool:
        """Return True if a session that does not exist was evicted, or if that is not known any more."""
        return name != DEFAULT and (name in self._names or self._has_forgotten)


class MemorySession(Struct):
    """Counters, meters, journal and overlay of a session. `answers` counts by source, scenario and turn.

    `holders` counts the entries with each list of tools.
    """

    last_used: float
    used: OrderedDict[str, int] = field(default_factory=OrderedDict)
    meters: OrderedDict[str, tuple[int, float]] = field(default_factory=OrderedDict)
    repeats: OrderedDict[bytes, int] = field(default_factory=OrderedDict)
    records: OrderedDict[int, Record] = field(default_factory=OrderedDict)
    bytes: int = 0
    evicted: int = 0
    answers: OrderedDict[tuple[Source, str, int], int] = field(default_factory=OrderedDict)
    overlay: SessionOverlay = UNCHANGED
    lost: bool = False
    uncounted: bool = False
    holders: Counter[ToolList] = field(default_factory=Counter)

    def hold(self, received: Received) -> int:
        """Return the bytes that an entry adds; tools that an earlier entry has as well count once."""
        size, tools = received.size, received.exchange.body.tools
        if tools is not None:
            size += 0 if self.holders[tools] else len(tools.data)
            self.holders[tools] += 1
        return size

    def release(self, received: Received) -> int:
        """Return the bytes that are free without an entry."""
        size, tools = received.size, received.exchange.body.tools
        if tools is not None:
            self.holders[tools] -= 1
            if not self.holders[tools]:
                del self.holders[tools]
                size += len(tools.data)
        return size

    def complete(self, record: Record, finished: Finished) -> int:
        """Add the answer of an upstream to its entry. Return its size."""
        received = with_answer(record.received, finished)
        size = received.size - record.received.size
        self.bytes += size
        record.received = received
        return size

    @property
    def has_evidence(self) -> bool:
        """Return True if something would be missed in this session if it was evicted."""
        return bool(self.answers or self.used or self.lost)

    def tally(self) -> Tally:
        """Return the number of evicted entries and of all answers."""
        answers = Counter[str]()
        for kind, times in self.answers.items():
            for name in counted_as(*kind):
                answers[name] += times
        return Tally(self.evicted, answers, self.lost, uncounted=self.uncounted)

    def state(self, name: str, now: float) -> SessionState:
        """Return the statistics of the session with this name."""
        return SessionState(
            name=name,
            entries=len(self.records),
            bytes=self.bytes,
            evicted=self.evicted,
            published=len(self.overlay.published),
            idle=max(0.0, now - self.last_used),
            counters=dict(self.used),
        )


def put_bounded(values: OrderedDict[str, _Value], key: str, value: _Value, limit: int) -> bool:
    """Set a value and evict the oldest one above the limit, because clients may invent any number of keys.

    Return True if one was evicted.
    """
    values[key] = value
    values.move_to_end(key)
    if len(values) <= limit:
        return False
    values.popitem(last=False)
    return True
