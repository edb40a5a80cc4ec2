"""Conditions on tool results."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, TypeAlias

from pydantic import Discriminator, Field, Tag

from gemulator.core.errors import Mismatch
from gemulator.core.strict_model import StrictModel
from gemulator.request.conversation import Conversation, ToolResult
from gemulator.scenario.conditions.compare import ALTERNATIVES, OneText, TextFields, TextTest, shape_tag, text_matches
from gemulator.scenario.conditions.extractors import (
    Extractor,
    RequiredLiteral,
    ValueTests,
    literals,
    text_mismatches,
    value_mismatches,
)


class ResultFields(StrictModel):
    """Conditions on one tool result since the newest user message, all of which must hold."""

    name: Annotated[TextTest | None, Field(description="Name of the tool.")] = None
    text: Annotated[TextTest | None, Field(description="Result as text.")] = None
    json_: Annotated[ValueTests | None, Field(alias="json", description="Values of a JSON result by path.")] = None


def _result_shape(value: Any) -> str:
    inner = value.keys() & {"name", "text", "json"} if isinstance(value, dict) else isinstance(value, ResultFields)
    return "<result>" if inner else shape_tag(value)


ResultTest: TypeAlias = Annotated[
    Annotated[ResultFields, Tag("<result>")]
    | Annotated[bool, Tag("<flag>")]
    | Annotated[str, Tag("<words>")]
    | Annotated[TextFields, Tag("<fields>")]
    | Annotated[list[OneText], ALTERNATIVES, Tag("<list>")],
    Discriminator(_result_shape),
]


def result_matches(test: ResultTest, result: ToolResult) -> bool:
    """Return True if the result matches; `true` matches any."""
    if isinstance(test, bool):
        return test
    if isinstance(test, ResultFields):
        return not any(_result_mismatches(test, result))
    return text_matches(test, result.name)


def _result_mismatches(test: ResultFields, result: ToolResult) -> Iterator[Mismatch]:
    if test.name is not None:
        yield from text_mismatches("tool_result", test.name, [result.name])
    if test.text is not None:
        yield from text_mismatches("tool_result.text", test.text, [result.text])
    yield from value_mismatches("tool_result.json", test.json_ or {}, result.value)


class ResultsExtractor(Extractor, frozen=True):
    """Tool results since the newest user message, of which one must match completely."""

    def mismatches(self, name: str, test: ResultTest, conversation: Conversation) -> Iterator[Mismatch]:
        results = conversation.tool_results
        if not isinstance(test, ResultFields):
            yield from text_mismatches(name, test, _result_names(conversation))
        elif not any(result_matches(test, result) for result in results):
            no_result = [Mismatch(name, "a result", "nothing")]
            yield from min((list(_result_mismatches(test, result)) for result in results), key=len, default=no_result)

    def required_literals(self, name: str, test: ResultTest) -> Iterator[RequiredLiteral]:
        names = test.name if isinstance(test, ResultFields) else test
        found = literals(names) if names is not None else None
        if found:
            yield RequiredLiteral(name, _result_names, found)


def _result_names(conversation: Conversation) -> Sequence[str]:
    return [result.name for result in conversation.tool_results]
