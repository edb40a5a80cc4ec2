"""Hints on conditions: what a text matches that its author may not expect."""

from collections.abc import Iterator, Sequence
from typing import Any

from gemulator.core.errors import Problem
from gemulator.scenario.conditions.compare import TextFields, text_fields_in
from gemulator.scenario.conditions.like import near_holes
from gemulator.scenario.conditions.match import Match
from gemulator.scenario.conditions.texts import quote, squeeze
from gemulator.scenario.turns import LocatedTurn

_PROMPTS = ("user", "earlier", "system")
_SHORT = 3  # letters; most such texts are a part of common words
_MAX_HINTS = 5  # of one turn


def lint_conditions(located: LocatedTurn) -> Iterator[Problem]:
    """Yield warnings and hints on the texts of a turn's conditions."""
    yield from _near_holes(located)
    found = dict.fromkeys(_hints(located.turn.when))
    for message, remedy in [*found][:_MAX_HINTS]:
        path = f"turns[{located.number - 1}].when"
        yield Problem(located.scenario.file, located.scenario.line(located.number), 1, path, message, remedy, hint=True)


def _near_holes(located: LocatedTurn) -> Iterator[Problem]:
    likes = {test.like for test in _all_fields(located.turn.when) if test.like is not None}
    for part in dict.fromkeys(part for like in sorted(likes) for part in near_holes(like)):
        line, path = located.scenario.line(located.number), f"turns[{located.number - 1}].when"
        hole = "{" + part.strip("{} ") + "}"
        message, remedy = f"`{part}` in `like` is a text, not a hole", f"Write `{hole}` for a hole."
        yield Problem(located.scenario.file, line, 1, path, message, remedy, warning=True)


def _all_fields(match: Match) -> Iterator[TextFields]:
    """Yield the comparisons of texts in all conditions."""
    for _, test, _ in match.conditions:
        tests = [*test.values()] if isinstance(test, dict) else [test]
        yield from (one for each in tests for one in text_fields_in(each))
    for group in (*(match.all_ or ()), *(match.any_ or ()), *([match.not_] if match.not_ else ())):
        yield from _all_fields(group)


def _hints(match: Match) -> Iterator[tuple[str, str]]:
    for name in _PROMPTS:
        test = getattr(match, name)
        for one in test if isinstance(test, list) else [test]:
            yield from _text_hints(name, one)
    for group in (*(match.all_ or ()), *(match.any_ or ()), *([match.not_] if match.not_ else ())):
        yield from _hints(group)


def _text_hints(name: str, test: Any) -> Iterator[tuple[str, str]]:
    part = test.contains if isinstance(test, TextFields) else test
    if isinstance(part, str) and _is_short(part):
        remedy = f"Write `{name}: {{ word: {part} }}` for whole words."
        yield f"`{name}`: {quote(part)} matches inside of words too", remedy
    for text in _literals(test):
        if squeeze(text.strip()) != text.strip():
            message = f"`{name}`: the white space in {quote(text)} compares as one space"
            yield message, "Add `exact: true` if its amount counts."


def _is_short(text: str) -> bool:
    """Return True for a few letters of a script with upper and lower case, whose words are separated."""
    return 0 < len(text) <= _SHORT and text.isalpha() and text.lower() != text.upper()


def _literals(test: Any) -> Sequence[str]:
    """Return the texts of which white space compares as one space."""
    if not isinstance(test, TextFields):
        return [test] if isinstance(test, str) else []
    if test.exact:
        return []
    texts = (test.equals, test.contains, test.word, test.like, test.glob)
    return [text for text in texts if isinstance(text, str)]
