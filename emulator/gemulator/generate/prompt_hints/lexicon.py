"""Lexicon of units, languages, companies, colours and similar words."""

import re
from collections.abc import Iterator

from gemulator.generate.json_schema.fake_words import fixed_words
from gemulator.generate.json_schema.property_semantics import kind_of

UNITS = re.compile(
    r"\b(celsius|fahrenheit|kelvin|metric|imperial|kilomet(?:er|re)s?|miles?|kilograms?|pounds?|met(?:er|re)s)\b", re.I
)
FORMULA = re.compile(r"[\d(][\d\s.,()]{0,40}(?:[+*/^%×÷-][\d\s.,()]{1,40}){1,20}(?<=[\d)])")
DAY = re.compile(
    r"\b(today|tomorrow|tonight|"
    r"(?:next |this )?(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|week(?:end)?|month))\b",
    re.I,
)
STATEMENT = re.compile(r"\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\b.+", re.S)
LANGUAGES = {
    "English": "en", "German": "de", "French": "fr", "Spanish": "es", "Portuguese": "pt", "Italian": "it",
    "Dutch": "nl", "Polish": "pl", "Russian": "ru", "Ukrainian": "uk", "Turkish": "tr", "Arabic": "ar",
    "Hebrew": "he", "Hindi": "hi", "Bengali": "bn", "Chinese": "zh", "Mandarin": "zh", "Japanese": "ja",
    "Korean": "ko", "Vietnamese": "vi", "Thai": "th", "Swedish": "sv", "Norwegian": "no", "Danish": "da",
    "Finnish": "fi", "Greek": "el", "Czech": "cs", "Hungarian": "hu", "Romanian": "ro", "Latin": "la",
}  # fmt: skip
LANGUAGE = re.compile(rf"\b({'|'.join(LANGUAGES)})\b")
_TICKERS = {
    "apple": "AAPL", "microsoft": "MSFT", "google": "GOOG", "alphabet": "GOOG", "amazon": "AMZN", "nvidia": "NVDA",
    "tesla": "TSLA", "meta": "META", "facebook": "META", "netflix": "NFLX", "sap": "SAP", "ibm": "IBM",
    "oracle": "ORCL", "intel": "INTC",
}  # fmt: skip
_COLOURS = (
    "black", "white", "red", "green", "blue", "yellow", "orange", "purple", "pink", "brown", "gray", "grey", "silver",
    "gold", "navy", "teal", "beige", "turquoise", "maroon", "olive", "violet",
)  # fmt: skip
_BETWEEN_WORDS = re.compile(r"[\s_-]+")
_LONGEST_MEMBER = 200  # characters; a longer one is looked for as it is
# Kinds with few, unambiguous members: the prompt may name any of them.
_CLOSED = frozenset({"room", "cuisine", "genre", "sport", "weekday", "shape", "platform", "animal", "food", "airport"})


# Kinds with a fixed form: quoted text does not match by accident.
FORMED = frozenset({"iban", "card", "uuid", "isbn", "ip", "mac", "hex_color", "postcode", "country_code"})


def ticker(company: str) -> str:
    """Return the symbol of a company: the known one, otherwise its first letters."""
    letters = re.sub(r"\W", "", company)
    return _TICKERS.get(company.lower()) or (letters if letters.isupper() else letters[:4].upper())


def members(name: str, description: str) -> Iterator[str]:
    """Yield the likely values of a property with a small vocabulary."""
    kind = kind_of(name, description)
    yield from _COLOURS if kind == "color" else fixed_words(kind) if kind in _CLOSED else ()


def mention(member: str, text: str, lower: str) -> int:
    """Return the position of the member in the text, in any case, as words or plural; -1 if absent.

    A single letter must stand alone in the same case, because "a" and "I" are words. `lower` is the text in lower case.
    """
    stripped = member.strip()
    if not stripped or len(stripped) > _LONGEST_MEMBER:
        return text.find(stripped) if stripped else -1
    words = _BETWEEN_WORDS.split(stripped)
    if any(word.lower() not in lower for word in words):  # most members are absent, and to compile a pattern takes long
        return -1
    flags = 0 if len(member) < 2 else re.IGNORECASE
    ending = "" if len(member) < 3 or not member.isascii() else "(?:e?s|ed|ing|ly)?"
    body = r"[\s_-]*".join(map(re.escape, words))
    edges = (r"(?<!\w)", r"(?!\w)") if member.isascii() else ("", "")
    found = re.search(f"{edges[0]}{body}{ending}{edges[1]}", text, flags)
    return found.start() if found else -1
