"""Pydantic models of scenarios and turns."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import orjson
from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from gemulator.core.count import MAX_COUNT
from gemulator.core.errors import Mismatch
from gemulator.core.settings import CallsPerDelta, Fragment, StreamUsage, ToolIndex, Wire
from gemulator.core.strict_model import StrictModel
from gemulator.request.conversation import Conversation
from gemulator.scenario.conditions.compare import TextTest
from gemulator.scenario.conditions.match import Match
from gemulator.scenario.conditions.tool_results import result_matches
from gemulator.scenario.delivery_fields import FAULTS, PacingFields
from gemulator.scenario.finish_reason import Finish
from gemulator.scenario.recorded import RecordedFields
from gemulator.scenario.replies import (
    WHOLE,
    CallReply,
    CandidatesReply,
    ChooseReply,
    ErrorReply,
    ForwardReply,
    LiteralReply,
    Reply,
    TextReply,
    ThinkingReply,
    leaves,
    parts_of,
    templates_of,
)
from gemulator.scenario.templates.expression import Expression
from gemulator.scenario.templates.template import Template

if TYPE_CHECKING:
    from gemulator.delivery.faults.schema import Faults
else:
    Faults = Annotated[Any, FAULTS]

MAX_NAME = 200  # characters of a scenario's name, which is sent in a header


class UsageFields(StrictModel):
    """Token counts. Omitted counts and the total are computed."""

    prompt_tokens: Annotated[int | None, Field(ge=0, le=MAX_COUNT, description="Tokens of the request.")] = None
    completion_tokens: Annotated[
        int | None, Field(ge=0, le=MAX_COUNT, description="Tokens of the answer without thoughts.")
    ] = None
    reasoning_tokens: Annotated[
        int | None, Field(ge=0, le=MAX_COUNT, description="Tokens of thoughts; 0 omits the field.")
    ] = None
    cached_tokens: Annotated[int | None, Field(ge=0, le=MAX_COUNT, description="Cached tokens of the prompt.")] = None
    traffic_type: Annotated[
        str | None, Field(description="Traffic type: ON_DEMAND, ON_DEMAND_OFFPEAK, PROVISIONED_THROUGHPUT …")
    ] = None

    def with_fallback(self, other: "UsageFields") -> "UsageFields":
        """Return these counts, completed by the other's."""
        if not other.model_fields_set:
            return self
        return other.model_copy(update={name: getattr(self, name) for name in self.model_fields_set})


COMPUTED = UsageFields.model_construct()


ALWAYS = Match.model_construct()
_OF_OUR_ANSWERS = frozenset({"id", "created", "finish", "usage", "pacing", "fault"})
_OF_A_REQUEST = (ErrorReply, LiteralReply, ForwardReply)


