"""Texts with holes: `Report of {date} for {any}`."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct

from gemulator.scenario.conditions.regex import SPACES, compile_regex, quote_regex, quote_spaced

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_M, _D = "(?:1[0-2]|0?[1-9])", r"(?:3[01]|[12]\d|0?[1-9])"
_DAY = rf"{_D}(?:st|nd|rd|th|\.)?"
_DATE = (
    r"(?:(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?\.?,? )?"
    rf"(?:\d{{4}}[-/.]{_M}[-/.]{_D}|(?:{_M}[-/.]{_D}|{_D}[-/.]{_M})[-/.](?:\d{{4}}|\d{{2}})"
    rf"|{_DAY} {_MONTH}(?:,? \d{{4}})?|{_MONTH} \d{{4}}|{_MONTH} {_DAY}(?:,? \d{{4}})?)"
)
_TIME = (
    r"(?:2[0-4]|[01]?\d):[0-5]\d(?::(?:60|[0-5]\d)(?:[.,]\d+)?)?"
    r"(?: ?[ap]\.?m\b\.?)?(?: ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})\b)?"
)

# RE2 patterns by the kind of a hole.
KINDS: Mapping[str, str] = {
    "date": f"(?i:{_DATE})",
    "time": f"(?i:{_TIME})",
    "uuid": r"(?i:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})",
    "id": r"[\pL\pM\pN_.:-]+",
    "number": r"[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?",
    "any": r"(?s:.*?)",
}
_HOLE = re.compile(r"\{\{\w+(?::\w+)?\}\}|\{(?:([A-Za-z_]\w*):)?([A-Za-z_]\w*)\}")
_NEAR_HOLE = re.compile(rf"\{{(?:{'|'.join(KINDS)})\b|\{{ +(?:{'|'.join(KINDS)}) +\}}")
_MAX_HOLES = 100
_ANY_SPACE = SPACES.replace("+", "*")


class Hole(Struct, frozen=True):
    """A named hole; `kind` is a key of `KINDS`."""

    name: str
    kind: str
    written: str


class Like(Struct, frozen=True):
    """A compiled text with holes. `pattern` captures the holes, `test` only tells if a text matches."""

    pattern: Any
    test: Any
    longest: str  # of the words that a matching text contains

    def accepts(self, text: str) -> bool:
        return self.longest in text and self.test.search(text) is not None


@lru_cache(maxsize=4096)
def compile_like(source: str, *, exact: bool = False) -> Like:
    """Return the compiled text. Raises ValueError for an unknown hole, or two of one name."""
    pieces = list(_pieces(source if exact else source.strip()))
    if sum(isinstance(piece, Hole) for piece in pieces) > _MAX_HOLES:
        raise ValueError(f"the text has more than {_MAX_HOLES} holes: use {{any}} for a part with many")
    words = [word for piece in pieces if isinstance(piece, str) for word in ([piece] if exact else piece.split())]
    test = _whole(pieces, exact=exact, capture=False)
    return Like(_whole(pieces, exact=exact, capture=True), test, max(words, key=len, default=""))


def near_holes(source: str) -> Sequence[str]:
    """Return the parts of the text that look like holes, but are none: `{ date }`, or `{date` without its brace."""
    literals = (piece for piece in _pieces(source) if isinstance(piece, str))
    return [found[0] for literal in literals for found in _NEAR_HOLE.finditer(literal)]


def literal_of(source: str) -> str:
    """Return the longest part of the text between holes; spaces at its ends, which may be missing, are left out."""
    return max((piece.strip() for piece in _pieces(source) if isinstance(piece, str)), key=len, default="")


def agreeing_part(source: str, text: str, *, exact: bool) -> tuple[int, int]:
    """Return how many characters of the text with holes match the beginning of `text`, and of how many there."""
    pieces = list(_pieces(source))
    prefixes = [pieces[:size] for size in range(len(pieces) + 1)]
    size = bisect_left(prefixes, True, key=lambda prefix: _prefix(prefix, exact=exact).search(text) is None) - 1
    begin = sum(len(piece if isinstance(piece, str) else piece.written) for piece in pieces[:size])
    end = int(_prefix(pieces[:size], exact=exact).search(text).end())
    return begin, end


def like_ignoring_case(source: str, text: str, *, exact: bool) -> bool:
    """Return True if a text with holes matches another if case does not count."""
    pattern = _pattern(list(_pieces(source if exact else source.strip())), exact=exact, capture=False)
    end = r"\z" if exact else rf"{_ANY_SPACE}\z"
    return compile_regex(f"(?i){pattern}{end}").search(text) is not None


def literal_parts(source: str) -> Iterator[tuple[int, str]]:
    """Yield the parts between holes and braces, with their places."""
    at = 0
    for hole in _HOLE.finditer(source):
        yield at, source[at : hole.start()]
        at = hole.end()
    yield at, source[at:]


def escape_like(text: str) -> str:
    """Return a literal text for a text with holes."""
    return _HOLE.sub(lambda found: found[0] if found[2] is None else f"{{{found[0]}}}", text)


def _prefix(pieces: Sequence[str | Hole], *, exact: bool) -> Any:
    return compile_regex(_pattern(pieces, exact=exact, capture=False))


def _whole(pieces: Sequence[str | Hole], *, exact: bool, capture: bool) -> Any:
    return compile_regex(_pattern(pieces, exact=exact, capture=capture) + ("" if exact else _ANY_SPACE) + r"\z")


def _pattern(pieces: Sequence[str | Hole], *, exact: bool, capture: bool) -> str:
    quote = quote_regex if exact else quote_spaced
    inner = (quote(piece) if isinstance(piece, str) else _hole_pattern(piece, capture=capture) for piece in pieces)
    return rf"\A{'' if exact else _ANY_SPACE}{''.join(inner)}"


def _hole_pattern(hole: Hole, *, capture: bool) -> str:
    return f"(?P<{hole.name}>{KINDS[hole.kind]})" if capture else f"(?:{KINDS[hole.kind]})"


def _pieces(source: str) -> Iterator[str | Hole]:
    """Yield the literal parts and the holes. The second `{date}` is called `date2`."""
    found = list(_HOLE.finditer(source))
    names = {hole[1] for hole in found if hole[1]}
    taken: set[str] = set()
    at, literal = 0, ""
    for hole in found:
        literal += source[at : hole.start()]
        at = hole.end()
        if hole[2] is None:
            literal += hole[0][1:-1]
            continue
        yield literal
        literal = ""
        yield _named(hole, names, taken)
    yield literal + source[at:]


def _named(hole: re.Match[str], names: set[str], taken: set[str]) -> Hole:
    given, kind = hole[1], hole[2]
    if kind not in KINDS:
        known = ", ".join(f"{{{one}}}" for one in KINDS)
        raise ValueError(f"unknown hole `{hole[0]}`: holes are {known}; write `{{{hole[0]}}}` for a text in braces")
    numbered = (kind if number == 1 else f"{kind}{number}" for number in range(1, _MAX_HOLES + len(names) + 2))
    name = given or next((one for one in numbered if one not in taken and one not in names), "")
    if name in taken:
        raise ValueError(f"two holes have the name `{name}`: write `{{{name}2:{kind}}}` for the second")
    taken.add(name)
    return Hole(name, kind, hole[0])
