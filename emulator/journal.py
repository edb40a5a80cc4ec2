"""What was asked, chosen and delivered: entries, and the events they are folded from."""

from dataclasses import dataclass
from typing import Literal

from emulator.errors import Near

Outcome = Literal["completed", "client gone", "cut", "failed"]


@dataclass(frozen=True, slots=True)
class Received:
    """A request and the answer that was chosen for it; exists before the answer leaves.

    `at` is in Unix seconds. `scenario` is empty and `turn` 0 where no turn fitted.
    """

    at: float
    session: str
    method: str
    path: str
    model: str
    body: bytes
    status: int
    stream: bool = False
    scenario: str = ""
    turn: int = 0
    attempt: int = 0
    id: str = ""
    nearest: tuple[Near, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """How the delivery ended. Times are in seconds; `first` is None where no byte left."""

    outcome: Outcome
    chunks: int
    bytes: int
    first: float | None
    duration: float