class Turn(StrictModel, defer_build=False):
    """A reply, and the conditions under which it is given."""

    when: Annotated[
        Match, Field(description="Conditions. A turn without `when` matches always, and is tried after those with one.")
    ] = ALWAYS
    times: Annotated[
        int | None,
        Field(
            ge=1, le=MAX_COUNT, description="Maximum number of answers of this turn per session. Default: unlimited."
        ),
    ] = None
    reply: Annotated[Reply, Field(description="A text, a part, or a list of parts.")]
    id: Annotated[str | None, Field(description="Id of the answer. `created` is decoded from it.")] = None
    created: Annotated[
        int | None, Field(ge=0, lt=2**32, description="Creation time in Unix seconds. Default: the clock.")
    ] = None
    finish: Finish | None = None
    usage: Annotated[UsageFields, Field(description="Token counts. Omitted counts are computed.")] = COMPUTED
    pacing: Annotated[PacingFields | None, Field(description="Timing of the chunks.")] = None
    fault: Annotated[Faults | None, Field(description="Delivery faults: one or a list.")] = None
    recorded: Annotated[RecordedFields | None, Field(description="What the turn was recorded with.")] = None

    @field_validator("reply")
    @classmethod
    def _validate_reply(cls, reply: Reply, info: ValidationInfo) -> Reply:
        _check_nesting(reply)
        when = info.data.get("when")
        if when is not None:
            _check_groups(reply, when)
        return reply

    @model_validator(mode="after")
    def _validate_literal(self) -> Self:
        literal = next((leaf for leaf in leaves(self.reply) if isinstance(leaf, LiteralReply)), None)
        given = sorted({"id", "created", "finish", "usage"} & self.model_fields_set) if literal else []
        if literal and given:
            raise ValueError(f"`{given[0]}` has no effect beside `{literal.key}`: write it there, or remove it")
        idle = sorted(_OF_OUR_ANSWERS & self.model_fields_set) if self.may_forward else []
        if idle:
            raise ValueError(f"`{idle[0]}` has no effect beside `forward`, whose answer is the upstream's: remove it")
        return self

    @cached_property
    def may_forward(self) -> bool:
        """Return True if the reply may be that of the upstream."""
        return any(isinstance(leaf, ForwardReply) for leaf in leaves(self.reply))

    @cached_property
    def content(self) -> bytes:
        """Return conditions and reply as canonical JSON: the seed of the turn's answers. Excludes pacing and faults."""
        content = self.model_dump(mode="json", exclude_defaults=True, exclude={"pacing", "fault", "recorded"})
        return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)

    @cached_property
    def constant(self) -> bool:
        """Return True if the text does not depend on the request, and neither id, time nor usage is set."""
        if (
            self.id is not None
            or self.created is not None
            or self.usage.model_fields_set
            or any(templates_of(self.reply))
        ):
            return False
        parts = parts_of(self.reply)
        return bool(parts) and all(isinstance(part, TextReply | ThinkingReply) for part in parts)

    @cached_property
    def reads_groups(self) -> bool:
        """Return True if the reply uses groups that a regular expression of the `when` captures."""
        return "match" in self._template_variables

    @cached_property
    def reads_clock(self) -> bool:
        """Return True if the reply tells the time."""
        return "now" in self._template_variables

    @cached_property
    def _template_variables(self) -> frozenset[str]:
        """Return the first names of the paths in templates."""
        return frozenset(str(path[0]) for expression in expressions_of(self.reply) for path in expression.paths)

    @cached_property
    def tool_names(self) -> frozenset[str]:
        """Return the names of the tools that the reply may call."""
        return frozenset(part.call for part in leaves(self.reply) if isinstance(part, CallReply))

    @cached_property
    def conditional(self) -> bool:
        return self.when.has_conditions

    def mismatches(self, conversation: Conversation) -> Iterator[Mismatch]:
        """Yield the conditions that do not hold; none if the turn matches."""
        yield from self.when.mismatches(conversation)
        if self.tool_names:
            yield from self._results_already_given(conversation)

    def matches(self, conversation: Conversation) -> bool:
        """Return True if the turn matches."""
        if not self.when.matches(conversation):
            return False
        return not (self.tool_names and any(self._results_already_given(conversation)))

    def _results_already_given(self, conversation: Conversation) -> Iterator[Mismatch]:
        """Yield a mismatch if a tool of the reply has answered, unless `tool_result` matches that result."""
        for result in conversation.tool_results:
            expected = self.when.tool_result is not None and result_matches(self.when.tool_result, result)
            if result.name in self.tool_names and not expected:
                yield Mismatch("call", f"that {result.name} has not answered yet", f"a result of {result.name}")
                return


def _check_nesting(reply: Reply) -> None:
    """Raise ValueError if a whole answer is one of several parts, or an error one of several candidates."""
    if isinstance(reply, list):
        chosen = (part for part in reply if isinstance(part, ChooseReply))
        whole = next((leaf for part in chosen for leaf in leaves(part) if isinstance(leaf, WHOLE)), None)
        if whole is not None:
            raise ValueError(f"`{whole.key}` cannot be one of several parts: make `choose` the only part")
    elif isinstance(reply, ChooseReply):
        for _, option in reply.options():
            _check_nesting(option)
    elif isinstance(reply, CandidatesReply):
        for candidate, _ in reply.each():
            leaf = next((leaf for leaf in leaves(candidate) if isinstance(leaf, _OF_A_REQUEST)), None)
            if leaf is not None or isinstance(candidate, CandidatesReply):
                key = leaf.key if leaf else CandidatesReply.key
                raise ValueError(f"a candidate must be a text or parts: `{key}` applies to the whole request")
            _check_nesting(candidate)


