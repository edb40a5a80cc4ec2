"""State of one session in the in-memory store."""

from collections import Counter, OrderedDict

from msgspec import Struct, field

from gemulator.state.journal.entry import Entry, Finished, Received, SessionState, Source, counted_as
from gemulator.state.store import UNCHANGED, SessionOverlay, Tally


class Record(Struct):
    """Journal entry that is completed when its answer has ended."""

    number: int
    received: Received
    finished: Finished | None = None
    ended: int = 0

    def entry(self) -> Entry:
        """Return the entry as it is now."""
        return Entry(self.number, self.received, self.finished, self.ended)


class MemorySession(Struct):
    """Counters, meters, journal and overlay of a session. `answers` counts by source, scenario and turn."""

    last_used: float
    used: OrderedDict[str, int] = field(default_factory=OrderedDict)
    meters: OrderedDict[str, tuple[int, float]] = field(default_factory=OrderedDict)
    repeats: OrderedDict[bytes, int] = field(default_factory=OrderedDict)
    records: OrderedDict[int, Record] = field(default_factory=OrderedDict)
    bytes: int = 0
    evicted: int = 0
    answers: OrderedDict[tuple[Source, str, int], int] = field(default_factory=OrderedDict)
    overlay: SessionOverlay = UNCHANGED

    def tally(self) -> Tally:
        """Return the number of evicted entries and of all answers."""
        answers = Counter[str]()
        for kind, times in self.answers.items():
            for name in counted_as(*kind):
                answers[name] += times
        return Tally(self.evicted, answers)

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
