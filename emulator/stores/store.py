"""What the engine needs of a place for state."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from emulator.journal import Received


@dataclass(frozen=True, slots=True)
class Limit:
    """A turn that may answer `times` times in a session; None: without end."""

    key: bytes
    times: int | None


@dataclass(frozen=True, slots=True)
class Claim:
    """`index` of the turn that answers, None where all are used up; `attempt` counts equal requests from 0."""

    index: int | None
    attempt: int


class Store(Protocol):
    """Counters and journals of sessions."""

    async def claim(self, session: str, fingerprint: bytes, limits: Sequence[Limit], *, dry: bool = False) -> Claim:
        """Take the first turn that is not used up, in one atomic step; `dry`: say which it would be."""
        ...

    async def append(self, received: Received) -> None:
        """Keep an entry."""
        ...
