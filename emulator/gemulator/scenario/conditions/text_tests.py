"""Comparisons of texts, compiled once."""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

from gemulator.scenario.conditions.glob import glob_matches
from gemulator.scenario.conditions.regex import compile_regex, quote_regex, quote_spaced
from gemulator.scenario.conditions.texts import fold, squeeze

TextPredicate: TypeAlias = Callable[[str], bool]

_NO_LETTER = r"[^\pL\pM\pN_]"


@lru_cache(maxsize=4096)
def contained(part: str) -> TextPredicate:
    """Return the test for texts that contain a part, ignoring case and the amount of white space."""
    sought = squeeze(part.casefold())
    longest = max(sought.split(), key=len, default="")
    if longest == sought:
        return lambda text: sought in fold(text)

    def test(text: str) -> bool:
        folded = fold(text)
        return sought in folded or (longest in folded and sought in squeeze(folded))

    return test


def contained_exactly(part: str) -> TextPredicate:
    """Return the test for texts that contain a part as it is."""
    return lambda text: part in text


def equal(whole: str) -> TextPredicate:
    """Return the test for texts that are equal but for white space."""
    sought = squeeze(whole).strip()
    return lambda text: text == whole or (len(text) >= len(sought) and squeeze(text).strip() == sought)


def equal_exactly(whole: str) -> TextPredicate:
    """Return the test for texts that are equal."""
    return lambda text: text == whole


def like_glob(glob: str) -> TextPredicate:
    """Return the test for texts that a glob matches as a whole, with any amount of white space."""
    sought = squeeze(glob).strip()
    return lambda text: glob_matches(sought, squeeze(text).strip())


def like_glob_exactly(glob: str) -> TextPredicate:
    """Return the test for texts that a glob matches as a whole."""
    return lambda text: glob_matches(glob, text)


def has_word(part: str) -> TextPredicate:
    """Return the test for texts that contain a part as whole words, ignoring case and the amount of white space."""
    sought = part.casefold().strip()
    longest = max(sought.split(), key=len, default="")
    pattern = compile_regex(_as_word(sought, quote_spaced(sought)))

    def test(text: str) -> bool:
        folded = fold(text)
        return longest in folded and pattern.search(folded) is not None

    return test


def has_word_exactly(part: str) -> TextPredicate:
    """Return the test for texts that contain a part as whole words, as it is."""
    pattern = compile_regex(_as_word(part, quote_regex(part)))
    return lambda text: part in text and pattern.search(text) is not None


def _as_word(part: str, pattern: str) -> str:
    """Return the pattern of a part, bounded where it begins or ends with a letter or digit."""
    before = rf"(?:\A|{_NO_LETTER})" if _is_letter(part[:1]) else ""
    after = rf"(?:\z|{_NO_LETTER})" if _is_letter(part[-1:]) else ""
    return f"{before}{pattern}{after}"


def _is_letter(letter: str) -> bool:
    return letter.isalnum() or letter == "_"
