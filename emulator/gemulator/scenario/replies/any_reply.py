"""Union of all replies, and the composite replies `choose` and `candidates`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Discriminator, Field, Tag
from typing_extensions import TypeAliasType

from gemulator.core.plan import Part
from gemulator.core.seed import Seed
from gemulator.core.strict_model import StrictModel
from gemulator.core.text_cache import cache_texts
from gemulator.scenario.conditions.compare import shape_tag
from gemulator.scenario.finish_reason import Finish
from gemulator.scenario.replies.error import BlockReply, ErrorReply
from gemulator.scenario.replies.forward import ForwardReply
from gemulator.scenario.replies.json_reply import JsonReply
from gemulator.scenario.replies.literal import BodyReply, EventsReply
from gemulator.scenario.replies.media import AudioReply, ImageReply
from gemulator.scenario.replies.reply import AnyReply, Context, ReplyPart
from gemulator.scenario.replies.text import LoremReply, MarkdownReply, TextReply, ThinkingReply
from gemulator.scenario.replies.tool_call import CallReply
from gemulator.scenario.templates.fields import TemplateText

_MAX_PARTS = 1_000  # the stream of many calls takes time that grows with their square


def _option_tag(value: Any) -> str:
    own = "reply" in value if isinstance(value, dict) else isinstance(value, Option | Candidate)
    return "<option>" if own else "<reply>"


class Option(StrictModel):
    """One of several replies. Weights are relative: 3 beside 1 is picked in three of four cases."""

    weight: Annotated[float, Field(gt=0, allow_inf_nan=False, description="Relative frequency.")] = 1.0
    reply: Annotated["Reply", Field(description="The reply.")]


class ChooseReply(ReplyPart):
    """One of several replies, picked by weight. The pick is seeded: the same request always gets the same reply."""

    key: ClassVar[str] = "choose"
    example: ClassVar[str] = "{ choose: [{ weight: 3, reply: Heads. }, Tails.] }"
    choose: Annotated[
        list[
            Annotated[
                Annotated[Option, Tag("<option>")] | Annotated["Reply", Tag("<reply>")], Discriminator(_option_tag)
            ]
        ],
        Field(min_length=1, description="Replies, each optionally with a `weight`."),
    ]

    def options(self) -> Iterator[tuple[float, "Reply"]]:
        """Yield weights and replies."""
        for option in self.choose:
            if isinstance(option, Option):
                yield option.weight, option.reply
            else:
                yield 1.0, option

    def pick(self, seed: Seed) -> "Reply":
        """Return the reply that the seed picks."""
        options = list(self.options())
        left = seed.child("choose").unit() * sum(weight for weight, _ in options)
        for weight, reply in options:
            left -= weight
            if left < 0:
                return reply
        return options[-1][1]

    def templates(self) -> Iterator[str]:
        for _, reply in self.options():
            yield from templates_of(reply)

    def plan(self, context: Context) -> tuple[Part, ...]:
        parts = parts_of(self.pick(context.seed))
        return tuple(
            planned for index, part in enumerate(parts) for planned in part.plan(context.child("chosen", index))
        )


class Candidate(StrictModel):
    """One candidate with its finish reason."""

    reply: Annotated["Reply", Field(description="The reply.")]
    finish: Finish | None = None


class CandidatesReply(AnyReply):
    """A reply for each of the `n` candidates of a request; beyond the last, they repeat from the first."""

    key: ClassVar[str] = "candidates"
    example: ClassVar[str] = "{ candidates: [Red., Blue., { reply: Gre, finish: length }] }"
    candidates: Annotated[
        list[
            Annotated[
                Annotated[Candidate, Tag("<option>")] | Annotated["Reply", Tag("<reply>")],
                Discriminator(_option_tag),
            ]
        ],
        Field(min_length=1, description="Candidates in order."),
    ]

    def each(self) -> Iterator[tuple["Reply", str | None]]:
        """Yield replies and finish reasons."""
        for candidate in self.candidates:
            if isinstance(candidate, Candidate):
                yield candidate.reply, candidate.finish
            else:
                yield candidate, None

    def templates(self) -> Iterator[str]:
        for reply, _ in self.each():
            yield from templates_of(reply)


PARTS: tuple[type[ReplyPart], ...] = (
    TextReply,
    LoremReply,
    MarkdownReply,
    ThinkingReply,
    CallReply,
    ImageReply,
    AudioReply,
    JsonReply,
    ChooseReply,
)
WHOLE: tuple[type[AnyReply], ...] = (ErrorReply, BlockReply, CandidatesReply, BodyReply, EventsReply, ForwardReply)
_WHOLE_TAGS = frozenset(f"<{kind.key}>" for kind in WHOLE)
KINDS: Mapping[str, type[AnyReply]] = {kind.key: kind for kind in (*PARTS, *WHOLE)}


def _kind_tag(value: Any) -> str | None:
    if isinstance(value, AnyReply):
        return f"<{value.key}>"
    if not isinstance(value, dict):
        return None
    found = next((key for key in value if key in KINDS), None)
    # A text may be given by `chunks` alone.
    return f"<{found}>" if found else "<text>" if "chunks" in value else None


AnyPart = TypeAliasType(
    "AnyPart",
    Annotated[
        Annotated[TextReply, Tag("<text>")]
        | Annotated[LoremReply, Tag("<lorem>")]
        | Annotated[MarkdownReply, Tag("<markdown>")]
        | Annotated[ThinkingReply, Tag("<thinking>")]
        | Annotated[CallReply, Tag("<call>")]
        | Annotated[ImageReply, Tag("<image>")]
        | Annotated[AudioReply, Tag("<audio>")]
        | Annotated[JsonReply, Tag("<json>")]
        | Annotated[ChooseReply, Tag("<choose>")],
        Discriminator(_kind_tag),
    ],
)
WholeReply = TypeAliasType(
    "WholeReply",
    Annotated[
        Annotated[AnyPart, Tag("<one>")]
        | Annotated[ErrorReply, Tag("<error>")]
        | Annotated[BlockReply, Tag("<block>")]
        | Annotated[CandidatesReply, Tag("<candidates>")]
        | Annotated[BodyReply, Tag("<body>")]
        | Annotated[EventsReply, Tag("<events>")]
        | Annotated[ForwardReply, Tag("<forward>")],
        Discriminator(lambda value: kind if (kind := _kind_tag(value)) in _WHOLE_TAGS else "<one>"),
    ],
)


def _reply_tag(value: Any) -> str:
    return {"<fields>": "<part>", "<list>": "<list>"}.get(shape_tag(value), "<words>")


Reply = TypeAliasType(
    "Reply",
    Annotated[
        Annotated[TemplateText, Tag("<words>")]
        | Annotated[WholeReply, Tag("<part>")]
        | Annotated[list[AnyPart], Field(min_length=1, max_length=_MAX_PARTS), Tag("<list>")],
        Discriminator(_reply_tag),
    ],
)


def parts_of(reply: Reply) -> Sequence[ReplyPart]:
    """Return the parts of a reply in order; none for a whole answer."""
    if isinstance(reply, str):
        return (_text_part(reply),)
    if isinstance(reply, list):
        return reply
    return (reply,) if isinstance(reply, ReplyPart) else ()


@cache_texts(1_024, 2_000, 64)
def _text_part(text: str) -> TextReply:
    return TextReply(text=text)


def templates_of(reply: Reply) -> Iterator[str]:
    """Yield the texts of a reply that contain an expression."""
    for part in reply if isinstance(reply, list) else [reply]:
        yield from part.templates() if isinstance(part, AnyReply) else [part] if "{{" in part else []


def leaves(reply: Reply) -> Iterator[str | AnyReply]:
    """Yield all texts, parts and whole answers that a reply may result in, over all choices."""
    for part in reply if isinstance(reply, list) else [reply]:
        match part:
            case ChooseReply():
                for _, inner in part.options():
                    yield from leaves(inner)
            case CandidatesReply():
                for inner, _ in part.each():
                    yield from leaves(inner)
            case _:
                yield part
