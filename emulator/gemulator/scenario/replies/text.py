"""Text replies: given or generated."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from gemulator.core.plan import Part, Text, Thought
from gemulator.scenario.replies.chunks import Chunks, literal_pieces, split
from gemulator.scenario.replies.reply import Context, ReplyPart, Signature
from gemulator.scenario.templates.fields import TemplateText

Cut: TypeAlias = Annotated[
    Chunks | None,
    Field(description="Chunks of a stream: literal pieces, or their size in characters, tokens or words."),
]


def _text_part(
    text: str, chunks: Sequence[str] | None, context: Context, signature: str | Literal[False] | None
) -> Text:
    return Text(text, context.signature(signature, ""), tuple(chunks) if chunks else None)


class TextReply(ReplyPart):
    """Text of the answer."""

    key: ClassVar[str] = "text"
    example: ClassVar[str] = "{ text: What has keys but opens no door?, chunks: { words: 2 } }"
    text: Annotated[TemplateText | None, Field(description="Text. Default: the joined `chunks`.")] = None
    chunks: Cut = None
    thought_signature: Signature = None

    @model_validator(mode="after")
    def _validate_text(self) -> "TextReply":
        pieces = literal_pieces(self.chunks)
        if self.text is None and pieces is None:
            raise ValueError('`text` has no value: write `text: ""` for an empty answer, or add a list of `chunks`')
        if self.text is not None and pieces is not None and "".join(pieces) != self.text:
            raise ValueError("the joined `chunks` differ from `text`: remove `text`, or correct one of the two")
        return self

    def plan(self, context: Context) -> tuple[Part, ...]:
        pieces = literal_pieces(self.chunks)
        if pieces is not None:
            filled = [context.text(piece) for piece in pieces]
            return (_text_part("".join(filled), filled, context, self.thought_signature),)
        text = context.text(self.text or "")
        return (_text_part(text, split(self.chunks, text), context, self.thought_signature),)


def _validate_locale(locale: str) -> str:
    from faker.config import AVAILABLE_LOCALES

    if locale not in AVAILABLE_LOCALES and locale not in {known[:2] for known in AVAILABLE_LOCALES}:
        from difflib import get_close_matches

        language = [known for known in AVAILABLE_LOCALES if known[:2] == locale[:2].lower()]
        near = language or get_close_matches(locale, AVAILABLE_LOCALES, 1)
        meant = f"did you mean `{near[0]}`?" if near else "use one like de_DE"
        raise ValueError(f"`{locale}` is not a known locale: {meant}")
    return locale


Locale: TypeAlias = Annotated[str, AfterValidator(_validate_locale)]


class LoremReply(ReplyPart):
    """Lorem ipsum."""

    key: ClassVar[str] = "lorem"
    example: ClassVar[str] = "{ lorem: 120, paragraphs: 3, locale: de_DE }"
    lorem: Annotated[int, Field(ge=1, le=100_000, description="Number of words.")]
    paragraphs: Annotated[int, Field(ge=1, le=1000, description="Number of paragraphs.")] = 1
    locale: Annotated[Locale, Field(description="Locale: en_US, de_DE, ja_JP …")] = "en_US"
    chunks: Annotated[Chunks | None, Field(description="The size of the pieces of a stream.")] = None

    def plan(self, context: Context) -> tuple[Part, ...]:
        from gemulator.generate.text.answer import lorem

        text = lorem(context.seed.child("lorem"), self.lorem, paragraphs=self.paragraphs, locale=self.locale)
        return (_text_part(text, split(self.chunks, text), context, None),)


class MarkdownReply(ReplyPart):
    """A Markdown page with every element that a chat window renders: headings, lists, tables, code, links."""

    key: ClassVar[str] = "markdown"
    example: ClassVar[str] = "{ markdown: showcase }"
    markdown: Annotated[
        TemplateText, Field(description="Topic of the page; `showcase` takes it from the user message.")
    ]
    chunks: Annotated[Chunks | None, Field(description="The size of the pieces of a stream.")] = None

    def plan(self, context: Context) -> tuple[Part, ...]:
        from gemulator.generate.text.answer import markdown

        topic = context.conversation.user_text if self.markdown == "showcase" else context.text(self.markdown)
        text = markdown(context.seed.child("markdown"), topic)
        return (_text_part(text, split(self.chunks, text), context, None),)


class ThinkingReply(ReplyPart):
    """Thoughts of the model."""

    key: ClassVar[str] = "thinking"
    example: ClassVar[str] = "{ thinking: A short riddle will do. }"
    thinking: Annotated[
        TemplateText, Field(description="Text of the thoughts; the request decides if it is shown, tagged or hidden.")
    ]
    chunks: Annotated[Chunks | None, Field(description="The size of the pieces of a stream.")] = None

    def plan(self, context: Context) -> tuple[Part, ...]:
        text = context.text(self.thinking)
        return (Thought(text, split(self.chunks, text)),)
