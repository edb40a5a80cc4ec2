"""Store interface and its value types."""

from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeVar
from urllib.parse import quote

from msgspec import Struct

from gemulator.core.overrides import Overrides
from gemulator.core.settings import SessionUnmatchedMode
from gemulator.service.quotas import Charge
from gemulator.state.journal.entry import ANY, Entry, Event, Filter, Finished, Page, Received, SessionState

DEFAULT = "default"
EVERYONE = "*"
"""Session whose settings hold the chaos of all sessions."""
LASTING = frozenset({DEFAULT, EVERYONE})
"""Sessions that are never evicted."""

ENDED_SCENARIO = "session-is-over"  # pinned in an ended session
_WAIT = "Wait until the store is back: gemulator reconnects by itself."

Value = TypeVar("Value")


class StoreError(Exception):
    """Raised if a shared store cannot do what is asked; the message gives the reason, `remedy` the fix."""

    code: ClassVar[str]  # of the admin API

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.remedy = remedy


class StoreDown(StoreError):
    """Raised if a shared store does not respond, or refuses everybody."""

    code = "store_down"

    def __init__(self, reason: str, remedy: str = _WAIT) -> None:
        super().__init__(reason, remedy)


class StoreDataError(StoreError):
    """Raised if the data of one session are not what a store wrote. Other sessions are not affected."""

    code = "store_data"

    def __init__(self, session: str, reason: str) -> None:
        remedy = f"Delete the session to start it anew: DELETE /__emulator/sessions/{quote(session)}."
        super().__init__(f"the data of session {session!r} in the store are unusable: {reason}", remedy)
        self.session = session


class TurnLimit(Struct, frozen=True):
    """Turn that may answer `times` times in a session; None means unlimited.

    `counts` is False if its reply is not sent to this request, which the service refuses: a claim changes nothing then.
    """

    key: str
    times: int | None
    counts: bool = True


class Claim(Struct, gc=False):
    """`index` of the claimed turn, None if all are exhausted; `attempt` counts equal requests from 0."""

    index: int | None
    attempt: int


class StoreLimits(Struct, frozen=True):
    """Size limits of a store. `age` is in idle seconds; `bytes` applies to the journals of all sessions together.

    `repeats` limits the repeat numbers of a session, and likewise its counters and its meters.
    """

    sessions: int = 1_000
    age: float = 3_600.0
    entries: int = 1_000
    bytes: int = 64_000_000
    repeats: int = 10_000


class PushedScenario(Struct, frozen=True):
    """Name and text (YAML or JSON) of a pushed scenario."""

    name: str
    text: str


class SessionSettings(Overrides, frozen=True):
    """Settings of a session; None uses the server's. `clock` is a frozen time in Unix seconds.

    The lines of chaos hold for so many `requests`, and `until` a real time in Unix seconds, also
    where the server's clock is frozen.
    """

    clock: float | None = None
    unmatched: SessionUnmatchedMode | None = None
    requests: int | None = None
    until: float | None = None


class SessionOverlay(Struct, frozen=True):
    """Pushed scenarios of a session, newest first, and its settings.

    Overlays with equal generations are equal, in every session and process; 0 is the unchanged overlay.
    """

    generation: int = 0
    published: tuple[PushedScenario, ...] = ()
    settings: SessionSettings = SessionSettings()

    def published_with(self, scenario: PushedScenario) -> tuple[PushedScenario, ...]:
        """Return the pushed scenarios after one more, which replaces one of the same name."""
        return (scenario, *(other for other in self.published if other.name != scenario.name))


UNCHANGED = SessionOverlay()


class Tally(Struct, frozen=True):
    """Numbers of a session that outlive its entries: `evicted` ones, and `answers` by source and by `scenario/turn`.

    Evidence that is gone: the session was evicted whole (`lost`), answers were given while a shared store was away
    (`missed`), or some counters of turns exceeded the limit (`uncounted`).
    """

    evicted: int = 0
    answers: Mapping[str, int] = {}
    lost: bool = False
    missed: int = 0
    uncounted: bool = False


class StoreLosses(Struct, frozen=True):
    """Lost entries: `evicted` because of the limits, `unjournaled` because the store was down.

    `late` is the number of the newest evicted entry in an ended session, 0 if there is none.
    """

    evicted: int
    unjournaled: int = 0
    late: int = 0


