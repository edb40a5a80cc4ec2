"""Conditions on tool calls of the model."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, TypeAlias

import orjson
from pydantic import Discriminator, Field, Tag

from gemulator.core.errors import Mismatch
from gemulator.core.json_types import JSON
from gemulator.core.strict_model import StrictModel
from gemulator.request.conversation import Conversation
from gemulator.request.message import HistoryCall
from gemulator.scenario.conditions.compare import ALTERNATIVES, OneText, TextFields, TextTest, shape_tag
from gemulator.scenario.conditions.extractors import (
    Extractor,
    RequiredLiteral,
    ValueTests,
    literals,
    text_mismatch,
    text_mismatches,
    value_mismatches,
)
from gemulator.scenario.conditions.texts import MAX_SHOWN, quote
from gemulator.scenario.conditions.values import ABSENT, Absent, json_equal
from gemulator.scenario.json_path import text_of


class CallFields(StrictModel):
    """Conditions on one tool call since the newest user message, all of which must hold."""

    name: Annotated[TextTest | None, Field(description="Name of the tool.")] = None
    with_: Annotated[
        dict[str, JSON] | None,
        Field(alias="with", description="Arguments that the call has, with equal values; it may have others."),
    ] = None
    json_: Annotated[ValueTests | None, Field(alias="json", description="Values of the arguments by path.")] = None


def _call_shape(value: Any) -> str:
    inner = value.keys() & {"name", "with", "json"} if isinstance(value, dict) else isinstance(value, CallFields)
    return "<call>" if inner else shape_tag(value)


CallTest: TypeAlias = Annotated[
    Annotated[CallFields, Tag("<call>")]
    | Annotated[bool, Tag("<flag>")]
    | Annotated[str, Tag("<words>")]
    | Annotated[TextFields, Tag("<fields>")]
    | Annotated[list[OneText], ALTERNATIVES, Tag("<list>")],
    Discriminator(_call_shape),
]


class CallsExtractor(Extractor, frozen=True):
    """Tool calls since the newest user message, of which one must match completely."""

    def mismatches(self, name: str, test: CallTest, conversation: Conversation) -> Iterator[Mismatch]:
        if not isinstance(test, CallFields):
            yield from text_mismatches(name, test, _call_names(conversation))
            return
        found = [list(_call_mismatches(name, test, call)) for call in _calls(conversation)]
        if all(found):
            yield from min(found, key=len, default=[Mismatch(name, "a call", "nothing")])

    def required_literals(self, name: str, test: CallTest) -> Iterator[RequiredLiteral]:
        names = test.name if isinstance(test, CallFields) else test
        found = literals(names) if names is not None else None
        if found:
            yield RequiredLiteral(name, _call_names, found)


def _calls(conversation: Conversation) -> Sequence[HistoryCall]:
    return conversation.current_calls if conversation.has_tool_calls else ()


def _call_names(conversation: Conversation) -> Sequence[str]:
    return [call.function.name for call in _calls(conversation)]


def _call_mismatches(name: str, test: CallFields, call: HistoryCall) -> Iterator[Mismatch]:
    if test.name is not None:
        yield from text_mismatches(name, test.name, [call.function.name])
    if test.with_ is None and test.json_ is None:
        return
    try:
        arguments = orjson.loads(call.function.arguments or "{}")
    except orjson.JSONDecodeError:
        yield Mismatch(f"{name}.with", "arguments in JSON", quote(call.function.arguments))
        return
    yield from value_mismatches(f"{name}.json", test.json_ or {}, arguments)
    for key, expected in (test.with_ or {}).items():
        seen = arguments.get(key, ABSENT) if isinstance(arguments, dict) else ABSENT
        if seen is ABSENT or not has_subset(seen, expected):
            yield _argument_mismatch(f"{name}.with.{key}", expected, seen)


def _argument_mismatch(name: str, expected: JSON, seen: JSON | Absent) -> Mismatch:
    if isinstance(expected, str) and isinstance(seen, str):
        test = TextFields(equals=expected, exact=True)
        return text_mismatch(name, quote(expected), quote(seen), test, [seen])
    return Mismatch(name, _shown(expected), "nothing" if isinstance(seen, Absent) else _shown(seen))


def _shown(value: JSON) -> str:
    text = text_of(value)
    return quote(text) if isinstance(value, str) or len(text) > MAX_SHOWN else text


def has_subset(value: JSON, part: JSON) -> bool:
    """Return True if a value equals a part, where mappings may have more keys."""
    if isinstance(value, dict) and isinstance(part, dict):
        return all(key in value and has_subset(value[key], inner) for key, inner in part.items())
    if isinstance(value, list) and isinstance(part, list):
        return len(value) == len(part) and all(map(has_subset, value, part))
    return json_equal(value, part)
