"""Extractors: the part of a request that a condition tests."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, TypeAlias

from msgspec import Struct
from pydantic import AfterValidator

from gemulator.core.errors import Mismatch
from gemulator.core.json_types import JSON
from gemulator.core.secrets import REDACTED, is_secret
from gemulator.request.conversation import Conversation
from gemulator.scenario import json_path as paths
from gemulator.scenario.conditions import glob as globs
from gemulator.scenario.conditions.compare import (
    Presence,
    TextFields,
    TextTest,
    expected_text,
    is_glob,
    text_matches,
)
from gemulator.scenario.conditions.like import literal_of
from gemulator.scenario.conditions.texts import describe_texts, squeeze
from gemulator.scenario.conditions.values import (
    ABSENT,
    NumberTest,
    ValueTest,
    expected_number,
    expected_value,
    number_matches,
    value_matches,
)
from gemulator.scenario.json_path import text_of

_MAX_LITERAL = 200  # characters; longer ones tell turns no better apart

ExtractTexts: TypeAlias = Callable[[Conversation], Sequence[str]]


class RequiredLiteral(Struct, frozen=True):
    """A condition holds only if one of the case-folded `literals` occurs in a text that `extract` returns."""

    key: str
    extract: ExtractTexts
    literals: tuple[str, ...]


class Extractor(Struct, frozen=True):
    """Base of the markers on fields of `Match` that extract and compare a part of the request."""

    def mismatches(self, name: str, test: Any, conversation: Conversation) -> Iterator[Mismatch]:
        """Yield the mismatches; the base class has none."""
        return iter(())

    def matches(self, test: Any, conversation: Conversation) -> bool:
        """Return True if there is no mismatch."""
        return next(self.mismatches("", test, conversation), None) is None

    def required_literals(self, name: str, test: Any) -> Iterator[RequiredLiteral]:
        """Yield literals that a matching request must contain."""
        return iter(())


def literals(test: TextTest | bool, *, glob: bool = False) -> tuple[str, ...] | None:
    """Return case-folded literals of which a matching text contains one; None if none can be derived."""
    if isinstance(test, list):
        each = [literals(one, glob=glob) for one in test]
        return None if None in each else tuple(literal for found in each for literal in found or ())
    found = _literal(test, glob)
    return (squeeze(found.casefold())[:_MAX_LITERAL],) if found else None


def _literal(test: str | TextFields | bool, glob: bool) -> str | None:
    match test:
        case bool():
            return None
        case str():
            return globs.literal_of(test) if glob and is_glob(test) else test
        case TextFields(equals=str() as text):
            return text.strip()
        case TextFields(contains=str() as text):
            return text
        case TextFields(word=str() as text):
            return text.strip()
        case TextFields(like=str() as text):
            return literal_of(text)
        case TextFields(glob=str() as text):
            return globs.literal_of(text).strip()
    return None


class TextsExtractor(Extractor, frozen=True):
    """Texts of which one must match. `true` and `false` test for presence."""

    extract: ExtractTexts
    glob: bool = False

    def mismatches(self, name: str, test: Presence, conversation: Conversation) -> Iterator[Mismatch]:
        yield from text_mismatches(name, test, self.extract(conversation), glob=self.glob)

    def matches(self, test: Presence, conversation: Conversation) -> bool:
        seen = self.extract(conversation)
        if len(seen) == 1 and not isinstance(test, bool):
            return text_matches(test, seen[0], glob=self.glob)
        return texts_match(test, seen, glob=self.glob)

    def required_literals(self, name: str, test: Presence) -> Iterator[RequiredLiteral]:
        found = literals(test, glob=self.glob)
        if found:
            yield RequiredLiteral(name, self.extract, found)


def text_mismatch(name: str, expected: str, actual: str, test: Any, seen: Sequence[str]) -> Mismatch:
    """Return the mismatch of a text; it shows the differences, if there is a similar one among those seen."""
    from gemulator.scenario.conditions.differences import TextMismatch

    return TextMismatch(name, expected, actual, test=test, seen=seen)


def text_mismatches(name: str, test: Presence, seen: Sequence[str], *, glob: bool = False) -> Iterator[Mismatch]:
    if not texts_match(test, seen, glob=glob):
        expected = ("any" if test else "none") if isinstance(test, bool) else expected_text(test, glob=glob)
        yield text_mismatch(name, expected, describe_texts(seen), test, seen)


def texts_match(test: Presence, seen: Sequence[str], *, glob: bool = False) -> bool:
    if isinstance(test, bool):
        return test == bool(seen)
    return any(text_matches(test, text, glob=glob) for text in seen)


def any_group_mismatch(failed: Sequence[Sequence[Mismatch]]) -> Iterator[Mismatch]:
    """Yield one mismatch for an `any` of which every group failed."""
    if all(failed):
        missed = [mismatch for one in failed for mismatch in one]
        expected = " or ".join(f"{mismatch.name} {mismatch.expected}" for mismatch in missed)
        seen = dict.fromkeys(f"{mismatch.name} {mismatch.actual}" for mismatch in missed)
        yield Mismatch("any", expected, ", ".join(seen))


class NumberExtractor(Extractor, frozen=True):
    """A number of the request, None if absent."""

    extract: Callable[[Conversation], float | None]

    def mismatches(self, name: str, test: NumberTest, conversation: Conversation) -> Iterator[Mismatch]:
        seen = self.extract(conversation)
        if not number_matches(test, seen):
            yield Mismatch(name, expected_number(test), "nothing" if seen is None else f"{seen:g}")


class FlagExtractor(Extractor, frozen=True):
    """A boolean of the request."""

    extract: Callable[[Conversation], bool]

    def mismatches(self, name: str, test: bool, conversation: Conversation) -> Iterator[Mismatch]:
        seen = self.extract(conversation)
        if seen is not test:
            yield Mismatch(name, text_of(test), text_of(seen))


def _validate_path(path: str) -> str:
    paths.steps(path)
    return path


JSONPath: TypeAlias = Annotated[str, AfterValidator(_validate_path)]
ValueTests: TypeAlias = dict[JSONPath, ValueTest]


def value_mismatches(name: str, tests: Mapping[str, ValueTest], tree: JSON) -> Iterator[Mismatch]:
    """Yield the paths whose values do not match; of several values at a path one must match."""
    for path, test in tests.items():
        seen = list(paths.values(tree, paths.steps(path)))
        if not any(value_matches(test, value) for value in seen or [ABSENT]):
            texts = [text_of(value) for value in seen]
            yield text_mismatch(f"{name}.{path}", expected_value(test), describe_texts(texts), test, texts)


class TreeExtractor(Extractor, frozen=True):
    """JSON values by path."""

    extract: Callable[[Conversation], JSON]

    def mismatches(self, name: str, test: ValueTests, conversation: Conversation) -> Iterator[Mismatch]:
        yield from value_mismatches(name, test, self.extract(conversation))


class HeadersExtractor(Extractor, frozen=True):
    """Headers of the request by name. Mismatches redact credentials."""

    def mismatches(self, name: str, test: Mapping[str, Presence], conversation: Conversation) -> Iterator[Mismatch]:
        for header, one in test.items():
            seen = self._extract(header)(conversation)
            for found in text_mismatches(f"{name}.{header}", one, seen):
                if is_secret(header.lower()):
                    expected = found.expected if isinstance(one, bool) else REDACTED
                    yield Mismatch(found.name, expected, REDACTED if seen else found.actual)
                else:
                    yield found

    def required_literals(self, name: str, test: Mapping[str, Presence]) -> Iterator[RequiredLiteral]:
        for header, one in test.items():
            found = literals(one)
            if found:
                yield RequiredLiteral(f"{name}.{header.lower()}", self._extract(header), found)

    def _extract(self, header: str) -> ExtractTexts:
        name = header.lower()
        return lambda conversation: [conversation.headers[name]] if name in conversation.headers else []


# ---- extracted values


def as_list(text: str | None) -> Sequence[str]:
    """Return an optional text as a list."""
    return [] if text is None else [text]


def tool_choice_texts(conversation: Conversation) -> Sequence[str]:
    """Return the mode of `tool_choice`, and the name if it requires one tool."""
    choice = conversation.request.choice_of_tool
    return [choice.mode, *as_list(choice.name)]


def response_format_texts(conversation: Conversation) -> Sequence[str]:
    """Return the type of `response_format` as a list."""
    kind = (conversation.request.response_format or {}).get("type")
    return [kind] if isinstance(kind, str) else []
