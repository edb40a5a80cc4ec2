"""The conditions of a `when`: what is read from a conversation, times how it is compared."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Annotated, Any, TypeAlias

import re2
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator

from emulator.conversation import Conversation
from emulator.errors import Mismatch


class Strict(BaseModel):
    """What all parts of a scenario share: unknown keys are errors, types are not converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _compiled(pattern: str) -> str:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
        raise ValueError(f"regular expression not accepted: {reason}") from None
    return pattern


class TextFields(Strict):
    """How a text is compared, spelled out. Given several ways, all must hold."""

    equals: Annotated[str | None, Field(description="The whole text, letter by letter.")] = None
    contains: Annotated[str | None, Field(description="Somewhere in the text, ignoring case.")] = None
    matches: Annotated[
        str | None, Field(description="A regular expression (RE2 syntax) that is found somewhere in the text.")
    ] = None

    _check = field_validator("matches")(_compiled)

    @cached_property
    def pattern(self) -> Any:
        return re2.compile(self.matches) if self.matches is not None else None

    def holds(self, text: str) -> bool:
        return (
            (self.equals is None or text == self.equals)
            and (self.contains is None or self.contains.casefold() in text.casefold())
            and (self.pattern is None or self.pattern.search(text) is not None)
        )

    def __str__(self) -> str:
        given = ((name, getattr(self, name)) for name in type(self).model_fields)
        return " and ".join(f"{name} {value!r}" for name, value in given if value is not None)


def _shape(value: Any) -> str:
    if isinstance(value, list):
        return "<list>"
    return "<fields>" if isinstance(value, dict | BaseModel) else "<words>"


OneText: TypeAlias = Annotated[
    Annotated[str, Tag("<words>")] | Annotated[TextFields, Tag("<fields>")], Discriminator(_shape)
]
TextTest: TypeAlias = Annotated[
    Annotated[str, Tag("<words>")] | Annotated[TextFields, Tag("<fields>")] | Annotated[list[OneText], Tag("<list>")],
    Discriminator(_shape),
]


def holds(test: TextTest, text: str, *, glob: bool = False) -> bool:
    """Whether `text` passes. A plain string means: contains, ignoring case; a list: any of it."""
    if isinstance(test, list):
        return any(holds(one, text, glob=glob) for one in test)
    if isinstance(test, TextFields):
        return test.holds(text)
    if glob and ("*" in test or "?" in test):
        return fnmatchcase(text, test)
    return test.casefold() in text.casefold()


def expected(test: TextTest) -> str:
    """What a text had to be, in words."""
    if isinstance(test, list):
        return " or ".join(map(expected, test))
    return str(test) if isinstance(test, TextFields) else f"{test!r} in it"


@dataclass(frozen=True, slots=True)
class Reads:
    """Marks a field of `Match`: the texts in a conversation that it is about. One of them has to pass."""

    look: Callable[[Conversation], Sequence[str]]
    glob: bool = False


class Match(Strict):
    """All conditions of a `when`. It holds when it yields no mismatch."""

    user: Annotated[
        TextTest | None,
        Reads(lambda conversation: [conversation.user_text]),
        Field(description="The newest user message."),
    ] = None
    system: Annotated[
        TextTest | None, Reads(lambda conversation: [conversation.system_text]), Field(description="The system text.")
    ] = None
    model: Annotated[
        TextTest | None,
        Reads(lambda conversation: [conversation.request.model], glob=True),
        Field(description="The model id; with `*` or `?` a pattern for all of it."),
    ] = None
    tool_result: Annotated[
        TextTest | None,
        Reads(lambda conversation: [result.name for result in conversation.tool_results]),
        Field(description="The name of a tool that has answered since the newest user message."),
    ] = None
    turn: Annotated[
        int | None,
        Reads(lambda conversation: [str(conversation.turn)]),
        Field(ge=1, description="1 where no assistant message has come yet; each one counts."),
    ] = None

    @cached_property
    def conditions(self) -> Sequence[tuple[str, Any, Reads]]:
        """The conditions that are given: name, test, and what it reads."""
        fields = type(self).model_fields
        given = ((name, getattr(self, name), fields[name].metadata) for name in fields)
        return [(name, test, _reads(metadata)) for name, test, metadata in given if test is not None]

    def mismatches(self, conversation: Conversation) -> Iterator[Mismatch]:
        """What does not hold; nothing: it matches."""
        for name, test, reads in self.conditions:
            seen = reads.look(conversation)
            if isinstance(test, int):
                if seen != [str(test)]:
                    yield Mismatch(name, str(test), seen[0])
            elif not any(holds(test, text, glob=reads.glob) for text in seen):
                yield Mismatch(name, expected(test), _shown(seen))


def _reads(metadata: Sequence[Any]) -> Reads:
    return next(item for item in metadata if isinstance(item, Reads))


def _shown(texts: Sequence[str]) -> str:
    shown = ", ".join(repr(text if len(text) <= 80 else f"{text[:77]}...") for text in texts)
    return shown or "nothing"
