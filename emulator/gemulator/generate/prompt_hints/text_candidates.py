"""Text candidates of a prompt: literals, names, quotes, and its own sentences."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from gemulator.core.seed import Seed
from gemulator.generate.json_schema.property_semantics import kind_of as held_kind
from gemulator.generate.prompt_hints.extractors import Match
from gemulator.generate.prompt_hints.field_kinds import kind_of
from gemulator.generate.prompt_hints.lexicon import (  # fmt: skip
    DAY,
    FORMED,
    FORMULA,
    LANGUAGE,
    LANGUAGES,
    STATEMENT,
    UNITS,
    members,
    mention,
    ticker,
)
from gemulator.generate.prompt_hints.named_entities import Name
from gemulator.generate.prompt_hints.phrases import enumerations, message, reminder, request, subject
from gemulator.generate.prompt_hints.prompt import LONG, Prompt
from gemulator.generate.prompt_hints.timestamps import timestamps
from gemulator.generate.text.languages.language import detect
from gemulator.generate.text.languages.word_blocks import words
from gemulator.generate.text.topic import Topic, topic_of
from gemulator.generate.text.writer import speech_of, writer

_SENTENCES = 16
_MAX_DESCRIPTION = 2_000  # characters that are read
_TOPICAL = re.compile(r"tag|keyword|topic|label|categor", re.I)
_NEVER_QUOTED = frozenset(
    ("email", "url", "date", "time", "datetime", "currency", "phone", "language", "unit", "formula", "ticker")
)
_PATTERNS = {"unit": UNITS, "language": LANGUAGE, "formula": FORMULA, "sql": STATEMENT}
_CODED = re.compile(r"\bcodes?\b|ISO|_code|Code")
_NAMING = re.compile(
    r"(?:\b(?:named|called|names?|namens|genannt|hei(?:ß|ss)t|nommée?|appelée?|llamad[oa]|chamad[oa])"
    r"|名为|名為|叫做?|名前は|이름은)[\s:]*$",
    re.I,
)
_IN_FIGURES = re.compile(r"YYYY|yyyy|ISO")
_WHERE = frozenset(words("in at near around from to of visiting en à nach aus"))
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


class TextCandidates:
    """Candidates for texts with their positions; a negative position marks an inferred candidate.

    With a `seed` they are for an answer: sentences on the topic instead of the prompt's own sentence.
    """

    def __init__(self, prompt: Prompt, skip: tuple[str, ...], seed: Seed | None, *, in_order: bool = False) -> None:
        self._prompt = prompt
        self._skip = skip
        self._seed = seed
        self._in_order = in_order

    def of(self, name: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
        kind = kind_of(name, schema)
        if kind == "person":
            yield from self._quoted_names()
        yield from self._literals(kind, name, schema)
        yield from self._members_of_kind(name, schema)
        if kind in ("place", "person", "from", "to"):
            yield from self._names(kind)
        held = held_kind(name, str(schema.get("description") or "")[:_MAX_DESCRIPTION])
        if kind not in _NEVER_QUOTED and held not in FORMED:
            yield from self._quotes(kind or held)
        yield from self._on_topic(kind, held) if self._seed else self._own_sentence(kind)

    def several(self, name: str, kind: str) -> Iterator[tuple[str, int]]:
        """Yield texts for a list: names, literals, several quotes, otherwise an enumeration."""
        if kind in ("place", "person", "from", "to"):
            yield from self._names(kind)
        elif kind in ("email", "url", "path", "date", "code", "ticker"):
            yield from self._literals(kind, "", {})
        else:
            yield from self._remaining(name)

    def _remaining(self, name: str) -> Iterator[tuple[str, int]]:
        enumerated = [
            (item, at + number)
            for items, at in enumerations(self._prompt.text)
            if name not in items
            for number, item in enumerate(items)
        ]
        quoted = list(self._quotes("title"))
        yield from quoted if len(quoted) > 1 or not enumerated else enumerated
        if _TOPICAL.search(name) and not (enumerated or quoted or self._prompt.keys):
            topic = self._topic()
            yield from ((noun.lower(), at) for noun, at in ((topic.title, -5), (topic.other, -6)) if noun)

    def _quotes(self, kind: str) -> Iterator[tuple[str, int]]:
        """Yield quotes other than keys; whole sentences only if a text is wanted."""
        keys = self._prompt.keys if "{" in self._prompt.text else ()
        for one in self._prompt.quoted:
            is_short = len(one.value.split()) <= LONG
            if one.value not in keys and (is_short or kind in ("text", "message", "query", "sentence", "")):
                yield one.value, one.start

    def _quoted_names(self) -> Iterator[tuple[str, int]]:
        """Yield short quotes after a word like "named", which are names in any script."""
        for one in self._prompt.quoted:
            if len(one.value.split()) <= LONG and _NAMING.search(self._prompt.text[max(0, one.start - 24) : one.start]):
                yield one.value, one.start

    def _topic(self) -> Topic:
        """Return the topic of the text after a colon if it is longer than two words: "Find the keywords: ..."."""
        text = self._prompt.text
        rest = text.partition(":")[2]
        return topic_of(rest if len(rest.split()) > 3 else text, speech_of(detect(text)))

    def _on_topic(self, kind: str, held: str) -> Iterator[tuple[str, int]]:
        """Yield title and sentences on the topic, for an answer that is an object."""
        text = self._prompt.text
        if kind == "title" and (about := subject(text)):
            yield about[:1].upper() + about[1:], -1
        if (kind in ("text", "message") or held == "sentence") and self._seed:
            author = writer(self._seed.child("sentences"), text)
            sentences = [author.opening(), *author.sentences(_SENTENCES)]
            yield from ((sentence, -100 - number) for number, sentence in enumerate(sentences))

    def _members_of_kind(self, name: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
        known = members(name, str(schema.get("description") or "")[:_MAX_DESCRIPTION])
        prompt = self._prompt
        found = [(at, word) for word in known if (at := mention(word, prompt.text, prompt.lower)) >= 0]
        yield from ((word, at) for at, word in sorted(found, key=lambda pair: (pair[0], -len(pair[1]))))

    def _own_sentence(self, kind: str) -> Iterator[tuple[str, int]]:
        """Yield the prompt's own sentence, or the part of it that fits the kind."""
        text = self._prompt.text
        if about := subject(text) if kind == "title" else reminder(text) if kind == "text" else "":
            yield about[:1].upper() + about[1:], -1
        if kind == "message" and (words := message(text)):
            yield words, -2
        if kind == "title":
            yield request(text.strip().partition("\n")[0]), -4
        if kind in ("query", "text", "message"):
            yield request(text), len(text)

    def _literals(self, kind: str, name: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
        """Yield candidates recognised by their shape."""
        yield from ((one.value, one.start) for one in _of_kind(self._prompt, kind))
        match kind:
            case "to":  # of a mail, if the prompt has an address
                yield from ((one.value, one.start) for one in self._prompt.emails)
            case "email" if not self._prompt.emails:
                yield from self._addresses()
            case "person":
                yield from self._parts_of_names(held_kind(name, ""))
            case "date" | "time" | "datetime":
                yield from self._moments(kind, name, schema)
            case "ticker":
                yield from ((ticker(value), at) for value, at in self._names("person"))
            case "language" if _CODED.search(f"{name} {schema.get('description')}"):
                yield from ((LANGUAGES[value], at) for value, at in self._find(LANGUAGE))
            case _ if kind in _PATTERNS:
                yield from self._find(_PATTERNS[kind])

    def _moments(self, kind: str, name: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
        if kind == "date":
            yield from self._days(schema)
        elif kind == "datetime":
            yield from timestamps(self._prompt, name)
        else:
            yield from ((one.value, one.start) for one in self._prompt.times)
            yield from ((f"{one.value}:00Z", one.start) for one in self._prompt.times)

    def _full_names(self) -> Iterator[Name]:
        """Yield names of two words or more that are no places."""
        for name in self._prompt.names:
            if " " in name.value and "," not in name.value and name.before not in _WHERE:
                yield name

    def _parts_of_names(self, held: str) -> Iterator[tuple[str, int]]:
        """Yield the first or last name of a person, if only that is asked for."""
        if held in ("first_name", "last_name"):
            last = held == "last_name"
            for name in self._full_names():
                yield name.value.split()[-1 if last else 0], -1000 - 2 * name.start - last

    def _addresses(self) -> Iterator[tuple[str, int]]:
        """Yield a likely email address of a named person."""
        for name in self._full_names():
            plain = unicodedata.normalize("NFKD", name.value.lower().replace("ß", "ss")).encode("ascii", "ignore")
            if len(words := re.findall(r"[a-z]+", plain.decode())) > 1:
                yield f"{words[0]}.{words[-1]}@example.com", -100_000 - name.start

    def _days(self, schema: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
        """Yield dates; "tomorrow" unchanged unless the field asks for digits."""
        yield from ((one.value, one.start) for one in self._prompt.dates)
        if schema.get("format") != "date" and not _IN_FIGURES.search(str(schema.get("description"))):
            yield from self._find(DAY)
        yield from ((one.value, one.start) for one in self._prompt.days)

    def _find(self, pattern: re.Pattern[str]) -> Iterator[tuple[str, int]]:
        yield from ((match[0].strip(), match.start()) for match in pattern.finditer(self._prompt.text))

    def _names(self, kind: str) -> Iterator[tuple[str, int]]:
        wanted = {"place": _AT_PLACES, "from": _FROM, "to": _TO, "person": _WITH_PEOPLE}[kind]
        offered = [name for name in self._prompt.names if name.value not in self._skip]
        for name in sorted(offered, key=lambda name: name.start if self._in_order else _rank(name, wanted)):
            yield name.value, name.start


def _rank(name: Name, wanted: frozenset[str]) -> int:
    """Rank names after a fitting word first, names that merely begin a sentence last."""
    if wanted is _AT_PLACES and name.before == "for":
        return 1  # "a table for Anna in Rome"
    return 0 if name.before in wanted else 2 if name.before == "^" else 1


def _of_kind(prompt: Prompt, kind: str) -> tuple[Match[str], ...]:
    found = {
        "email": prompt.emails,
        "url": prompt.urls,
        "path": prompt.paths,
        "code": prompt.codes,
        "phone": prompt.phones,
        "currency": prompt.currencies,
    }
    return found.get(kind, ())
