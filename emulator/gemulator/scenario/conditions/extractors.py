"""What a condition reads from a conversation, and how it words what it saw."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, TypeAlias

from msgspec import Struct
from pydantic import AfterValidator

from gemulator.core.errors import Mismatch
from gemulator.core.json_types import JSON
from gemulator.core.secrets import REDACTED, is_secret
from gemulator.request.conversation import Conversation
from gemulator.scenario import json_path as paths
from gemulator.scenario.conditions.compare import (
    ABSENT,
    NumberTest,
    Presence,
    TextFields,
    TextTest,
    ValueTest,
    holds,
    is_glob,
    number_holds,
    number_wanted,
    quoted,
    value_holds,
    value_wanted,
    wanted,
)
from gemulator.scenario.json_path import text_of

Look: TypeAlias = Callable[[Conversation], Sequence[str]]


class RequiredLiteral(Struct, frozen=True):
    """A condition can hold only where one of `literals` (case-folded) stands in a text that `look` finds."""

    key: str
    look: Look
    literals: tuple[str, ...]


class Extractor(Struct, frozen=True):
    """Marks a field of `Match`: what it is about."""

    def mismatches(self, name: str, test: Any, conversation: Conversation) -> Iterator[Mismatch]:
        """What does not hold, in words; here nothing is asked."""
        return iter(())

    def holds(self, test: Any, conversation: Conversation) -> bool:
        """Whether there is no mismatch."""
        return next(self.mismatches("", test, conversation), None) is None

    def needs(self, name: str, test: Any) -> Iterator[RequiredLiteral]:
        """Texts that a request must have."""
        return iter(())


def shown(texts: Sequence[str]) -> str:
    """What was seen, in words."""
    return ", ".join(map(quoted, texts)) or "nothing"


def literals(test: TextTest | bool, *, glob: bool = False) -> tuple[str, ...] | None:
    """Texts of which one must be contained, case-folded, where the test holds; None where none is known."""
    if isinstance(test, list):
        each = [literals(one, glob=glob) for one in test]
        return None if None in each else tuple(literal for found in each for literal in found or ())
    found = _literal(test, glob)
    return (found.casefold(),) if found else None


def _literal(test: str | TextFields | bool, glob: bool) -> str | None:
    match test:
        case bool():
            return None
        case str():
            return _fixed(test) if glob and is_glob(test) else test
        case TextFields(equals=str() as text):
            return text
        case TextFields(contains=str() as text):
            return text
        case TextFields(glob=str() as text):
            return _fixed(text)
    return None


def _fixed(glob: str) -> str:
    """The longest part of a glob without wildcards."""
    plain = "".join("\0" if letter in "*?[]" else letter for letter in glob)
    return max(plain.split("\0"), key=len) if "[" not in glob else plain.split("\0")[0]


class TextsExtractor(Extractor, frozen=True):
    """Texts, of which one has to pass. `true` and `false` ask whether there is one."""

    look: Look
    glob: bool = False

    def mismatches(self, name: str, test: Presence, conversation: Conversation) -> Iterator[Mismatch]:
        yield from text_mismatches(name, test, self.look(conversation), glob=self.glob)

    def holds(self, test: Presence, conversation: Conversation) -> bool:
        seen = self.look(conversation)
        if len(seen) == 1 and not isinstance(test, bool):
            return holds(test, seen[0], glob=self.glob)
        return text_holds(test, seen, glob=self.glob)

    def needs(self, name: str, test: Presence) -> Iterator[RequiredLiteral]:
        found = literals(test, glob=self.glob)
        if found:
            yield RequiredLiteral(name, self.look, found)


def text_mismatches(name: str, test: Presence, seen: Sequence[str], *, glob: bool = False) -> Iterator[Mismatch]:
    if not text_holds(test, seen, glob=glob):
        expected = ("any" if test else "none") if isinstance(test, bool) else wanted(test, glob=glob)
        yield Mismatch(name, expected, shown(seen))


def text_holds(test: Presence, seen: Sequence[str], *, glob: bool = False) -> bool:
    if isinstance(test, bool):
        return test == bool(seen)
    return any(holds(test, text, glob=glob) for text in seen)


def none_of(failed: Sequence[Sequence[Mismatch]]) -> Iterator[Mismatch]:
    """One mismatch for groups of conditions of which each has some."""
    if all(failed):
        missed = [mismatch for one in failed for mismatch in one]
        expected = " or ".join(f"{mismatch.name} {mismatch.expected}" for mismatch in missed)
        seen = dict.fromkeys(f"{mismatch.name} {mismatch.actual}" for mismatch in missed)
        yield Mismatch("any", expected, ", ".join(seen))


class NumberExtractor(Extractor, frozen=True):
    """A number of the request; None where it has none."""

    look: Callable[[Conversation], float | None]

    def mismatches(self, name: str, test: NumberTest, conversation: Conversation) -> Iterator[Mismatch]:
        seen = self.look(conversation)
        if not number_holds(test, seen):
            yield Mismatch(name, number_wanted(test), "nothing" if seen is None else f"{seen:g}")


class FlagExtractor(Extractor, frozen=True):
    """Yes or no."""

    look: Callable[[Conversation], bool]

    def mismatches(self, name: str, test: bool, conversation: Conversation) -> Iterator[Mismatch]:
        seen = self.look(conversation)
        if seen is not test:
            yield Mismatch(name, text_of(test), text_of(seen))


def _path(path: str) -> str:
    paths.steps(path)
    return path


JSONPath: TypeAlias = Annotated[str, AfterValidator(_path)]
ValueTests: TypeAlias = dict[JSONPath, ValueTest]


def value_mismatches(name: str, tests: Mapping[str, ValueTest], tree: JSON) -> Iterator[Mismatch]:
    """What does not hold of the values at the paths; where a path finds many, one of them has to pass."""
    for path, test in tests.items():
        seen = list(paths.values(tree, paths.steps(path)))
        if not any(value_holds(test, value) for value in seen or [ABSENT]):
            yield Mismatch(f"{name}.{path}", value_wanted(test), shown([text_of(value) for value in seen]))


class TreeExtractor(Extractor, frozen=True):
    """JSON, by paths."""

    look: Callable[[Conversation], JSON]

    def mismatches(self, name: str, test: ValueTests, conversation: Conversation) -> Iterator[Mismatch]:
        yield from value_mismatches(name, test, self.look(conversation))


class HeadersExtractor(Extractor, frozen=True):
    """Headers of the request, by name. Of credentials a mismatch says that they differ, and not how."""

    def mismatches(self, name: str, test: Mapping[str, Presence], conversation: Conversation) -> Iterator[Mismatch]:
        for header, one in test.items():
            seen = self._look(header)(conversation)
            for found in text_mismatches(f"{name}.{header}", one, seen):
                if is_secret(header.lower()):
                    expected = found.expected if isinstance(one, bool) else REDACTED
                    yield Mismatch(found.name, expected, REDACTED if seen else found.actual)
                else:
                    yield found

    def needs(self, name: str, test: Mapping[str, Presence]) -> Iterator[RequiredLiteral]:
        for header, one in test.items():
            found = literals(one)
            if found:
                yield RequiredLiteral(f"{name}.{header.lower()}", self._look(header), found)

    def _look(self, header: str) -> Look:
        name = header.lower()
        return lambda conversation: [conversation.headers[name]] if name in conversation.headers else []


# ---- what is looked at


def given(text: str | None) -> Sequence[str]:
    """A text that may be missing, as a list."""
    return [] if text is None else [text]


def choice_of(conversation: Conversation) -> Sequence[str]:
    """The mode, and the name where one tool is demanded."""
    choice = conversation.request.choice_of_tool
    return [choice.mode, *given(choice.name)]


def format_of(conversation: Conversation) -> Sequence[str]:
    """The kind of format that is asked for."""
    kind = (conversation.request.response_format or {}).get("type")
    return [kind] if isinstance(kind, str) else []
