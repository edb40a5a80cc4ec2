"""Kind of value of a property, by name, then by description."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from gemulator.generate.text.languages.word_blocks import words

# Kind by words of the name; the first row with a word in common decides.
_KINDS: tuple[tuple[str, frozenset[str]], ...] = tuple(
    (kind, frozenset(words.split()))
    for kind, words in (
        ("email", "email mail emails cc bcc"),
        ("url", "url uri link href website webpage webhook homepage"),
        ("path", "path file filename filepath directory folder"),
        ("phone", "phone telephone mobile fax"),
        ("currency", "currency currencies"),
        ("datetime", "datetime timestamp"),
        ("date", "date day dates checkin checkout birthday deadline due"),
        ("time", "time hour at"),
        ("unit", "unit units scale system"),
        ("language", "language lang locale"),
        ("from", "origin from departure source"),
        ("to", "destination to arrival"),
        (
            "place",
            "city location place country town region state address venue where area cities locations places countries",
        ),
        (
            "person",
            "person who recipient contact customer client user author attendee guest passenger assignee owner patient",
        ),
        ("person", "company organization organisation employer brand vendor supplier people names attendees guests"),
        ("person", "firstname lastname fullname name employee participant participants artist"),
        ("ticker", "ticker symbol stock"),
        ("code", "id code sku number reference ref ticket order isbn identifier"),
        ("sql", "sql"),
        ("formula", "expression formula equation calculation"),
        ("message", "message body content"),
        ("title", "title subject headline reminder task todo"),
        ("query", "query q search keyword keywords term terms topic question prompt"),
        ("text", "text input description note notes summary instruction instructions"),
    )
)
# Short names such as "q" or "to": the description decides.
_VAGUE = frozenset(("", "query", "code", "from", "to"))
# Words that are significant in names only, not in descriptions.
_FILLING = frozenset(words("to from at of in who file content number order state area system due what"))
MONEY = frozenset(words("price amount budget cost total sum fee salary balance payment value"))
_MAX_NAME = 200  # characters that are read
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def split_words(name: str) -> tuple[str, ...]:
    """Split `departure_city`, `departureCity` or `departure-city` into departure and city."""
    return _split_words(name[:_MAX_NAME])


@lru_cache(maxsize=4096)
def _split_words(name: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORD.findall(name))


@lru_cache(maxsize=4096)
def _kind(words: tuple[str, ...]) -> str:
    return next((kind for kind, known in _KINDS if not known.isdisjoint(words)), "")


def kind_of(name: str, schema: Mapping[str, Any]) -> str:
    """Return the kind of a string property, "" if unknown."""
    match schema.get("format"):
        case "email" | "idn-email":
            return "email"
        case "uri" | "url" | "iri" | "uri-reference":
            return "url"
        case "date" | "time" as exact:
            return str(exact)
        case "date-time":
            return "datetime"
    by_name = _kind(split_words(name))
    if by_name not in _VAGUE:
        return by_name
    sentence = split_words(str(schema.get("description") or "").split(". ")[0][:80])
    described = _kind(tuple(word for word in sentence if word not in _FILLING))
    if by_name in ("from", "to"):
        return described if described in ("email", "phone") else by_name
    return described if described not in _VAGUE else by_name or described
