"""Scenarios and turns, as written."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from pydantic import Field, PrivateAttr, ValidationInfo, field_validator

from gemulator.core.errors import Mismatch
from gemulator.core.strict_model import StrictModel
from gemulator.request.conversation import Conversation
from gemulator.scenario.conditions.compare import TextTest
from gemulator.scenario.conditions.match import Match
from gemulator.scenario.conditions.tool_results import result_holds
from gemulator.scenario.delivery_fields import FAULTS, PacingFields
from gemulator.scenario.finish_reason import Finish
from gemulator.scenario.replies import (
    WHOLE,
    CallReply,
    CandidatesReply,
    ChooseReply,
    ErrorReply,
    Reply,
    TextReply,
    ThinkingReply,
    leaves,
    parts_of,
    texts_of,
)
from gemulator.scenario.templates.template import Expression, Template

if TYPE_CHECKING:
    from gemulator.delivery.faults.schema import Faults
else:
    Faults = Annotated[Any, FAULTS]


class UsageFields(StrictModel):
    """Token counts. What is left out is computed; the total always is."""

    prompt_tokens: Annotated[int | None, Field(ge=0, description="Tokens of the request.")] = None
    completion_tokens: Annotated[int | None, Field(ge=0, description="Tokens of the answer, thoughts aside.")] = None
    reasoning_tokens: Annotated[int | None, Field(ge=0, description="Tokens of thoughts; 0 leaves them out.")] = None
    cached_tokens: Annotated[int | None, Field(ge=0, description="Those of the prompt that were cached.")] = None
    traffic_type: Annotated[str | None, Field(description="ON_DEMAND, PROVISIONED_THROUGHPUT …")] = None

    def over(self, other: "UsageFields") -> "UsageFields":
        """These counts, and the other's where these say nothing."""
        if not other.model_fields_set:
            return self
        return other.model_copy(update={name: getattr(self, name) for name in self.model_fields_set})


COMPUTED = UsageFields.model_construct()


ALWAYS = Match.model_construct()


class Turn(StrictModel, defer_build=False):
    """When this is asked, reply that."""

    when: Annotated[Match, Field(description="What must hold. Left out: always, after all turns that have one.")] = (
        ALWAYS
    )
    times: Annotated[int | None, Field(ge=1, description="How often this turn may answer, in one session.")] = None
    reply: Annotated[Reply, Field(description="A text, one part, or a list of parts in order.")]
    id: Annotated[str | None, Field(description="The id of the answer; `created` is decoded from it.")] = None
    created: Annotated[
        int | None, Field(ge=0, lt=2**32, description="Unix seconds of the answer, instead of the clock's.")
    ] = None
    finish: Finish | None = None
    usage: Annotated[UsageFields, Field(description="Token counts; what is left out is computed.")] = COMPUTED
    pacing: Annotated[PacingFields | None, Field(description="When the chunks leave.")] = None
    fault: Annotated[Faults | None, Field(description="What goes wrong in the delivery: one fault or a list.")] = None

    @field_validator("reply")
    @classmethod
    def _usable(cls, reply: Reply, info: ValidationInfo) -> Reply:
        _check_nesting(reply)
        when = info.data.get("when")
        if when is not None:
            _check_groups(reply, when)
        return reply

    @cached_property
    def content(self) -> bytes:
        """What the turn says, as bytes: decides its words, wherever it stands and however it is delivered."""
        said = self.model_dump(mode="json", exclude_defaults=True, exclude={"pacing", "fault"})
        return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)

    @cached_property
    def constant(self) -> bool:
        """Whether its words are the same whatever is asked, and nothing of the envelope is fixed."""
        if self.id is not None or self.created is not None or self.usage.model_fields_set or any(texts_of(self.reply)):
            return False
        parts = parts_of(self.reply)
        return bool(parts) and all(isinstance(part, TextReply | ThinkingReply) for part in parts)

    @cached_property
    def called(self) -> frozenset[str]:
        """The names of the tools that it may call."""
        return frozenset(part.call for part in leaves(self.reply) if isinstance(part, CallReply))

    @cached_property
    def conditional(self) -> bool:
        return self.when.given

    def mismatches(self, conversation: Conversation) -> Iterator[Mismatch]:
        """Why the turn does not fit; nothing: it does."""
        yield from self.when.mismatches(conversation)
        if self.called:
            yield from self._spent(conversation)

    def holds(self, conversation: Conversation) -> bool:
        """Whether it fits."""
        return self.when.holds(conversation) and not (self.called and any(self._spent(conversation)))

    def _spent(self, conversation: Conversation) -> Iterator[Mismatch]:
        """A call whose result has come is not made again, unless `tool_result` is about that very result."""
        for result in conversation.tool_results:
            told = self.when.tool_result is not None and result_holds(self.when.tool_result, result)
            if result.name in self.called and not told:
                yield Mismatch("call", f"that {result.name} has not answered yet", f"a result of {result.name}")
                return


