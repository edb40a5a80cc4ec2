"""String generation: hints, examples, formats, patterns, then plausible words."""

import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from gemulator.generate.json_schema.conjunction import Conjunction
from gemulator.generate.json_schema.context import Generator, SchemaLocation
from gemulator.generate.json_schema.description_examples import examples_in
from gemulator.generate.json_schema.formats import FORMATS, content, moment
from gemulator.generate.json_schema.json_value import is_number
from gemulator.generate.json_schema.property_semantics import (
    UNAMBIGUOUS,
    kind_of,
    kind_of_name_property,
    named_thing,
    singular,
)
from gemulator.generate.regex import BadPattern, find_text, sample_texts

_MAX_LENGTH = 200_000
_LETTERS_PER_STEP = 50  # of texts drawn letter by letter
_SEARCH_STEPS, _WORK_PER_STEP = 1_500, 10  # of a search for a text that several patterns match
_MAX_DESCRIPTION = 2_000  # characters that are read
_ANNOTATIONS = frozenset({"examples", "example", "default"})
_CONTENT_KEYWORDS = frozenset({"contentEncoding", "contentMediaType"})
_LENGTH_KEYWORDS = frozenset({"minLength", "maxLength"})
# Without any of these keywords, any word is valid.
_SHAPING_KEYWORDS = _ANNOTATIONS | _CONTENT_KEYWORDS | _LENGTH_KEYWORDS | {"pattern", "format"}


