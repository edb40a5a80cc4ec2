"""Interface of dialects: plans and failures to bodies and events."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from gemulator.core.errors import Unsatisfiable
from gemulator.core.plan import Failure, Plan
from gemulator.core.seed import Seed
from gemulator.core.settings import StreamUsage, ToolIndex
from gemulator.delivery.steps import Chunk, Head
from gemulator.request.body import ChatRequest
from gemulator.request.target import Target
from gemulator.service.guided_decoding import UNCONSTRAINED, DecodingOptions
from gemulator.service.refusals import refuse
from gemulator.service.serving_profile import DEFAULT_PROFILE, ServingProfile

RawHeaders: TypeAlias = tuple[tuple[bytes, bytes], ...]

_NO_SEED = Seed(b"")
UNSATISFIABLE_REMEDY = "correct the schema or grammar, or script the reply in a scenario"


class Style(Struct, frozen=True):
    """Options of a rendered answer; `safe` is for clients that fail on the documented stream format.

    `seed` determines what the format adds to the text, such as the probability of each token. `tool_index`,
    `fragment` (`json`, `token`, `whole` or `size:N` characters) and `calls_per_delta` apply to Gemini's streamed calls,
    `stream_usage` to its chunks.
    """

    safe: bool = False
    tokens_per_chunk: int = 12
    seed: Seed = _NO_SEED
    tool_index: ToolIndex = "documented"
    fragment: str = "json"
    calls_per_delta: int = 1
    stream_usage: StreamUsage = "last"


class Dialect(Protocol):
    """Response format of a server for one model. Pure: no clock, no state.

    `stream_failure` is the server's most likely failure after the first event of a stream. Methods with a body are
    defaults to inherit.
    """

    headers: RawHeaders
    stream_headers: RawHeaders
    profile: ServingProfile
    stream_failure: Failure = refuse("cancelled")

    def __init__(self, profile: ServingProfile = DEFAULT_PROFILE) -> None:
        self.profile = profile

    def unary(self, plan: Plan, request: ChatRequest, style: Style) -> Chunk:
        """Return the body of a non-streamed answer."""
        ...

    def stream(self, plan: Plan, request: ChatRequest, style: Style) -> Sequence[Chunk]:
        """Return the stream events including the final `[DONE]`."""
        ...

    def failure(self, failure: Failure, target: Target) -> tuple[Head, Chunk]:
        """Return head and body of a refusal, for unary requests and streams alike."""
        ...

    def stream_error(self, failure: Failure) -> bytes:
        """Return the events that end a stream which fails after its first event."""
        ...

    def response_id(self, seed: Seed, created: int) -> str:
        """Return a new id for an answer."""
        ...

    def call_id(self, seed: Seed, name: str, index: int) -> str:
        """Return a new id for a call of the function `name`; `index` counts the calls of the conversation."""
        ...

    def decoding(self, request: ChatRequest) -> DecodingOptions:
        """Return the decoding options that the server reads from a request."""
        return UNCONSTRAINED

    def unsatisfiable(self, error: Unsatisfiable) -> Failure:
        """Return the server's refusal of an output constraint that no answer can meet."""
        path = ".".join(filter(None, (error.field, error.path)))
        place = f" at {path!r}" if path else ""
        failure = refuse("unsatisfiable-schema", at=path if error.field else None, place=place, reason=error.reason)
        return replace(failure, cause=str(error), remedy=UNSATISFIABLE_REMEDY)

    def refusal(self, request: ChatRequest, prompt_tokens: Callable[[], int]) -> Failure | None:
        """Return the server's own refusal of a parsed request, or None. Called before any answer is begun."""
        return None


def container_failure(server: str, status: int, message: str, field: str | None = None, code: str = "") -> Failure:
    """Return a refusal by the container of a self-deployed model; no option of gemulator makes it milder."""
    cause = f"{server} refuses the request" + (f": see `{field}`" if field else "")
    remedy = "correct the request as the message says; containers have rules of their own, whatever --strictness says"
    return Failure(status, code or "INVALID_ARGUMENT", message, field=field, cause=cause, remedy=remedy)
