"""The answer with every choice made. Knows no wire format."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from emulator.misfit import Misfit


@dataclass(frozen=True, slots=True)
class Text:
    """Words for the user. `fragments`, when given, are the literal pieces of a stream."""

    text: str
    signature: str | None = None
    fragments: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Thought:
    """Words that the model thinks: shown, tagged or hidden as the request asks."""

    text: str
    fragments: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of one of the request's functions. `arguments` is JSON text, as it goes over the wire."""

    id: str
    name: str
    arguments: str
    signature: str | None = None
    fragments: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """A picture or a sound. `data` is base64 text."""

    kind: Literal["image", "audio"]
    mime: str
    data: str
    signature: str | None = None


Part: TypeAlias = Text | Thought | ToolCall | Media


@dataclass(frozen=True, slots=True)
class Choice:
    """One candidate. `finish` is in OpenAI's words, with the native reason after a colon where there is one.

    `refusal` replaces the parts where the prompt was blocked; `silent` leaves the whole message out of a unary
    body (both: fidelity.md, Finish reasons). `stop` is the stop sequence that ended the text.
    """

    parts: tuple[Part, ...]
    finish: str = "stop"
    refusal: str | None = None
    silent: bool = False
    grounding: dict[str, Any] | None = None
    stop: str | None = None


class Usage(NamedTuple):
    """Tokens. `completion_tokens` excludes `reasoning_tokens`; a dialect that adds them up does so itself."""

    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int = 0
    cached_tokens: int = 0
    traffic_type: str = "ON_DEMAND"


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole answer. `created` is in Unix seconds."""

    id: str
    created: int
    model: str
    choices: tuple[Choice, ...]
    usage: Usage


@dataclass(frozen=True, slots=True)
class Failure:
    """A well-formed refusal. `status` is the HTTP status, `code` Google's canonical name for it.

    `field` is the path in the request that is to blame and `misfit` what is wrong there, `retry_after` seconds for
    the header of that name, `hint` a line for the developer that goes into a header, never into the body.
    """

    status: int
    code: str
    message: str
    details: tuple[dict[str, Any], ...] = ()
    retry_after: float | None = None
    field: str | None = None
    hint: str | None = None
    misfit: Misfit | None = None


Answer: TypeAlias = Plan | Failure