def run_immediate(coroutine: Coroutine[Any, Any, Value]) -> Value:
    """Run a coroutine that never suspends and return its result; raise RuntimeError if it suspends."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        value: Value = done.value
        return value
    coroutine.close()
    raise RuntimeError("a coroutine of an immediate store suspended")


class Store(Protocol):
    """State of sessions, which are created on first use. Every method of a shared store may raise StoreError.

    Bounded: the store evicts the session that is idle longest (never `default` or `*`), and of a session the repeat
    number, counter or meter that changed longest ago. A full journal evicts the oldest entries of the session that
    appends.
    """

    @property
    def immediate(self) -> bool:
        """Return True if no method except `events` ever suspends; an answer then needs no task."""
        ...

    async def overlay(self, session: str) -> SessionOverlay:
        """Return the session's overlay."""
        ...

    async def overlays(self, session: str) -> tuple[SessionOverlay, SessionOverlay]:
        """Return the session's overlay and that of all sessions."""
        ...

    async def claim(self, session: str, fingerprint: bytes, limits: Sequence[TurnLimit], *, dry: bool = False) -> Claim:
        """Claim the first turn that is not exhausted, atomically; with `dry`, or if it does not count, change nothing.

        Without such a turn, the repeat number of the fingerprint counts alone.
        """
        ...

    async def unclaim(self, session: str, turn: str) -> None:
        """Give back one answer of a turn with `times`, whose reply could not be sent."""
        ...

    async def set_counter(self, session: str, turn: str, used: int) -> None:
        """Set the number of answers of a turn with `times`."""
        ...

    async def reset_counters(self, session: str) -> None:
        """Reset the counters of turns and the repeat numbers; journal, meters and overlay stay."""
        ...

    async def charge(self, session: str, charges: Sequence[Charge]) -> int | None:
        """Charge all meters atomically and return None, or charge none and return the index of a refused charge."""
        ...

    async def append(self, received: Received) -> int:
        """Append an entry to the journal and return its number."""
        ...

    async def finish(self, session: str, number: int, finished: Finished) -> None:
        """Complete an entry, if it is still in the journal."""
        ...

    async def entry(self, number: int) -> Entry | None:
        """Return an entry, or None if it is not in the journal."""
        ...

    async def entries(self, entry_filter: Filter = ANY, after: int = 0, limit: int | None = None) -> Page:
        """Return at most `limit` entries with a number above `after` that match the filter, in order."""
        ...

    async def tally(self, session: str) -> Tally:
        """Return the number of evicted entries and of all answers since the session's last reset, and what is gone.

        A session that was evicted whole stays marked as lost, also if it is used again, until it is reset or dropped.
        """
        ...

    def events(self, session: str | None = None, after: int | None = None) -> AsyncIterator[Event]:
        """Yield events as they happen, without end; with `after`, first those since that number that it still has."""
        ...

    async def counters(self, session: str) -> Mapping[str, int]:
        """Return the number of answers of each turn with `times`."""
        ...

    async def publish(self, session: str, scenario: PushedScenario) -> None:
        """Add a scenario before all others, replacing one of the same name."""
        ...

    async def withdraw(self, session: str, name: str | None = None) -> bool:
        """Remove a pushed scenario, or all without a `name`; return True if there were any."""
        ...

    async def configure(self, session: str, settings: SessionSettings) -> None:
        """Replace the settings of a session."""
        ...

    async def open(self, name: str | None = None) -> str:
        """Create a session and return its name; without a `name`, choose an unused one."""
        ...

    async def exists(self, session: str) -> bool:
        """Return True if a session was created or used and not evicted since; a lasting one always exists."""
        ...

    async def sessions(self) -> Sequence[SessionState]:
        """Return the states of all sessions in name order."""
        ...

    async def reset(self, session: str) -> None:
        """Clear counters, repeat numbers and journal; keep the overlay."""
        ...

    async def drop(self, session: str) -> bool:
        """Delete a session; return True if it existed."""
        ...

    async def ready(self) -> Sequence[str]:
        """Return the problems of the store as text; empty if it is ready."""
        ...

    async def count_sessions(self) -> int:
        """Return the number of sessions."""
        ...

    async def losses(self) -> StoreLosses:
        """Return the number of lost entries."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
