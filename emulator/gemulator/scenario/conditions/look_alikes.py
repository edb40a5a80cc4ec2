"""Characters that look alike, or like nothing, by their names."""

import unicodedata
from collections.abc import Sequence

_MAX_NAMED = 2  # characters
_CONTROLS = {"\t": "TAB", "\n": "LINE FEED", "\r": "CARRIAGE RETURN"}
_INVISIBLE = {"Cf", "Cc", "Zs", "Zl", "Zp"}
_SIMILAR = str.maketrans(
    "аеорсухіјѕԁһԛԝАВЕКМНОРСТХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧονı‘’‚′ʼ“”„″‐‑‒–—−‚…×",
    "aeopcyxijsdhqwABEKMHOPCTXIJSABEZHIKMNOPTYXovi'''''\"\"\"\"------,…x",
)


def look_alike(one: str, other: str) -> bool:
    """Return True if two different texts can hardly be told apart when they are printed."""
    return one != other and "".join(_skeleton(one)) == "".join(_skeleton(other))


def find_look_alike(part: str, text: str) -> tuple[int, int] | None:
    """Return begin and end of what looks like a part of a text, but is not equal to it; None if nothing does."""
    if part.isascii() and text.isascii():
        return None
    skeleton = _skeleton(text)
    places = [at for at, letters in enumerate(skeleton) for _ in letters]
    sought = "".join(_skeleton(part))
    begin = "".join(skeleton).find(sought) if sought else -1
    if begin < 0:
        return None
    return places[begin], places[begin + len(sought) - 1] + 1


def _skeleton(text: str) -> Sequence[str]:
    """Return what is visible of each character, the same for similar ones."""
    return [
        "" if unicodedata.category(letter) in _INVISIBLE else unicodedata.normalize("NFKD", letter).translate(_SIMILAR)
        for letter in text
    ]


def code_points(text: str) -> str:
    """Return the names of the first characters, like `U+00A0 NO-BREAK SPACE`."""
    named = [f"U+{ord(letter):04X} {_name(letter)}" for letter in text[:_MAX_NAMED]]
    return ", ".join(named + ["…"] * (len(text) > _MAX_NAMED)) or "nothing"


def _name(letter: str) -> str:
    return _CONTROLS.get(letter, unicodedata.name(letter, "WITHOUT A NAME"))