class Lengths(NamedTuple):
    """Minimum and maximum number of characters (None: unlimited)."""

    low: int
    high: int | None

    def fit(self, text: str, filler: str) -> str:
        """Return the text cut or padded to the limits."""
        if self.high is not None and len(text) > self.high:
            return text[: self.high].rstrip() if self.low < len(text[: self.high].rstrip()) else text[: self.high]
        if len(text) < self.low:
            return (text + " " + filler * ((self.low - len(text)) // len(filler) + 1))[: self.low - 1] + "."
        return text


_ANY_LENGTH = Lengths(0, None)


def generate(generator: Generator, conjunction: Conjunction, location: SchemaLocation) -> str:
    """Return a valid string; raise DeadEnd if none was found."""
    if isinstance(found := generator.suggestion(conjunction, "string", location), str):
        return found
    if not conjunction.exclusions and conjunction.lacks(_SHAPING_KEYWORDS):
        generator.spend(1)
        return _word(generator, conjunction, location, 0)
    lengths = _lengths(conjunction)
    if lengths.high is not None and lengths.low > lengths.high:
        raise location.dead_end("minLength", "minLength is greater than maxLength")
    if lengths.low > _MAX_LENGTH:
        raise location.dead_end("minLength", f"gemulator generates at most {_MAX_LENGTH:,} characters")
    patterns = [pattern for pattern in conjunction.values("pattern") if isinstance(pattern, str)]
    for text in _candidates(generator, conjunction, location, lengths, patterns):
        generator.spend(1)
        if generator.fits(conjunction, text):
            return text
    return _search(generator, conjunction, location, lengths, patterns)


def _lengths(conjunction: Conjunction) -> Lengths:
    if conjunction.lacks(_LENGTH_KEYWORDS):
        return _ANY_LENGTH
    lows = [math.ceil(limit) for limit in conjunction.values("minLength") if is_number(limit)]
    highs = [math.floor(limit) for limit in conjunction.values("maxLength") if is_number(limit)]
    return Lengths(max(lows, default=0), min(highs) if highs else None)


def _candidates(
    generator: Generator, conjunction: Conjunction, location: SchemaLocation, lengths: Lengths, patterns: list[str]
) -> Iterator[str]:
    yield from _from_annotations(conjunction, location, always=bool(patterns))
    for number, name in enumerate(conjunction.values("format")):
        if (make := FORMATS.get(name) if isinstance(name, str) else None) is not None:
            for attempt in range(3):
                yield make(generator.context, location.name, location.seed.child("format", number, attempt))
    if not conjunction.lacks(_CONTENT_KEYWORDS):
        encoding, media_type = conjunction.first("contentEncoding", str), conjunction.first("contentMediaType", str)
        if encoding or media_type:
            yield content(generator.context, media_type, encoding, location.seed.child("content"))
    if patterns:
        yield from _from_patterns(generator, conjunction, location, lengths, patterns)
    else:
        yield from _from_words(generator, conjunction, location, lengths)


def _from_annotations(conjunction: Conjunction, location: SchemaLocation, always: bool) -> Iterator[str]:
    """Yield an example and the default, each by chance, or always if `always` is set."""
    if conjunction.lacks(_ANNOTATIONS):
        return
    listed = conjunction.first("examples", list) or conjunction.values("example")
    examples = [item for item in listed if isinstance(item, str)]
    if examples and (always or location.seed.child("example").below(10) < 6):
        yield location.seed.child("examples").pick(examples)
    default = conjunction.first("default", str)
    if default and (always or location.seed.child("default").below(10) < 4):
        yield default


def _from_patterns(
    generator: Generator, conjunction: Conjunction, location: SchemaLocation, lengths: Lengths, patterns: list[str]
) -> Iterator[str]:
    for attempt in range(2):
        yield _word(generator, conjunction, location, attempt)
    for number, pattern in enumerate(patterns):
        try:
            for text in sample_texts(pattern, lengths.low, location.seed.child("pattern", number)):
                generator.spend(len(text) // _LETTERS_PER_STEP)
                yield text
                if not lengths.low <= len(text) <= (lengths.high or len(text)):
                    yield lengths.fit(text, text[-1:] or "a")
                    yield text.ljust(lengths.low, "a")
        except BadPattern:
            continue


def _from_words(
    generator: Generator, conjunction: Conjunction, location: SchemaLocation, lengths: Lengths
) -> Iterator[str]:
    for attempt in range(6):
        word = _word(generator, conjunction, location, attempt)
        yield lengths.fit(word, "and so on ")
    letters = location.seed.child("letters").random()
    for size in range(max(lengths.low, 1), min(lengths.low + 12, lengths.high or _MAX_LENGTH) + 1):
        generator.spend(size // _LETTERS_PER_STEP)
        yield "".join(letters.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(size))
    yield ""


def _word(generator: Generator, conjunction: Conjunction, location: SchemaLocation, attempt: int) -> str:
    """Return a word for the property; dates and times use the format that the description names."""
    description = (conjunction.first("description", str) or conjunction.first("title", str) or "")[:_MAX_DESCRIPTION]
    if location.name == "name":
        kind, thing = kind_of_name_property(_owner(location), description)
    else:
        kind, thing = kind_of(location.name, description), ""
    seed = location.seed.child("word", attempt)
    if kind in ("date", "time", "datetime"):
        return _format_moment(moment(generator.context, location.name, seed), kind, description)
    if kind not in UNAMBIGUOUS and (examples := examples_in(description)):
        return seed.pick(examples)
    word = generator.context.words.pick(kind, seed)
    return f"{word.title()} {thing or named_thing(location.name)}" if kind == "bearer" else word


def _owner(location: SchemaLocation) -> str:
    """Return the singular name of the property that contains the object: `customer` for `customers.items.name`."""
    names = [step for before, step in zip(location.path, location.path[1:], strict=False) if before == "properties"]
    return singular(names[-2]) if len(names) > 1 else ""


_ISO = {"date": "%Y-%m-%d", "time": "%H:%M", "datetime": "%Y-%m-%dT%H:%M:%SZ"}
_DIRECTIVES = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "HH": "%H", "SS": "%S"}
_DATE_PART = re.compile(r"YYYY|MM|DD|HH|SS", re.I)
_WITH_TIME = re.compile(r"\d[T ]\d\d:\d\d|date[- ]?(?:and )?time", re.I)
_DATE_FORMAT = re.compile(r"\b(?:(?:YYYY|yyyy|MM|DD|dd|HH|hh|mm|ss|SS)(?:[-/.:T ]|\b)){2,6}")


def _format_moment(when: "object", kind: str, description: str) -> str:
    date_format = _DATE_FORMAT.search(description)
    if date_format is None:
        with_time = kind == "date" and _WITH_TIME.search(description)
        return format(when, _ISO["datetime" if with_time else kind])
    clock = re.sub(r"(?:HH|hh):(?:MM|mm)", "%H:%M", date_format[0].rstrip("-/.:T "))
    return format(when, _DATE_PART.sub(lambda found: _DIRECTIVES[found[0].upper()], clock))


def _search(
    generator: Generator, conjunction: Conjunction, location: SchemaLocation, lengths: Lengths, patterns: list[str]
) -> str:
    """Return a string that matches all patterns and no excluded one; the last resort, because it is slow."""
    schemas = [sub.schema for sub in conjunction.exclusions if isinstance(sub.schema, dict)]
    excluded = [pattern for schema in schemas for pattern in _excluded_patterns(schema)]
    if patterns or excluded:
        generator.spend(_SEARCH_STEPS)
        try:
            text, work = find_text(tuple(patterns), tuple(excluded), lengths.low, lengths.high)
            generator.spend(work // _WORK_PER_STEP)
        except (BadPattern, RecursionError):
            text = None
        if text is not None and generator.fits(conjunction, text):
            return text
    raise location.dead_end("pattern" if patterns else "not", "no valid string was found")


def _excluded_patterns(schema: dict[str, Any]) -> Iterator[str]:
    """Yield patterns of the strings that a schema with a single keyword accepts."""
    match schema:
        case {"pattern": str(pattern), **others} if not others:
            yield pattern
        case {"enum": list(items), **others} if not others:
            yield from (f"^{re.escape(item)}$" for item in items if isinstance(item, str))
        case {"const": str(item), **others} if not others:
            yield f"^{re.escape(item)}$"
