"""Planned answers: all choices made, no wire format."""

from typing import Any, Literal, TypeAlias

import orjson
from msgspec import Struct
from msgspec.structs import replace

from gemulator.core.invalid_field import InvalidField


class Text(Struct, frozen=True):
    """Text for the user. `fragments` are the literal pieces of a stream, if given."""

    text: str
    signature: str | None = None
    fragments: tuple[str, ...] | None = None


class Thought(Struct, frozen=True):
    """Text of a thought: shown, tagged or hidden as the request asks."""

    text: str
    fragments: tuple[str, ...] | None = None


class ToolCall(Struct, frozen=True):
    """A call of one of the request's functions. `arguments` is JSON text as sent."""

    id: str
    name: str
    arguments: str
    signature: str | None = None
    fragments: tuple[str, ...] | None = None


class Media(Struct, frozen=True):
    """A picture or a sound. `data` is base64 text."""

    kind: Literal["image", "audio"]
    mime: str
    data: str
    signature: str | None = None


Part: TypeAlias = Text | Thought | ToolCall | Media


class Choice(Struct, frozen=True):
    """Candidate of an answer. `finish` is OpenAI's finish reason, followed by the native one after a colon, if any.

    `refusal` replaces the parts if the prompt was blocked; `silent` omits the message from a unary body
    (both: fidelity.md, Finish reasons). `stop` is the stop sequence that ended the text.
    """

    parts: tuple[Part, ...]
    finish: str = "stop"
    refusal: str | None = None
    silent: bool = False
    grounding: dict[str, Any] | None = None
    stop: str | None = None


class Usage(Struct, frozen=True, gc=False):
    """Token counts. `completion_tokens` excludes `reasoning_tokens`; dialects add them if their server does."""

    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int = 0
    cached_tokens: int = 0
    traffic_type: str = "ON_DEMAND"


class Plan(Struct, frozen=True):
    """A whole answer. `created` is in Unix seconds."""

    id: str
    created: int
    model: str
    choices: tuple[Choice, ...]
    usage: Usage


_OWN = "gemulator: "
_MAX_HINT = 600  # characters; names of functions and fields in it come from the request


class Failure(Struct, frozen=True):
    """An error of the service. `status` is the HTTP status, `code` Google's canonical name for it.

    `field` is the offending path in the request and `invalid_field` the validation error, `retry_after` the seconds
    of that header. `cause` says what the client did and `remedy` how to go on (never in the body). `own` marks a
    refusal of gemulator itself, which no service would send. `name` is that of the service's refusal (docs/errors.md),
    `quota` that of the exhausted quota.
    """

    status: int
    code: str
    message: str
    details: tuple[dict[str, Any], ...] = ()
    retry_after: float | None = None
    field: str | None = None
    cause: str = ""
    remedy: str = ""
    invalid_field: InvalidField | None = None
    own: bool = False
    name: str = ""
    quota: str = ""

    @property
    def hint(self) -> str:
        """Return cause and remedy as one line for the developer, empty if neither is known."""
        line = f"{self.cause}; to go on: {self.remedy}" if self.cause else self.message if self.own else ""
        return " ".join(line.removeprefix(_OWN).split())[:_MAX_HINT]


class RawChunk(Struct, frozen=True):
    """Bytes of one event or body. `wait` is in seconds; None leaves it to the pacing, which counts the `tokens`."""

    data: bytes
    tokens: int = 0
    wait: float | None = None


class RawAnswer(Struct, frozen=True):
    """An answer as its author wrote it; `headers` replace those of the server with the same name."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    chunks: tuple[RawChunk, ...]
    is_stream: bool


Answer: TypeAlias = Plan | Failure | RawAnswer

CANCELLED = Failure(499, "CANCELLED", "The operation was cancelled.")
"""Google's error for a request that ended before its answer (fidelity.md, §6)."""


def own_failure(message: str, cause: str = "", remedy: str = "", status: int = 400, code: str = "") -> Failure:
    """Return a refusal of gemulator itself; without a cause, the message is the hint, too."""
    return Failure(status, code or "INVALID_ARGUMENT", _OWN + message, cause=cause, remedy=remedy, own=True)


def invalid(
    message: str,
    field: str | None = None,
    invalid_field: InvalidField | None = None,
    *,
    cause: str,
    remedy: str,
    name: str = "",
) -> Failure:
    """Return Google's 400 INVALID_ARGUMENT, with the field violation that its JSON front end adds."""
    details: tuple[dict[str, Any], ...] = ()
    if field is not None:
        violation = {"field": field, "description": message}
        details = ({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]},)
    failure = Failure(400, "INVALID_ARGUMENT", message, details, field=field, cause=cause, remedy=remedy, name=name)
    return replace(failure, invalid_field=invalid_field)


def quote_value(value: Any) -> str:
    """Format a request value as error texts quote it: text in quotes, anything else as JSON."""
    return f"'{value}'" if isinstance(value, str) else orjson.dumps(value).decode()[:80]
