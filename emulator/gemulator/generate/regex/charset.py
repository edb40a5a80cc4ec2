"""Character sets as sorted code point ranges, with the named ECMA classes."""

import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import NamedTuple, TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]

LAST = 0x10FFFF
# Sampling alphabets, by preference: letters, then other printable ASCII.
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_PLAIN = _LETTERS + "0123456789" + _LETTERS.upper() + "-_. /:,;@+!#'()=&%?~*$^|<>{}[]\"\\`"
_SURROGATES = (0xD800, 0xDFFF)


class Characters(NamedTuple):
    """Character set; `ranges` are sorted, disjoint and inclusive."""

    ranges: Ranges

    def has(self, letter: str) -> bool:
        """Return True if the character is in the set."""
        point = ord(letter)
        return any(low <= point <= high for low, high in self.ranges)

    def complement(self) -> "Characters":
        """Return the set of all other characters."""
        out, start = [], 0
        for low, high in self.ranges:
            if start < low:
                out.append((start, low - 1))
            start = high + 1
        if start <= LAST:
            out.append((start, LAST))
        return Characters(tuple(out))

    def intersection(self, other: "Characters") -> "Characters":
        """Return the set of the characters in both sets."""
        return union([self.complement(), other.complement()]).complement()


NONE = Characters(())
ANY = Characters(((0, LAST),))


def union(sets: Iterable[Characters]) -> Characters:
    """Return the union of several sets."""
    out: list[tuple[int, int]] = []
    for low, high in sorted(pair for item in sets for pair in item.ranges):
        if out and low <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], high))
        else:
            out.append((low, high))
    return Characters(tuple(out))


def of(*parts: str) -> Characters:
    """Return a set of ranges and single characters, such as `of("az", "09", "_")`."""
    return union(Characters(((ord(part[0]), ord(part[-1])),)) for part in parts)


DIGIT = of("09")
WORD = of("az", "AZ", "09", "_")
SPACE = of("\t\r", " ", "\u00a0", "\u1680", "\u2000\u200a", "\u2028\u2029", "\u202f", "\u205f", "\u3000", "\ufeff")
LINE_END = of("\n", "\r", "\u2028\u2029")
DOT = LINE_END.complement()

_SCRIPTS = {
    "Latin": of("az", "AZ", "ÀÖ", "Øö", "øʸ"), "Greek": of("Ͱͳ", "Άώ"), "Cyrillic": of("Ѐӿ"),
    "Han": of("一鿿"), "Hiragana": of("ぁゖ"), "Katakana": of("ァヺ"), "Hangul": of("가힣"),
    "Emoji": of("😀🙏"), "Extended_Pictographic": of("😀🙏"), "Emoji_Component": of("09", "#", "*"),
    "Emoji_Presentation": of("😀🙏"), "Arabic": of("ؠي"), "Hebrew": of("את"), "Devanagari": of("अह"), "Thai": of("กะ"),
}  # fmt: skip


@lru_cache(maxsize=64)
def property_class(name: str) -> Characters | None:
    r"""Return the set of `\p{name}` for general categories and common scripts; None if unknown.

    Only characters below U+3400 are included, which is enough to sample from.
    """
    _, _, value = name.rpartition("=")
    if value in _SCRIPTS:
        return _SCRIPTS[value]
    category = {"Letter": "L", "Alphabetic": "L", "Alpha": "L", "L&": "L", "Number": "N", "Punctuation": "P",
                "Uppercase": "Lu", "Uppercase_Letter": "Lu", "Lowercase": "Ll", "Lowercase_Letter": "Ll",
                "White_Space": "Z", "Separator": "Z", "Symbol": "S", "Decimal_Number": "Nd", "digit": "Nd",
                "punct": "P", "alpha": "L"}.get(value, value)  # fmt: skip
    if category in ("Any", "ASCII"):
        return ANY if category == "Any" else Characters(((0, 0x7F),))
    points = [point for known, points in _categories().items() if known.startswith(category) for point in points]
    return union(Characters(((point, point),)) for point in points) if points else None


@cache
def _categories() -> dict[str, list[int]]:
    """Return the characters below U+3400 by general category."""
    found: dict[str, list[int]] = {}
    for point in range(0x3400):
        found.setdefault(unicodedata.category(chr(point)), []).append(point)
    return found


@lru_cache(maxsize=4096)
def samples(characters: Characters) -> str:
    """Return characters to sample: the plainest kind in the set; "" for an empty set."""
    for alphabet in (_LETTERS, _PLAIN):
        if found := "".join(letter for letter in alphabet if characters.has(letter)):
            return found
    return "".join(chr(p) for p in _first_points(characters))


@lru_cache(maxsize=4096)
def variety(characters: Characters) -> str:
    """Return all printable ASCII characters of the set, or `samples` if there are none."""
    return "".join(letter for letter in _PLAIN if characters.has(letter)) or samples(characters)


def _first_points(characters: Characters) -> list[int]:
    printable: list[int] = []
    others: list[int] = []
    for low, high in characters.ranges:
        for point in range(low, min(high, low + 16) + 1):
            if point <= LAST and not _SURROGATES[0] <= point <= _SURROGATES[1]:
                (printable if chr(point).isprintable() else others).append(point)
    return printable[:32] or others[:32]
