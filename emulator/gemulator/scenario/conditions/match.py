"""Conditions of a `when`: one field each, with its extractor."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Annotated, Any

from pydantic import Field

from gemulator.core.errors import Mismatch
from gemulator.core.secrets import REDACTED, is_secret
from gemulator.core.strict_model import StrictModel
from gemulator.request.conversation import Conversation
from gemulator.scenario.conditions.captures import Regex, regexes_in
from gemulator.scenario.conditions.compare import MAX_ALTERNATIVES, Presence, TextTest
from gemulator.scenario.conditions.extractors import (
    Extractor,
    FlagExtractor,
    HeadersExtractor,
    NumberExtractor,
    RequiredLiteral,
    TextsExtractor,
    TreeExtractor,
    ValueTests,
    any_group_mismatch,
    as_list,
    response_format_texts,
    tool_choice_texts,
)
from gemulator.scenario.conditions.media import MediaExtractor, MediaTest
from gemulator.scenario.conditions.tool_calls import CallsExtractor, CallTest
from gemulator.scenario.conditions.tool_results import ResultsExtractor, ResultTest
from gemulator.scenario.conditions.values import NumberTest


class Match(StrictModel):
    """Conditions of a `when`, all of which must hold."""

    user: Annotated[
        TextTest | None,
        TextsExtractor(lambda conversation: [conversation.user_turn_text]),
        Field(
            description="Newest user turn: all user messages in a row, with the texts of all parts.",
            examples=["weather"],
        ),
    ] = None
    earlier: Annotated[
        TextTest | None,
        TextsExtractor(lambda conversation: conversation.earlier_user_texts),
        Field(description="Any user message before the newest user turn.", examples=["my name is Ada"]),
    ] = None
    system: Annotated[
        TextTest | None,
        TextsExtractor(lambda conversation: as_list(conversation.system_text or None)),
        Field(description="System text.", examples=["You are a pirate"]),
    ] = None
    model: Annotated[
        TextTest | None,
        TextsExtractor(lambda conversation: [conversation.request.model], glob=True),
        Field(
            description="Model id; with `*` or `?` a pattern for the whole id.",
            examples=["google/gemini-2.5-*"],
        ),
    ] = None
    endpoint: Annotated[
        TextTest | None,
        TextsExtractor(lambda conversation: [conversation.target.endpoint]),
        Field(description="Endpoint id in the path; `openapi` is the shared endpoint.", examples=["1234567890"]),
    ] = None
    project: Annotated[
        TextTest | None,
        TextsExtractor(lambda conversation: [conversation.target.project]),
        Field(description="Project in the path.", examples=["staging"]),
    ] = None
    location: Annotated[
        TextTest | None,
        TextsExtractor(lambda conversation: [conversation.target.location]),
        Field(description="Location in the path.", examples=["us-central1"]),
    ] = None
    tool_result: Annotated[
        ResultTest | None,
        ResultsExtractor(),
        Field(
            description="Tool result since the newest user message: name of the tool, or name, text and values.",
            examples=["get_weather", {"name": "get_weather", "json": {"temp": {"at_least": 30}}}],
        ),
    ] = None
    tool_call: Annotated[
        CallTest | None,
        CallsExtractor(),
        Field(
            description="Tool call since the newest user message: name of the tool, or name and arguments.",
            examples=["book", {"name": "book", "with": {"city": "Rome"}}],
        ),
    ] = None
    turn: Annotated[
        NumberTest | None,
        NumberExtractor(lambda conversation: conversation.turn),
        Field(description="1 plus the number of assistant messages, including those with tool calls.", examples=[1]),
    ] = None
    tools: Annotated[
        Presence | None,
        TextsExtractor(lambda conversation: [function.name for function in conversation.request.functions_offered]),
        Field(description="Name of an offered tool; `false`: no tools.", examples=["get_weather", False]),
    ] = None
    tool_choice: Annotated[
        TextTest | None,
        TextsExtractor(tool_choice_texts),
        Field(description="auto, none, required, validated, or the name of a tool.", examples=["required"]),
    ] = None
    response_format: Annotated[
        Presence | None,
        TextsExtractor(response_format_texts),
        Field(description="text, json_object or json_schema; `false`: not set.", examples=["json_schema"]),
    ] = None
    response_schema: Annotated[
        TextTest | None,
        TextsExtractor(lambda conversation: as_list(conversation.request.schema_name)),
        Field(description="Name of the JSON Schema of the answer.", examples=["invoice"]),
    ] = None
    modalities: Annotated[
        Presence | None,
        TextsExtractor(lambda conversation: conversation.request.modalities or ()),
        Field(description="Requested modality: text, image or audio.", examples=["image"]),
    ] = None
    image: Annotated[
        MediaTest | None,
        MediaExtractor("image"),
        Field(description="Image in the newest user turn: MIME type, or `true` for any.", examples=[True]),
    ] = None
    audio: Annotated[
        MediaTest | None,
        MediaExtractor("audio"),
        Field(description="Audio in the newest user turn.", examples=["audio/wav"]),
    ] = None
    file: Annotated[
        MediaTest | None,
        MediaExtractor("file"),
        Field(description="Other file in the newest user turn.", examples=[{"mime": "application/pdf"}]),
    ] = None
    stream: Annotated[
        bool | None,
        FlagExtractor(lambda conversation: bool(conversation.request.stream)),
        Field(description="`true`: a streamed answer is requested; `false`: it is not.", examples=[True]),
    ] = None
    temperature: Annotated[
        NumberTest | None,
        NumberExtractor(lambda conversation: conversation.request.temperature),
        Field(description="Temperature.", examples=[0, {"at_least": 1.5}]),
    ] = None
    top_p: Annotated[
        NumberTest | None,
        NumberExtractor(lambda conversation: conversation.request.top_p),
        Field(description="Nucleus sampling probability.", examples=[{"at_most": 0.5}]),
    ] = None
    max_tokens: Annotated[
        NumberTest | None,
        NumberExtractor(lambda conversation: conversation.request.token_limit),
        Field(description="max_tokens or max_completion_tokens.", examples=[{"at_most": 100}]),
    ] = None
    n: Annotated[
        NumberTest | None,
        NumberExtractor(lambda conversation: conversation.request.n),
        Field(description="Number of candidates.", examples=[3]),
    ] = None
    seed: Annotated[
        NumberTest | None,
        NumberExtractor(lambda conversation: conversation.request.seed),
        Field(description="Seed of the request.", examples=[42]),
    ] = None
    frequency_penalty: Annotated[
        NumberTest | None,
        NumberExtractor(lambda conversation: conversation.request.frequency_penalty),
        Field(description="Frequency penalty.", examples=[{"at_least": 1}]),
    ] = None
    presence_penalty: Annotated[
        NumberTest | None,
        NumberExtractor(lambda conversation: conversation.request.presence_penalty),
        Field(description="Presence penalty.", examples=[{"at_least": 1}]),
    ] = None
    stop: Annotated[
        Presence | None,
        TextsExtractor(lambda conversation: conversation.request.stops),
        Field(description="Any stop sequence.", examples=["END"]),
    ] = None
    reasoning_effort: Annotated[
        Presence | None,
        TextsExtractor(lambda conversation: as_list(conversation.request.reasoning_effort)),
        Field(description="minimal, low, medium or high; `false`: not set.", examples=["high"]),
    ] = None
    header: Annotated[
        dict[str, Presence] | None,
        HeadersExtractor(),
        Field(description="Request headers by name.", examples=[{"x-tenant": "acme"}]),
    ] = None
    body: Annotated[
        ValueTests | None,
        TreeExtractor(lambda conversation: conversation.body),
        Field(
            description="Values of the body by path.",
            examples=[{"extra_body.google.thinking_config.include_thoughts": True}],
        ),
    ] = None
    all_: Annotated[
        list["Match"] | None,
        Field(
            alias="all",
            min_length=1,
            max_length=MAX_ALTERNATIVES,
            description="Groups of conditions, all of which must hold.",
            examples=[[{"tool_result": "get_weather"}, {"tool_result": "get_time"}]],
        ),
    ] = None
    any_: Annotated[
        list["Match"] | None,
        Field(
            alias="any",
            min_length=1,
            max_length=MAX_ALTERNATIVES,
            description="Groups of conditions, one of which must hold.",
            examples=[[{"user": "weather"}, {"tools": "get_weather"}]],
        ),
    ] = None
    not_: Annotated[
        "Match | None",
        Field(alias="not", description="Conditions that must not all hold.", examples=[{"user": "tomorrow"}]),
    ] = None

    @cached_property
    def conditions(self) -> Sequence[tuple[str, Any, Extractor]]:
        """Return name, test and extractor of the conditions that are set, without groups."""
        return [
            (name, test, extractor)
            for name, extractor in _extractors().items()
            if name in self.model_fields_set and (test := getattr(self, name)) is not None
        ]

    @property
    def has_conditions(self) -> bool:
        """Return True if at least one condition is set."""
        return bool(self.conditions or self.all_ or self.any_ or self.not_)

    def mismatches(self, conversation: Conversation) -> Iterator[Mismatch]:
        """Yield the conditions that do not hold; none if the request matches."""
        for name, test, extractor in self.conditions:
            yield from extractor.mismatches(name, test, conversation)
        for group in self.all_ or ():
            yield from group.mismatches(conversation)
        if self.any_:
            yield from any_group_mismatch([list(group.mismatches(conversation)) for group in self.any_])
        if self.not_ is not None and self.not_.matches(conversation):
            conditions = REDACTED if any(map(is_secret, self.not_.header_names)) else self.not_
            yield Mismatch("not", f"not {conditions}", "a match")

    def matches(self, conversation: Conversation) -> bool:
        """Return True if the request matches. Cheaper than `mismatches`, which builds messages."""
        for _, test, extractor in self.conditions:
            if not extractor.matches(test, conversation):
                return False
        groups, others = self.all_ or (), self.any_ or ()
        if not groups and not others and self.not_ is None:
            return True
        return (
            all(group.matches(conversation) for group in groups)
            and (not others or any(group.matches(conversation) for group in others))
            and (self.not_ is None or not self.not_.matches(conversation))
        )

    def required_literals(self) -> Iterator[RequiredLiteral]:
        """Yield literals that a matching request must contain, for the index."""
        for name, test, extractor in self.conditions:
            yield from extractor.required_literals(name, test)
        for group in self.all_ or ():
            yield from group.required_literals()

    def positive_groups(self) -> Iterator["Match"]:
        """Yield this match and the nested groups of `all` and `any`."""
        yield self
        for group in (*(self.all_ or ()), *(self.any_ or ())):
            yield from group.positive_groups()

    @cached_property
    def header_names(self) -> frozenset[str]:
        """Return the lower-case names of the headers that conditions read, groups included."""
        own = frozenset(name.lower() for name in self.header or ())
        inner = (*(self.all_ or ()), *(self.any_ or ()), *([self.not_] if self.not_ else ()))
        return own.union(*(group.header_names for group in inner))

    @cached_property
    def regexes(self) -> Sequence[Regex]:
        """Return the regular expressions whose groups a reply may use."""
        return regexes_in(condition for match in self.positive_groups() for condition in match.conditions)

    def __str__(self) -> str:
        return self.model_dump_json(by_alias=True, exclude_unset=True)


@lru_cache(maxsize=1)
def _extractors() -> Mapping[str, Extractor]:
    fields = Match.model_fields.items()
    return {name: marker for name, field in fields for marker in field.metadata if isinstance(marker, Extractor)}