def expressions_of(reply: Reply) -> Iterator[Expression]:
    """Yield all template expressions of a reply."""
    for text in templates_of(reply):
        yield from Template.of(text).expressions


def _check_groups(reply: Reply, when: Match) -> None:
    """Raise ValueError if a `{{ match.… }}` names a group that no pattern of the `when` has."""
    for expression in expressions_of(reply):
        for name in [str(path[1]) for path in expression.paths if path[0] == "match" and len(path) > 1]:
            known = _group_names(when)
            if name not in known:
                groups = f"known groups are {', '.join(known)}" if known else "the `when` has no `matches:` or `like:`"
                raise ValueError(f"`{{{{ {expression.source} }}}}`: no pattern has group `{name}`: {groups}")


def _group_names(when: Match) -> Sequence[str]:
    names: dict[str, None] = {}
    for fields, _ in when.regexes:
        for pattern in fields.patterns:
            numbers = [str(number) for number in range(pattern.groups + 1)]
            names |= dict.fromkeys([*numbers, *pattern.groupindex])
    return list(names)


class Scenario(StrictModel):
    """A scenario file: a list of turns."""

    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_NAME,
            description="Name. Default: path of the file in its folder, without suffix.",
        ),
    ] = ""
    description: Annotated[str, Field(description="One line of documentation.")] = ""
    model: Annotated[TextTest | None, Field(description="Condition on the model, for turns without one.")] = None
    wire: Annotated[
        Wire | None,
        Field(description="Streamed tool calls: `faithful` as documented, or `sdk-safe` for SDK stream helpers."),
    ] = None
    tool_index: Annotated[
        ToolIndex | None,
        Field(description="Index of streamed tool calls: `documented`, `sequential`, `all-zero`, `gap` or `missing`."),
    ] = None
    fragment: Annotated[
        Fragment | None,
        Field(description="Splitting of streamed arguments: `json` as documented, `token`, `size:N` or `whole`."),
    ] = None
    calls_per_delta: Annotated[
        CallsPerDelta | None, Field(description="Whole tool calls in one delta of a stream. Default: 1.")
    ] = None
    stream_usage: Annotated[
        StreamUsage | None,
        Field(description="Token counts in a stream: in the `last` chunk as documented, or so far in `every` chunk."),
    ] = None
    pacing: Annotated[PacingFields | None, Field(description="Default for turns without `pacing`.")] = None
    fault: Annotated[Faults | None, Field(description="Default for turns without `fault`.")] = None
    usage: Annotated[UsageFields, Field(description="Defaults for token counts that a turn omits.")] = COMPUTED
    recorded: Annotated[
        RecordedFields | None, Field(description="What turns without `recorded` were recorded with.")
    ] = None
    turns: Annotated[
        list[Turn], Field(min_length=1, description="Turns, tried from top to bottom; the first that matches answers.")
    ]

    _file: Path | None = PrivateAttr(default=None)
    _lines: Sequence[int] = PrivateAttr(default=())

    @cached_property
    def model_condition(self) -> Match:
        """Return the condition of turns that have no `model` of their own."""
        return ALWAYS if self.model is None else Match(model=self.model)

    def located_at(self, file: Path, lines: Sequence[int]) -> "Scenario":
        """Set the file and the lines of the turns, and return self."""
        # Messages name the file, and JSON holds UTF-8 only.
        self._file, self._lines = Path(str(file).encode("utf-8", "replace").decode()), lines
        return self

    @property
    def file(self) -> Path:
        """Return the file, or the name as a path if the scenario was pushed."""
        return self._file or Path(self.name)

    def line(self, number: int) -> int:
        """Return the line of a turn, both counted from 1."""
        return self._lines[number - 1] if self._lines else 1
