"""Draws strings: what the prompt offers, examples, formats, patterns, then words that the property's name suggests."""

import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from gemulator.generate.json_schema.conjunction import Conjunction
from gemulator.generate.json_schema.context import Generator, SchemaLocation
from gemulator.generate.json_schema.description_examples import described
from gemulator.generate.json_schema.evaluator import is_number
from gemulator.generate.json_schema.formats import FORMATS, content, moment
from gemulator.generate.json_schema.property_semantics import CERTAIN, bearer_of, kind_of, kind_of_name, singular
from gemulator.generate.regex import BadPattern, sampled, searched

_LONGEST = 200_000
_GIVING = frozenset({"examples", "example", "default"})
_CONTENT = frozenset({"contentEncoding", "contentMediaType"})
_LENGTHS = frozenset({"minLength", "maxLength"})
# Keywords without which the first word that comes to mind will do.
_SHAPING = _GIVING | _CONTENT | _LENGTHS | {"pattern", "format"}


class Lengths(NamedTuple):
    """The least and the greatest number of characters; None: any."""

    low: int
    high: int | None

    def trimmed(self, text: str, filler: str) -> str:
        """The text, cut or filled up to fit."""
        if self.high is not None and len(text) > self.high:
            return text[: self.high].rstrip() if self.low < len(text[: self.high].rstrip()) else text[: self.high]
        if len(text) < self.low:
            return (text + " " + filler * ((self.low - len(text)) // len(filler) + 1))[: self.low - 1] + "."
        return text


_ANY_LENGTH = Lengths(0, None)


def draw(drawing: Generator, here: Conjunction, place: SchemaLocation) -> str:
    """A string that fits; Stuck where none was found."""
    if isinstance(found := drawing.suggested(here, "string", place), str):
        return found
    if not here.bars and here.lacks(_SHAPING):
        drawing.spend(1)
        return _word(drawing, here, place, 0)
    lengths = _lengths(here)
    if lengths.high is not None and lengths.low > lengths.high:
        raise place.stuck("minLength", "its bounds leave no string")
    if lengths.low > _LONGEST:
        raise place.stuck("minLength", f"gemulator makes no string of more than {_LONGEST:,} characters")
    patterns = [pattern for pattern in here.values("pattern") if isinstance(pattern, str)]
    for text in _likely(drawing, here, place, lengths, patterns):
        drawing.spend(1)
        if drawing.fits(here, text):
            return text
    return _searched(drawing, here, place, lengths, patterns)


def _lengths(here: Conjunction) -> Lengths:
    if here.lacks(_LENGTHS):
        return _ANY_LENGTH
    lows = [math.ceil(limit) for limit in here.values("minLength") if is_number(limit)]
    highs = [math.floor(limit) for limit in here.values("maxLength") if is_number(limit)]
    return Lengths(max(lows, default=0), min(highs) if highs else None)


def _likely(
    drawing: Generator, here: Conjunction, place: SchemaLocation, lengths: Lengths, patterns: list[str]
) -> Iterator[str]:
    yield from _given(here, place, always=bool(patterns))
    for number, name in enumerate(here.values("format")):
        if (make := FORMATS.get(name) if isinstance(name, str) else None) is not None:
            for attempt in range(3):
                yield make(drawing.setting, place.name, place.seed.child("format", number, attempt))
    if not here.lacks(_CONTENT):
        encoding, media_type = here.first("contentEncoding", str), here.first("contentMediaType", str)
        if encoding or media_type:
            yield content(drawing.setting, media_type, encoding, place.seed.child("content"))
    if patterns:
        yield from _patterned(drawing, here, place, lengths, patterns)
    else:
        yield from _worded(drawing, here, place, lengths)


def _given(here: Conjunction, place: SchemaLocation, always: bool) -> Iterator[str]:
    """Examples and the default: each with a chance, or in any case where little else looks plausible."""
    if here.lacks(_GIVING):
        return
    examples = [item for item in here.first("examples", list) or here.values("example") if isinstance(item, str)]
    if examples and (always or place.seed.child("example").below(10) < 6):
        yield place.seed.child("examples").pick(examples)
    default = here.first("default", str)
    if default and (always or place.seed.child("default").below(10) < 4):
        yield default


def _patterned(
    drawing: Generator, here: Conjunction, place: SchemaLocation, lengths: Lengths, patterns: list[str]
) -> Iterator[str]:
    for attempt in range(2):
        yield _word(drawing, here, place, attempt)
    for number, pattern in enumerate(patterns):
        try:
            for text in sampled(pattern, lengths.low, place.seed.child("pattern", number)):
                yield text
                if not lengths.low <= len(text) <= (lengths.high or len(text)):
                    yield lengths.trimmed(text, text[-1:] or "a")
                    yield text.ljust(lengths.low, "a")
        except BadPattern:
            continue


def _worded(drawing: Generator, here: Conjunction, place: SchemaLocation, lengths: Lengths) -> Iterator[str]:
    for attempt in range(6):
        word = _word(drawing, here, place, attempt)
        yield lengths.trimmed(word, "and so on ")
    letters = place.seed.child("letters").random()
    for size in range(max(lengths.low, 1), min(lengths.low + 12, lengths.high or _LONGEST) + 1):
        yield "".join(letters.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(size))
    yield ""


def _word(drawing: Generator, here: Conjunction, place: SchemaLocation, attempt: int) -> str:
    """A word for the property. Dates and times follow the way of writing that the description names."""
    description = here.first("description", str) or here.first("title", str) or ""
    if place.name == "name":
        kind, bearer = kind_of_name(_owner(place), description)
    else:
        kind, bearer = kind_of(place.name, description), ""
    seed = place.seed.child("word", attempt)
    if kind in ("date", "time", "datetime"):
        return _written(moment(drawing.setting, place.name, seed), kind, description)
    if kind not in CERTAIN and (named := described(description)):
        return seed.pick(named)
    word = drawing.setting.words.pick(kind, seed)
    return f"{word.title()} {bearer or bearer_of(place.name)}" if kind == "bearer" else word


def _owner(place: SchemaLocation) -> str:
    """The property whose object this place is in: for `customers.items.name` it is `customer`."""
    names = [step for before, step in zip(place.path, place.path[1:], strict=False) if before == "properties"]
    return singular(names[-2]) if len(names) > 1 else ""


_ISO = {"date": "%Y-%m-%d", "time": "%H:%M", "datetime": "%Y-%m-%dT%H:%M:%SZ"}
_WAYS = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "HH": "%H", "SS": "%S"}
_PART = re.compile(r"YYYY|MM|DD|HH|SS", re.I)
_WITH_TIME = re.compile(r"\d[T ]\d\d:\d\d|date[- ]?(?:and )?time", re.I)
_SHAPE = re.compile(r"\b(?:(?:YYYY|yyyy|MM|DD|dd|HH|hh|mm|ss|SS)(?:[-/.:T ]|\b)){2,6}")


def _written(when: "object", kind: str, description: str) -> str:
    shape = _SHAPE.search(description)
    if shape is None:
        whole = kind == "date" and _WITH_TIME.search(description)
        return format(when, _ISO["datetime" if whole else kind])
    clock = re.sub(r"(?:HH|hh):(?:MM|mm)", "%H:%M", shape[0].rstrip("-/.:T "))
    return format(when, _PART.sub(lambda found: _WAYS[found[0].upper()], clock))


def _searched(
    drawing: Generator, here: Conjunction, place: SchemaLocation, lengths: Lengths, patterns: list[str]
) -> str:
    """The last resort for patterns: a search that knows all of them, and those that are ruled out."""
    barred = [pattern for bar in here.bars if isinstance(bar.schema, dict) for pattern in _ruled_out(bar.schema)]
    if patterns or barred:
        drawing.spend(1500)
        try:
            text = searched(tuple(patterns), tuple(barred), lengths.low, lengths.high)
        except (BadPattern, RecursionError):
            text = None
        if text is not None and drawing.fits(here, text):
            return text
    raise place.stuck("pattern" if patterns else "not", "no string was found that fits")


def _ruled_out(schema: dict[str, Any]) -> Iterator[str]:
    """Patterns of the texts that a schema of one keyword admits."""
    match schema:
        case {"pattern": str(pattern), **others} if not others:
            yield pattern
        case {"enum": list(items), **others} if not others:
            yield from (f"^{re.escape(item)}$" for item in items if isinstance(item, str))
        case {"const": str(item), **others} if not others:
            yield f"^{re.escape(item)}$"
