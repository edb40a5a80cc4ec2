"""What the engine and the admin API need of a place for state."""

from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from gemulator.core.settings import UnmatchedMode
from gemulator.service.quotas import Charge
from gemulator.state.journal.entry import ANY, Entry, Event, Filter, Finished, Page, Received, SessionState

DEFAULT = "default"

Value = TypeVar("Value")


class StoreDown(Exception):
    """A shared store does not answer. Says which and why."""


class TurnLimit(Struct, frozen=True):
    """A turn that may answer `times` times in a session; None: without end."""

    key: str
    times: int | None


class Claim(Struct, gc=False):
    """`index` of the turn that answers, None where all are used up; `attempt` counts equal requests from 0."""

    index: int | None
    attempt: int


class StoreLimits(Struct, frozen=True):
    """How much is kept. `age` is in idle seconds; `bytes` counts the journals of all sessions together.

    `repeats` counts the repeat numbers of a session; it may have as many counters, and as many meters.
    """

    sessions: int = 1_000
    age: float = 3_600.0
    entries: int = 1_000
    bytes: int = 64_000_000
    repeats: int = 10_000


class PushedScenario(Struct, frozen=True):
    """A scenario that was pushed: its name and its text, YAML or JSON."""

    name: str
    text: str


class SessionSettings(Struct, frozen=True):
    """What a session has set for itself; None: as the server. `clock` is in Unix seconds and stands still.

    `fault`, `pacing` and `quota` are lines as in the headers of those names.
    """

    scenario: str | None = None
    seed: str | None = None
    clock: float | None = None
    fault: str | None = None
    pacing: str | None = None
    quota: str | None = None
    unmatched: UnmatchedMode | None = None


class SessionOverlay(Struct, frozen=True):
    """What a session lays over the server's own: pushed scenarios, newest first, and its choices.

    Equal generations are equal overlays, in every session and process; 0 is that of a session that changed nothing.
    """

    generation: int = 0
    published: tuple[PushedScenario, ...] = ()
    settings: SessionSettings = SessionSettings()


UNCHANGED = SessionOverlay()


class StoreLosses(Struct, frozen=True):
    """Entries that are not kept: `evicted` to keep the bounds, `unjournaled` because no store answered."""

    evicted: int
    unjournaled: int = 0


def unwaited(running: Coroutine[Any, Any, Value]) -> Value:
    """The result of what waits for nothing, as all that asks an immediate store."""
    try:
        running.send(None)
    except StopIteration as done:
        value: Value = done.value
        return value
    running.close()
    raise RuntimeError("an immediate store waited")


class Store(Protocol):
    """State of sessions, which are made on first use. Every method may raise StoreDown where the state is shared.

    Bounded: the session that is idle longest goes first (`default` stays), as does the repeat number, counter or meter
    of it that changed longest ago; a session over its share of the journal loses its own oldest entries.
    """

    @property
    def immediate(self) -> bool:
        """Whether no method but `events` ever waits: then an answer needs no task."""
        ...

    async def overlay(self, session: str) -> SessionOverlay:
        """What the session lays over the server's own."""
        ...

    async def claim(self, session: str, fingerprint: bytes, limits: Sequence[TurnLimit], *, dry: bool = False) -> Claim:
        """Take the first turn that is not used up, in one atomic step; `dry`: say which it would be."""
        ...

    async def charge(self, session: str, charges: Sequence[Charge]) -> int | None:
        """Charge all meters in one atomic step, or none: then the index of the charge that is refused."""
        ...

    async def append(self, received: Received) -> int:
        """Keep an entry; its number."""
        ...

    async def finish(self, session: str, number: int, finished: Finished) -> None:
        """Complete an entry. Nothing happens where it is no longer kept."""
        ...

    async def entry(self, number: int) -> Entry | None:
        """One entry, None where it is not kept."""
        ...

    async def entries(self, wanted: Filter = ANY, after: int = 0, most: int | None = None) -> Page:
        """Entries with a number above `after` that pass the filter, in order; `most`: of them at most."""
        ...

    def events(self, session: str | None = None, after: int | None = None) -> AsyncIterator[Event]:
        """Events as they happen, for ever; `after`: those since that number first, as far as they are kept."""
        ...

    async def counters(self, session: str) -> Mapping[str, int]:
        """How often each turn with `times` has answered."""
        ...

    async def publish(self, session: str, scenario: PushedScenario) -> None:
        """Put a scenario before all others; one of the same name is replaced."""
        ...

    async def withdraw(self, session: str, name: str | None = None) -> bool:
        """Take a pushed scenario back, or all; whether there was any."""
        ...

    async def configure(self, session: str, choices: SessionSettings) -> None:
        """Replace the choices of a session."""
        ...

    async def open(self, name: str | None = None) -> str:
        """Make a session; without a name, one that no other has."""
        ...

    async def sessions(self) -> Sequence[SessionState]:
        """All sessions in name order."""
        ...

    async def reset(self, session: str) -> None:
        """Forget counters, repeats and journal; pushed scenarios and choices stay."""
        ...

    async def drop(self, session: str) -> bool:
        """Forget a session altogether; whether there was one."""
        ...

    async def ready(self) -> Sequence[str]:
        """What is wrong, in words; nothing: all is well."""
        ...

    async def losses(self) -> StoreLosses:
        """What the journals lack."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
