"""What an author can answer with. A part is known by its key and plans itself."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, get_args

import orjson
from pydantic import BaseModel, Discriminator, Field, Tag

from emulator.conversation import Conversation
from emulator.decoding import UNBOUND, Decoding
from emulator.duration import Duration
from emulator.generate.image import draw, size_of
from emulator.plan import Failure, Media, Part, Text, Thought, ToolCall
from emulator.request import Function
from emulator.scenario.match import Strict
from emulator.scenario.refusals import refusal
from emulator.seed import Seed


@dataclass(frozen=True, slots=True)
class Context:
    """What a reply may know when it plans itself.

    `seed` decides words, `attempt` ids. `call_id` and `sign` come from the dialect and the model: `sign` returns None
    where the model signs nothing. `decoding` is what the server reads out of the request beyond what all do.
    """

    conversation: Conversation
    seed: Seed
    attempt: Seed
    call_id: Callable[[Seed, str, int], str]
    sign: Callable[[str, Seed], str | None]
    decoding: Decoding = UNBOUND
    first_call: bool = True

    def below(self, *names: str | int) -> "Context":
        """The context of a named part of this answer."""
        return replace(self, seed=self.seed.child(*names), attempt=self.attempt.child(*names))

    def signature(self, given: str | Literal[False] | None, name: str) -> str | None:
        """The author's signature, none, or a minted one."""
        if given is None:
            return self.sign(name, self.seed.child("signature"))
        return given or None


Signature: TypeAlias = Annotated[
    str | Literal[False] | None,
    Field(description="The thought signature, literally; `false`: none. Left out: minted where the model signs."),
]


class ReplyPart(Strict):
    """One part of a reply. `key` is the YAML key that names it."""

    key: ClassVar[str]

    def plan(self, context: Context) -> tuple[Part, ...]:
        """The parts of the answer, every choice made."""
        raise TypeError(f"{type(self).__name__} cannot be planned")  # pragma: no cover


class TextReply(ReplyPart):
    """Words for the user."""

    key: ClassVar[str] = "text"
    text: Annotated[str, Field(description="What the user reads.")]
    thought_signature: Signature = None

    def plan(self, context: Context) -> tuple[Part, ...]:
        return (Text(self.text, context.signature(self.thought_signature, "")),)


class ThinkingReply(ReplyPart):
    """Words that the model thinks."""

    key: ClassVar[str] = "thinking"
    thinking: Annotated[str, Field(description="What the model thinks: shown, tagged or hidden as the request asks.")]

    def plan(self, context: Context) -> tuple[Part, ...]:
        return (Thought(self.thinking),)


class CallReply(ReplyPart):
    """A call of one of the request's tools."""

    key: ClassVar[str] = "call"
    call: Annotated[str, Field(min_length=1, description="The name of the tool.")]
    arguments: Annotated[
        dict[str, Any] | None,
        Field(alias="with", description="The arguments. Left out: made from the tool's own schema."),
    ] = None
    id: Annotated[str | None, Field(description="The id of the call, literally.")] = None
    thought_signature: Signature = None

    def plan(self, context: Context) -> tuple[Part, ...]:
        arguments = self._made(context) if self.arguments is None else self.arguments
        call_id = self.id or context.call_id(context.attempt.child("call"), self.call, 0)
        # Of parallel calls only the first is signed (fidelity.md, Thought signatures).
        given = self.thought_signature if context.first_call or self.thought_signature else False
        signature = context.signature(given, self.call)
        return (ToolCall(call_id, self.call, orjson.dumps(arguments).decode(), signature),)

    def _made(self, context: Context) -> Any:
        offered = {function.name: function for function in context.conversation.request.offered}
        return made_arguments(offered.get(self.call), context)


def made_arguments(function: Function | None, context: Context) -> Any:
    """Arguments that fit the function's own schema; `{}` where it has none."""
    if function is None or function.parameters is None:
        return {}
    from emulator.generate.arguments import value_for

    return value_for(function.parameters, context.seed.child("arguments"))


class ImageReply(ReplyPart):
    """A picture, drawn from its description."""

    key: ClassVar[str] = "image"
    image: Annotated[str, Field(description="What the picture shows.")]
    size: Annotated[str | None, Field(pattern=r"^\d{2,4}x\d{2,4}$", description="Width x height in pixels.")] = None
    data: Annotated[str | None, Field(description="The base64 text to send instead of a drawing, literally.")] = None
    mime: Annotated[Literal["image/png", "image/jpeg", "image/webp"], Field(description="The picture's type.")] = (
        "image/png"
    )
    thought_signature: Signature = None

    def plan(self, context: Context) -> tuple[Part, ...]:
        data = self._drawn(context) if self.data is None else self.data
        return (Media("image", self.mime, data, context.signature(self.thought_signature, "")),)

    def _drawn(self, context: Context) -> str:
        width, height = map(int, self.size.split("x")) if self.size else size_of(self.image)
        return base64.b64encode(draw(self.image, context.seed.child("image"), width, height, self.mime)).decode()


PartReply: TypeAlias = TextReply | ThinkingReply | CallReply | ImageReply


class ErrorReply(Strict):
    """A refusal by the emulated service, in Google's own words unless given."""

    error: Annotated[int, Field(ge=400, le=599, description="The HTTP status.")]
    message: Annotated[str | None, Field(description="The message. Left out: Google's own.")] = None
    status: Annotated[str | None, Field(description="Google's name for it, like RESOURCE_EXHAUSTED.")] = None
    details: Annotated[list[dict[str, Any]] | None, Field(description="The details, literally.")] = None
    retry_after: Annotated[Duration | None, Field(description="Sent as the Retry-After header.")] = None

    def failure(self) -> Failure:
        """The refusal with what the author left out filled in."""
        return refusal(self.error, self.message, self.status, self.details, self.retry_after)


_KINDS = {kind.key: kind for kind in get_args(PartReply)}


def _kind(value: Any) -> str | None:
    if isinstance(value, BaseModel):
        return f"<{value.key}>" if isinstance(value, ReplyPart) else "<error>"
    return (
        next((f"<{key}>" for key in value if key in _KINDS or key == "error"), None)
        if isinstance(value, dict)
        else None
    )


def _shape(value: Any) -> str:
    if isinstance(value, list):
        return "<list>"
    return "<part>" if isinstance(value, dict | BaseModel) else "<words>"


_Part: TypeAlias = Annotated[
    Annotated[TextReply, Tag("<text>")]
    | Annotated[ThinkingReply, Tag("<thinking>")]
    | Annotated[CallReply, Tag("<call>")]
    | Annotated[ImageReply, Tag("<image>")],
    Discriminator(_kind),
]
_Single: TypeAlias = Annotated[
    Annotated[TextReply, Tag("<text>")]
    | Annotated[ThinkingReply, Tag("<thinking>")]
    | Annotated[CallReply, Tag("<call>")]
    | Annotated[ImageReply, Tag("<image>")]
    | Annotated[ErrorReply, Tag("<error>")],
    Discriminator(_kind),
]
Reply: TypeAlias = Annotated[
    Annotated[str, Tag("<words>")] | Annotated[_Single, Tag("<part>")] | Annotated[list[_Part], Tag("<list>")],
    Discriminator(_shape),
]


def parts_of(reply: Reply) -> Sequence[PartReply]:
    """The parts of a reply that is no error, in order."""
    if isinstance(reply, str):
        return (TextReply(text=reply),)
    if isinstance(reply, list):
        return reply
    return () if isinstance(reply, ErrorReply) else (reply,)
