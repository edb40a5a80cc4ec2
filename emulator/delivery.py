"""What the edge plays: a head, then chunks, each after its wait."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Head:
    """Status line and headers, sent `wait` seconds after the request was read."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of one event of a stream, or a whole body; `wait` is in seconds after the step before it."""

    data: bytes
    tokens: int = 0
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection ends here, politely or (`reset`) with a TCP reset."""

    reset: bool = False
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Hang:
    """Nothing more is sent for `seconds`; then the connection is closed."""

    seconds: float
    wait: float = 0.0


Step: TypeAlias = Head | Chunk | Cut | Hang


@dataclass(frozen=True, slots=True)
class Delivery:
    """The steps, head first: all that the edge must play."""

    steps: tuple[Step, ...]
