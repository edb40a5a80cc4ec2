"""Offers what a prompt says to the properties of a schema, each thing once."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from emulator.generate.hints.fields import kind_of, words_of
from emulator.generate.hints.finding import Finding
from emulator.generate.hints.names import Name
from emulator.generate.hints.prompt import Prompt
from emulator.generate.words.blocks import words

_UNITS = re.compile(
    r"\b(celsius|fahrenheit|kelvin|metric|imperial|kilomet(?:er|re)s?|miles?|kilograms?|pounds?|met(?:er|re)s)\b", re.I
)
_LANGUAGES = re.compile(
    r"\b(English|German|French|Spanish|Portuguese|Italian|Dutch|Polish|Russian|Ukrainian|Turkish|Arabic|Hebrew|Hindi|Bengali"
    r"|Chinese|Mandarin|Japanese|Korean|Vietnamese|Thai|Swedish|Norwegian|Danish|Finnish|Greek|Czech|Hungarian|Romanian|Latin)\b"
)
_FORMULA = re.compile(r"[\d(][\d\s.,()]{0,40}(?:[+*/^%×÷-][\d\s.,()]{1,40}){1,20}(?<=[\d)])")
_DAY = re.compile(
    r"\b(today|tomorrow|tonight|"
    r"(?:next |this )?(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|week(?:end)?|month))\b",
    re.I,
)
_MONEY = frozenset(
    words(
        """
    price amount budget cost total sum fee salary balance payment value
    """
    )
)
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
_INTRODUCTION = re.compile(
    r"^(?:please|can you|could you|would you|hey|hi|i (?:want|need|would like) (?:you )?to"
    r"|search(?: the web| online)?(?: for)?|find(?: me)?"
    r"|look up|google|show me|tell me(?: about)?|what(?:'s| is| are)|who is|give me|get(?: me)?|\s|,)+\b",
    re.I,
)
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
        elif kind in ("email", "url", "date", "code"):
            yield from self._shaped(kind)
        else:
            yield from ((one.value, one.start) for one in self._prompt.quoted)

    # ---- strings

    def _strings(self, name: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
        kind = kind_of(name, schema)
        yield from self._shaped(kind)
        if kind in ("place", "person", "from", "to"):
            yield from self._names(kind)
        if kind not in ("email", "url", "date", "time", "datetime", "currency", "phone"):
            yield from ((one.value, one.start) for one in self._prompt.quoted)
        if kind in ("query", "text"):
            yield _request(self._prompt.text), len(self._prompt.text)

    def _shaped(self, kind: str) -> Iterator[tuple[str, int]]:
        """What can be known by its own shape."""
        prompt = self._prompt
        match kind:
            case "email" | "url" | "code" | "phone":
                found = {"email": prompt.emails, "url": prompt.urls, "code": prompt.codes, "phone": prompt.phones}[kind]
                yield from ((one.value, one.start) for one in found)
            case "date":
                yield from ((one.value, one.start) for one in prompt.dates)
                yield from self._matched(_DAY)
            case "time":
                yield from ((one.value, one.start) for one in prompt.times)
                yield from ((f"{one.value}:00Z", one.start) for one in prompt.times)
            case "datetime":
                time = prompt.times[0].value if prompt.times else "09:00"
                yield from ((f"{one.value}T{time}:00Z", one.start) for one in prompt.dates)
            case "currency":
                yield from ((one.value, one.start) for one in prompt.currencies)
            case "unit" | "language" | "formula":
                yield from self._matched({"unit": _UNITS, "language": _LANGUAGES, "formula": _FORMULA}[kind])

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
    return 2 if money and _MONEY & set(words) else 0 if money else 1


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


def _within(value: int | float, schema: Mapping[str, Any]) -> bool:
    if schema.get("type") == "integer" and not isinstance(value, int):
        return False
    low, high = schema.get("minimum"), schema.get("maximum")
    too_low = isinstance(low, int | float) and value < low
    return not (too_low or (isinstance(high, int | float) and value > high))


def _request(text: str) -> str:
    """The prompt without its "please find me" and its full stop."""
    short = _INTRODUCTION.sub("", " ".join(text.split()), count=1).rstrip(" ?.!")
    return short or " ".join(text.split())