def _check_nesting(reply: Reply) -> None:
    """A refusal is a whole answer: it is never one of several parts, and an error never one of several candidates."""
    if isinstance(reply, list):
        chosen = (part for part in reply if isinstance(part, ChooseReply))
        whole = next((leaf for part in chosen for leaf in leaves(part) if isinstance(leaf, WHOLE)), None)
        if whole is not None:
            raise ValueError(f"`{whole.key}` is a whole answer: it cannot be chosen as one of several parts")
    elif isinstance(reply, ChooseReply):
        for _, option in reply.options():
            _check_nesting(option)
    elif isinstance(reply, CandidatesReply):
        for candidate, _ in reply.each():
            if any(isinstance(leaf, ErrorReply) for leaf in leaves(candidate)) or isinstance(
                candidate, CandidatesReply
            ):
                raise ValueError("a candidate is a text or parts: an `error` refuses the whole request")
            _check_nesting(candidate)


def expressions_of(reply: Reply) -> Iterator[Expression]:
    """All expressions in the texts of a reply."""
    for text in texts_of(reply):
        yield from Template.of(text).expressions


def _check_groups(reply: Reply, when: Match) -> None:
    """Whether every `{{ match.… }}` names a group that some regular expression of the `when` has."""
    for expression in expressions_of(reply):
        if expression.path and expression.path[0] == "match" and len(expression.path) > 1:
            name, known = str(expression.path[1]), _groups(when)
            if name not in known:
                have = f"there are {', '.join(known)}" if known else "the `when` has no `matches:`"
                raise ValueError(f"`{{{{ {expression.source} }}}}`: no regular expression has such a group: {have}")


def _groups(when: Match) -> Sequence[str]:
    names: dict[str, None] = {}
    for fields, _ in when.expressions:
        numbers = [str(number) for number in range(fields.pattern.groups + 1)]
        names |= dict.fromkeys([*numbers, *fields.pattern.groupindex])
    return list(names)


class Scenario(StrictModel):
    """A named list of turns: one file."""

    name: Annotated[str, Field(description="Left out: the path of the file under its folder, without suffix.")] = ""
    description: Annotated[str, Field(description="One line for people.")] = ""
    model: Annotated[
        TextTest | None, Field(description="A condition on the model, for the turns that have none of their own.")
    ] = None
    wire: Annotated[Literal["faithful", "sdk-safe"] | None, Field(description="How streams of calls are worded.")] = (
        None
    )
    pacing: Annotated[PacingFields | None, Field(description="For the turns that have none of their own.")] = None
    fault: Annotated[Faults | None, Field(description="For the turns that have none of their own.")] = None
    usage: Annotated[UsageFields, Field(description="For the counts that a turn does not give.")] = COMPUTED
    turns: Annotated[
        list[Turn], Field(min_length=1, description="Tried from top to bottom; the first that fits answers.")
    ]

    _file: Path | None = PrivateAttr(default=None)
    _lines: Sequence[int] = PrivateAttr(default=())

    @cached_property
    def scope(self) -> Match:
        """What holds for the turns that say nothing about the model."""
        return ALWAYS if self.model is None else Match(model=self.model)

    def located_at(self, file: Path, lines: Sequence[int]) -> "Scenario":
        """This scenario, which knows its file and the lines of its turns from now on."""
        self._file, self._lines = file, lines
        return self

    @property
    def file(self) -> Path:
        """The file, or the name where it is none."""
        return self._file or Path(self.name)

    def line(self, number: int) -> int:
        """The line of a turn, both counted from 1."""
        return self._lines[number - 1] if self._lines else 1
