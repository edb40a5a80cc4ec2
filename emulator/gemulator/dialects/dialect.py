"""What a dialect must do: turn plans and failures into bodies and events."""

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

from gemulator.core.errors import Unsatisfiable
from gemulator.core.plan import Failure, Plan, invalid
from gemulator.core.seed import Seed
from gemulator.delivery.steps import Chunk, Head
from gemulator.request.body import ChatRequest
from gemulator.request.target import Target
from gemulator.service.guided_decoding import UNBOUND, DecodingOptions
from gemulator.service.refusals import refuse
from gemulator.service.serving_profile import PLAIN, ServingProfile

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]

_NO_SEED = Seed(b"")


class Style(Struct, frozen=True):
    """How a stream is cut: `safe` for clients that break on the documented form, tokens in one event.

    `seed` decides what the wire adds to the words, like the probability of each token. `tool_index` and `fragment`
    (`json`, `token`, `whole` or `size:N` characters) are about streamed calls.
    """

    safe: bool = False
    tokens_per_chunk: int = 12
    seed: Seed = _NO_SEED
    tool_index: Literal["documented", "sequential", "all-zero", "gap", "missing"] = "documented"
    fragment: str = "json"


class Dialect(Protocol):
    """A server's way to word the answers of one model. Pure: no clock, no state.

    `breakdown` is what the server says most likely where a stream fails after its first event.
    The methods with a body say what a server does that has nothing of its own there: inherit them.
    """

    headers: Headers
    stream_headers: Headers
    voice: ServingProfile
    breakdown: Failure = refuse("cancelled")

    def __init__(self, voice: ServingProfile = PLAIN) -> None:
        self.voice = voice

    def unary(self, plan: Plan, request: ChatRequest, style: Style) -> Chunk:
        """The whole body."""
        ...

    def stream(self, plan: Plan, request: ChatRequest, style: Style) -> Sequence[Chunk]:
        """The events, the closing `[DONE]` included."""
        ...

    def failure(self, failure: Failure, target: Target) -> tuple[Head, Chunk]:
        """The refusal, for unary requests and streams alike."""
        ...

    def broken_off(self, failure: Failure) -> bytes:
        """What ends a stream that fails after its first event."""
        ...

    def response_id(self, seed: Seed, created: int) -> str:
        """A new id for an answer."""
        ...

    def call_id(self, seed: Seed, name: str, index: int) -> str:
        """A new id for a call of the function `name`; `index` counts the calls of the conversation."""
        ...

    def decoding(self, request: ChatRequest) -> DecodingOptions:
        """What the server reads out of a request beyond what all have in common."""
        return UNBOUND

    def unsatisfiable(self, error: Unsatisfiable) -> Failure:
        """What the server says of a form that no answer can have."""
        place = ".".join(filter(None, (error.field, error.path)))
        words = f"no value fits the schema{f' at {place!r}' if place else ''}: {error.reason}."
        return invalid(f"Unable to submit request because {words}", place if error.field else None)

    def refusal(self, plan: Plan, request: ChatRequest) -> Failure | None:
        """What the server itself refuses once it has read the request and counted its tokens."""
        return None
