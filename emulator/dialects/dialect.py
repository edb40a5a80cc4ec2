"""What a dialect must do: turn plans and failures into bodies and events."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from emulator.delivery import Chunk, Head
from emulator.plan import Failure, Plan
from emulator.request import ChatRequest, Target
from emulator.seed import Seed

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Style:
    """How a stream is cut: `safe` for clients that break on the documented form, tokens in one event.

    `fragment` cuts streamed arguments: `json`, `token`, `whole` or `size:N` characters.
    """

    safe: bool = False
    tokens_per_chunk: int = 12
    tool_index: Literal["documented", "sequential", "all-zero", "gap", "missing"] = "documented"
    fragment: str = "json"


class Dialect(Protocol):
    """A server's way to word its answers. Pure: no clock, no state."""

    headers: Headers
    stream_headers: Headers

    def unary(self, plan: Plan, request: ChatRequest) -> Chunk:
        """The whole body."""
        ...

    def stream(self, plan: Plan, request: ChatRequest, style: Style) -> Sequence[Chunk]:
        """The events, the closing `[DONE]` included."""
        ...

    def failure(self, failure: Failure, target: Target) -> tuple[Head, Chunk]:
        """The refusal, for unary requests and streams alike."""
        ...

    def response_id(self, seed: Seed, created: int) -> str:
        """A new id for an answer."""
        ...

    def call_id(self, seed: Seed, name: str, index: int) -> str:
        """A new id for a call of the function `name`, the `index`-th of its answer."""
        ...
