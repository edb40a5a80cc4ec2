"""Journal entries and their events."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from gemulator.core.errors import NearMiss
from gemulator.core.plan import Usage
from gemulator.delivery.live_steps import UpstreamEnd
from gemulator.delivery.sent_events import status_of
from gemulator.delivery.steps import Chunk, Delivery, Head, Step
from gemulator.state.journal.body import Body
from gemulator.state.journal.redaction import elide_media

Outcome = Literal["completed", "client gone", "cut", "failed"]
Source = Literal["turn", "generated", "forwarded", "recorded", "unmatched", "unsatisfiable", "refused"]

UNREAD_BODY = Body(b"", 0, cut=True)  # of a request that is refused before its body is read


class Exchange(Struct, frozen=True, gc=False):
    """Request and the choice of its answer; equal repeats share one object.

    `source` is the origin of the answer: a turn of a scenario or one of the alternatives. `scenario` is empty and
    `turn` 0 unless a turn answered. `status` is that of the head after faults, 0 if they let none through. `nearest`
    lists the near misses of an unmatched request, and of a generated answer whose body is too large to be stored whole;
    those of other entries are computed when they are read. `tolerated` are refusals of the service that were not made
    because of the strictness, `hint` says of a refusal what the client did and how to go on, `refusal` is its name if
    it is the service's, `quota` that of the exhausted quota.
    """

    method: str
    path: str
    model: str
    body: Body
    status: int
    source: Source
    stream: bool = False
    scenario: str = ""
    turn: int = 0
    usage: Usage | None = None
    nearest: Sequence[NearMiss] = ()
    tolerated: Sequence[str] = ()
    hint: str = ""
    refusal: str = ""
    quota: str = ""

    @property
    def is_refused(self) -> bool:
        """Return True if the service refused the request: no turn's own reply was sent."""
        return self.source in {"refused", "unsatisfiable"}


def counted_as(source: Source, scenario: str, turn: int) -> Sequence[str]:
    """Return the names under which an answer is counted for its session: its source and the turn that gave it."""
    return (source, f"{scenario}/{turn}") if source == "turn" else (source,)


class Received(Struct, frozen=True, gc=False):
    """Arrival of a request, recorded before the answer is sent. `at` is in Unix seconds, `size` in stored bytes."""

    at: float
    session: str
    attempt: int
    exchange: Exchange
    headers: Mapping[bytes, bytes]
    delivery: Delivery
    size: int


class Finished(Struct, frozen=True, gc=False):
    """End of a delivery. Times are in seconds; `first` is None if no byte was sent.

    `began` is the monotonic time of the request's arrival, or None in a shared store. `head` is False if the delivery
    ended before its head was sent. `upstream` is the end of the request to an upstream, if there was one, and
    `answer` its answer, which was not known when the request was journaled.
    """

    outcome: Outcome
    chunks: int
    bytes: int
    first: float | None
    duration: float
    began: float | None = None
    head: bool = True
    upstream: UpstreamEnd | None = None
    answer: Delivery | None = None


def with_answer(received: Received, finished: Finished) -> Received:
    """Return the arrival with the answer that an upstream gave; others are complete."""
    answer = finished.answer
    if answer is None:
        return received
    exchange = replace(received.exchange, status=status_of(answer.steps))
    return replace(received, exchange=exchange, delivery=answer, size=received.size + (answer.size or 0))


class Entry(Struct, frozen=True):
    """Arrival and, after the answer, its end. `number` and `ended` number all events of a store from 1, in order."""

    number: int
    received: Received
    finished: Finished | None = None
    ended: int = 0

    @property
    def status(self) -> int:
        """Return the status that was sent, 0 if none was; until the end of the delivery, the one that will be sent."""
        return sent_status(self.received, self.finished)

    @property
    def sent(self) -> Sequence[Step]:
        """Return the steps that left: all of them, unless the delivery ended before its last one."""
        steps, finished = self.received.delivery.steps, self.finished
        if finished is None or finished.outcome == "completed":
            return steps
        return tuple(_sent_steps(steps, finished, stream=self.received.exchange.stream))


def sent_status(received: Received, finished: Finished | None) -> int:
    """Return the status that an answer was sent with, 0 without a head."""
    return received.exchange.status if finished is None or finished.head else 0


def _sent_steps(steps: Sequence[Step], finished: Finished, *, stream: bool) -> Iterator[Step]:
    """Yield the steps up to the first that exceeds what was counted."""
    size = events = 0
    for step in steps:
        if isinstance(step, Head) and not finished.head:
            return
        if isinstance(step, Chunk):
            size += len(step.data)
            events += step.events if stream else min(step.events, 1)
            if size > finished.bytes or events > finished.chunks:
                return
        yield step


class Event(Struct, frozen=True):
    """Event of an entry, with the state of the entry after it."""

    number: int
    kind: Literal["received", "finished"]
    entry: Entry


def events_of(entry: Entry) -> tuple[Event, ...]:
    """Return the events of an entry."""
    received = Event(entry.number, "received", Entry(entry.number, entry.received))
    return (received, Event(entry.ended, "finished", entry)) if entry.finished else (received,)


class Filter(Struct, frozen=True):
    """Filter for entries; None matches any. `text` is searched in request and answer, ignoring case.

    `since` and `until` are in Unix seconds; `model` is a substring of the name.
    """

    session: str | None = None
    scenario: str | None = None
    model: str | None = None
    status: int | None = None
    source: str | None = None
    text: str | None = None
    since: float | None = None
    until: float | None = None

    def matches(self, entry: Entry) -> bool:
        """Return True if an entry passes the filter."""
        received = entry.received
        exchange = received.exchange
        return (
            self.session in {None, received.session}
            and self.scenario in {None, exchange.scenario}
            and self.status in {None, entry.status}
            and self.source in {None, exchange.source}
            and (self.model is None or self.model in exchange.model)
            and (self.since is None or received.at >= self.since)
            and (self.until is None or received.at <= self.until)
            and (self.text is None or self.text.casefold() in _searchable_text(entry).casefold())
        )


ANY = Filter()


class Page(Struct, frozen=True):
    """Entries in order. `next` is the `after` of the next page, or None on the last one."""

    entries: tuple[Entry, ...] = ()
    next: int | None = None


class SessionState(Struct, frozen=True):
    """Statistics of one session. `idle` is in seconds, `bytes` the size of its journal.

    `problem` tells why the data of the session are unusable; empty if they are not.
    """

    name: str
    entries: int
    bytes: int
    evicted: int
    published: int
    idle: float
    counters: Mapping[str, int] = field(default_factory=dict)
    problem: str = ""


def answer_bytes(steps: Iterable[Step]) -> bytes:
    """Return all chunks of an answer as one byte string."""
    return b"".join(step.data for step in steps if isinstance(step, Chunk))


def _searchable_text(entry: Entry) -> str:
    text = entry.received.exchange.body.shown + b"\n" + elide_media(answer_bytes(entry.sent))
    return text.decode("utf-8", "replace")
