"""What was asked, chosen and delivered: entries, and the events they are folded from."""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct, field

from gemulator.core.errors import NearMiss
from gemulator.core.plan import Usage
from gemulator.delivery.steps import Delivery
from gemulator.state.journal.redaction import Body, elided

Outcome = Literal["completed", "client gone", "cut", "failed"]
Source = Literal["turn", "generated", "unmatched", "unsatisfiable", "refused"]

EMPTY = Body(b"", 0)


class Exchange(Struct, frozen=True, gc=False):
    """A request and what was chosen for it: the same object for all repeats that are answered alike.

    `source` says what answered: a turn of a scenario, or what stands in where none did. `scenario` is empty and
    `turn` 0 unless a turn answered. `nearest` are the near misses of an unmatched request, and of a generated answer
    whose body is too large to be stored whole: other entries get theirs when they are read.
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


class Received(Struct, frozen=True, gc=False):
    """One arrival of a request; exists before the answer leaves. `at` is in Unix seconds, `size` in bytes kept."""

    at: float
    session: str
    attempt: int
    exchange: Exchange
    headers: Mapping[bytes, bytes]
    delivery: Delivery
    size: int


class Finished(Struct, frozen=True, gc=False):
    """How the delivery ended. Times are in seconds; `first` is None where no byte left.

    `began` is the monotonic time at which the request came, where the store is this process's own.
    """

    outcome: Outcome
    chunks: int
    bytes: int
    first: float | None
    duration: float
    began: float | None = None


class Entry(Struct, frozen=True):
    """An arrival and, once it is over, its end. `number` and `ended` count all events of a store from 1, in order."""

    number: int
    received: Received
    finished: Finished | None = None
    ended: int = 0


class Event(Struct, frozen=True):
    """Something that happened to an entry, with the entry as it was then."""

    number: int
    kind: Literal["received", "finished"]
    entry: Entry


def events_of(entry: Entry) -> tuple[Event, ...]:
    """What an entry was folded from."""
    received = Event(entry.number, "received", Entry(entry.number, entry.received))
    return (received, Event(entry.ended, "finished", entry)) if entry.finished else (received,)


class Filter(Struct, frozen=True):
    """Which entries are wanted; None: any. `text` is looked for in request and answer, ignoring case.

    `since` and `until` are in Unix seconds; `model` is a part of the name.
    """

    session: str | None = None
    scenario: str | None = None
    model: str | None = None
    status: int | None = None
    source: str | None = None
    text: str | None = None
    since: float | None = None
    until: float | None = None

    def fits(self, entry: Entry) -> bool:
        received = entry.received
        exchange = received.exchange
        return (
            self.session in {None, received.session}
            and self.scenario in {None, exchange.scenario}
            and self.status in {None, exchange.status}
            and self.source in {None, exchange.source}
            and (self.model is None or self.model in exchange.model)
            and (self.since is None or received.at >= self.since)
            and (self.until is None or received.at <= self.until)
            and (self.text is None or self.text.casefold() in _words(received).casefold())
        )


ANY = Filter()


class Page(Struct, frozen=True):
    """Entries in order. `next` is the number after which the next page begins; None: there is none."""

    entries: tuple[Entry, ...] = ()
    next: int | None = None


class SessionState(Struct, frozen=True):
    """What a store holds of one session. `idle` is in seconds, `bytes` what its journal takes."""

    name: str
    entries: int
    bytes: int
    evicted: int
    published: int
    idle: float
    counters: Mapping[str, int] = field(default_factory=dict)


def answer_of(delivery: Delivery) -> bytes:
    """All bytes of a delivery, joined."""
    from gemulator.delivery.steps import Chunk

    return b"".join(step.data for step in delivery.steps if isinstance(step, Chunk))


def _words(received: Received) -> str:
    text = elided(received.exchange.body.data) + b"\n" + elided(answer_of(received.delivery))
    return text.decode("utf-8", "replace")
