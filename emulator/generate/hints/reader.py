"""Offers what a prompt says to the properties of a schema, each thing once."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from emulator.generate.hints.fields import MONEY, kind_of, words_of
from emulator.generate.hints.finding import Finding
from emulator.generate.hints.literals import (
    DAY,
    FORMULA,
    LANGUAGE,
    LANGUAGES,
    STATEMENT,
    UNITS,
    is_formed,
    members,
    ticker,
)
from emulator.generate.hints.moments import moments
from emulator.generate.hints.names import Name
from emulator.generate.hints.phrases import lists, reminder, request, said, subject
from emulator.generate.hints.prompt import Prompt
from emulator.generate.words.blocks import words

_NEVER_QUOTED = frozenset(
    ("email", "url", "date", "time", "datetime", "currency", "phone", "language", "unit", "formula", "ticker")
)
_CODED = re.compile(r"\bcodes?\b|ISO|_code|Code")
_IN_FIGURES = re.compile(r"YYYY|yyyy|ISO")
_SIGNS = frozenset(
    words(
        """
    $ € £ ¥ ₹ usd eur gbp jpy euro euros dollar dollars pounds yen
    """
    )
)
_NUMBER_WORDS = {
    word: n
    for n, word in enumerate(
        words(
            """
    two three four five six seven eight nine ten eleven twelve
    """
        ),
        2,
    )
}
_NUMBER_WORD = re.compile(rf"\b({'|'.join(_NUMBER_WORDS)})\b", re.I)
_AT_PLACES = frozenset(
    words(
        """
    in at near around from to for of visit visiting en à in nach aus em para
    """
    )
)
_WITH_PEOPLE = frozenset(
    words(
        """
    with by named called is am for to mit con avec com invite email ask tell von heißt
    """
    )
)
_FROM = frozenset(
    words(
        """
    from von aus de desde depuis leaving between
    """
    )
)
_TO = frozenset(
    words(
        """
    to nach into à a hacia para towards and
    """
    )
)


class Hints:
    """A prompt as the drawing of values asks it. What was taken is not offered again; nothing else changes it."""

    def __init__(self, prompt: Prompt, skip: tuple[str, ...] = ()) -> None:
        self._prompt = prompt
        self._skip = skip
        self._used: set[int] = set()
        self._offered: dict[str, tuple[int, ...]] = {}

    def fresh(self) -> "Hints":
        """The same prompt, of which nothing has been used."""
        return Hints(self._prompt, self._skip)

    def take(self, value: Any) -> None:
        """What was found at the places where this candidate stood is used up."""
        self._used.update(self._offered.get(repr(value), ()))

    def suggest(self, name: str, schema: Mapping[str, Any]) -> Iterable[Any]:
        """Candidates for the property, best first."""
        candidates: list[Any] = []
        for value, *places in self._candidates(name, schema):
            if self._used.isdisjoint(places) and value not in candidates:
                candidates.append(value)
                self._offered[repr(value)] = tuple(places)
        return candidates

    def _candidates(self, name: str, schema: Mapping[str, Any]) -> Iterator[tuple[Any, *tuple[int, ...]]]:
        if isinstance(members := schema.get("enum"), list):
            yield from self._members(members)
            return
        match schema.get("type"):
            case "integer" | "number":
                yield from self._numbers(name, schema)
            case "boolean":
                yield from ((label.lower() in ("true", "yes", "on"), at) for label, at in self._labels(name))
            case "array":
                yield from self._lists(name, schema)
            case "string" | None:
                yield from self._labels(name)
                yield from self._strings(name, schema)

    def _members(self, members: list[Any]) -> Iterator[tuple[Any, int]]:
        """Members of an enum that the prompt names, in the prompt's order."""
        found = [(at, member) for member in members if (at := _mention(str(member), self._prompt.text)) >= 0]
        yield from ((member, at) for at, member in sorted(found, key=lambda pair: pair[0]))

    def _labels(self, name: str) -> Iterator[tuple[str, int]]:
        """What the prompt itself calls by the property's name: "title: Dune", "city=Paris"."""
        words = words_of(name)
        if not words:
            return
        label = r"[\s_-]?".join(map(re.escape, words))
        for found in re.finditer(
            rf"(?<!\w){label}[\"']?\s*[:=]\s*(\"[^\"\n]+\"|'[^'\n]+'|[^\s,;\"'][^,;\n]{{0,80}})",
            self._prompt.text,
            re.I,
        ):
            value = re.split(r"[.!?](?:\s|$)|\s+(?:and|with)\s", found[1].strip("\"'"))[0].strip()
            if value:
                yield value, found.start(1)

    def _numbers(self, name: str, schema: Mapping[str, Any]) -> Iterator[tuple[int | float, int]]:
        words = words_of(name)
        found = [*self._prompt.numbers, *self._number_words()]
        ranked = sorted(found, key=lambda one: -_nearness(words, one))
        for one in ranked:
            value = int(one.value) if schema.get("type") == "integer" and one.value == int(one.value) else one.value
            if _within(value, schema):
                yield value, one.start

    def _number_words(self) -> Iterator[Finding[int | float]]:
        for match in _NUMBER_WORD.finditer(self._prompt.text):
            after = re.match(r"\s*(\w+)", self._prompt.text[match.end() : match.end() + 24])
            yield Finding(_NUMBER_WORDS[match[1].lower()], *match.span(), "", after[1].lower() if after else "")

    def _lists(self, name: str, schema: Mapping[str, Any]) -> Iterator[tuple[list[Any], *tuple[int, ...]]]:
        items = schema.get("items")
        item = items if isinstance(items, Mapping) else {}
        values: list[tuple[Any, int]]
        if isinstance(members := item.get("enum"), list):
            values = list(self._members(members))
        elif item.get("type") in ("integer", "number"):
            values = list(self._numbers(name, item))
        elif item.get("type") == "string":
            values = list(self._named_or_quoted(kind_of(name, item)))
        else:
            values = []
        left = [(value, place) for value, place in values if place not in self._used]
        if left:
            yield [value for value, _ in left], *(place for _, place in left)

    def _named_or_quoted(self, kind: str) -> Iterator[tuple[str, int]]:
        if kind in ("place", "person", "from", "to"):
            yield from self._names(kind)
        elif kind in ("email", "url", "path", "date", "code", "ticker"):
            yield from self._shaped(kind, "", {})
        else:
            yield from self._several()

    def _several(self) -> Iterator[tuple[str, int]]:
        """Quoted texts where there are several, else what is told as a list."""
        told = [(item, at + number) for items, at in lists(self._prompt.text) for number, item in enumerate(items)]
        quoted = [(one.value, one.start) for one in self._prompt.quoted]
        yield from quoted if len(quoted) > 1 or not told else told

    # ---- strings

    def _strings(self, name: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
        kind = kind_of(name, schema)
        yield from self._shaped(kind, name, schema)
        yield from self._members_of_kind(name, schema)
        if kind in ("place", "person", "from", "to"):
            yield from self._names(kind)
        if kind not in _NEVER_QUOTED and not is_formed(name, str(schema.get("description") or "")):
            yield from ((one.value, one.start) for one in self._prompt.quoted)
        yield from self._worded(kind)

    def _members_of_kind(self, name: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
        known = members(name, str(schema.get("description") or ""))
        found = [(at, word) for word in known if (at := _mention(word, self._prompt.text)) >= 0]
        yield from ((word, at) for at, word in sorted(found, key=lambda pair: (pair[0], -len(pair[1]))))

    def _worded(self, kind: str) -> Iterator[tuple[str, int]]:
        """The prompt's own sentence, or what of it fits the kind."""
        text = self._prompt.text
        if about := subject(text) if kind == "title" else reminder(text) if kind == "text" else "":
            yield about[:1].upper() + about[1:], -1
        if kind == "message" and (words := said(text)):
            yield words, -2
        if kind in ("query", "text", "title", "message"):
            yield request(text), len(text)

    def _shaped(self, kind: str, name: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
        """What can be known by its own shape."""
        prompt = self._prompt
        match kind:
            case "email" | "url" | "path" | "code" | "phone" | "currency":
                yield from ((one.value, one.start) for one in _of_kind(prompt, kind))
            case "date":
                yield from self._days(schema)
            case "time":
                yield from ((one.value, one.start) for one in prompt.times)
                yield from ((f"{one.value}:00Z", one.start) for one in prompt.times)
            case "datetime":
                yield from moments(prompt, name)
            case "ticker":
                yield from ((ticker(value), at) for value, at in self._names("person"))
            case "language" if _CODED.search(f"{name} {schema.get('description')}"):
                yield from ((LANGUAGES[value], at) for value, at in self._matched(LANGUAGE))
            case "unit" | "language" | "formula" | "sql":
                patterns = {"unit": UNITS, "language": LANGUAGE, "formula": FORMULA, "sql": STATEMENT}
                yield from self._matched(patterns[kind])

    def _days(self, schema: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
        """Dates; "tomorrow" as it stands, unless the field asks for a date in figures."""
        yield from ((one.value, one.start) for one in self._prompt.dates)
        if schema.get("format") != "date" and not _IN_FIGURES.search(str(schema.get("description"))):
            yield from self._matched(DAY)
        yield from ((one.value, one.start) for one in self._prompt.days)

    def _matched(self, pattern: re.Pattern[str]) -> Iterator[tuple[str, int]]:
        yield from ((match[0].strip(), match.start()) for match in pattern.finditer(self._prompt.text))

    def _names(self, kind: str) -> Iterator[tuple[str, int]]:
        wanted = {"place": _AT_PLACES, "from": _FROM, "to": _TO, "person": _WITH_PEOPLE}[kind]
        offered = [name for name in self._prompt.names if name.value not in self._skip]
        for name in sorted(offered, key=lambda name: _rank(name, wanted)):
            yield name.value, name.start


def _rank(name: Name, wanted: frozenset[str]) -> int:
    """Names after a fitting word first, those that merely begin a sentence last."""
    return 0 if name.before in wanted else 2 if name.before == "^" else 1


def _mention(member: str, text: str) -> int:
    """Where the text names the member, in any case, as words or in a plural; -1 where it does not.

    A single letter must stand alone and be written as it is, for "a" and "I" are words.
    """
    words = re.split(r"[\s_-]+", member.strip())
    if not member.strip():
        return -1
    flags = 0 if len(member) < 2 else re.IGNORECASE
    ending = "" if len(member) < 3 or not member.isascii() else "(?:e?s|ed|ing|ly)?"
    body = r"[\s_-]*".join(map(re.escape, words))
    edges = (r"(?<!\w)", r"(?!\w)") if member.isascii() else ("", "")
    found = re.search(f"{edges[0]}{body}{ending}{edges[1]}", text, flags)
    return found.start() if found else -1


def _nearness(words: tuple[str, ...], one: Finding[int | float]) -> int:
    """How well the words beside a number fit the property's name."""
    beside = {_singular(one.before), _singular(one.after)}
    if beside & {_singular(word) for word in words}:
        return 3
    money = bool({one.before, one.after} & _SIGNS)
    return 2 if money and MONEY & set(words) else 0 if money else 1


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


def _within(value: int | float, schema: Mapping[str, Any]) -> bool:
    if schema.get("type") == "integer" and not isinstance(value, int):
        return False
    low, high = schema.get("minimum"), schema.get("maximum")
    too_low = isinstance(low, int | float) and value < low
    return not (too_low or (isinstance(high, int | float) and value > high))


def _of_kind(prompt: Prompt, kind: str) -> tuple[Finding[str], ...]:
    return {
        "email": prompt.emails,
        "url": prompt.urls,
        "path": prompt.paths,
        "code": prompt.codes,
        "phone": prompt.phones,
        "currency": prompt.currencies,
    }[kind]
