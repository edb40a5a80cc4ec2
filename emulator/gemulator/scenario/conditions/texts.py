"""Texts in comparisons and messages."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice

from gemulator.core.json_types import JSON

_MAX_LISTED = 20  # texts in messages
MAX_SHOWN = 80  # characters of a text in messages
_CACHED = range(1_000, 2_000_000)  # lengths of texts that many turns compare: folding takes longer than searching

_ASCII_SPACES = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f"  # those of str.split, but the space


def fold(text: str) -> str:
    """Return the text for comparisons that ignore case."""
    return _fold_long(text) if len(text) in _CACHED else text.casefold()


_fold_long = lru_cache(maxsize=2)(str.casefold)


def squeeze(text: str) -> str:
    """Return the text with each run of white space as one space."""
    return _squeeze_long(text) if len(text) in _CACHED else _squeeze(text)


def _squeeze(text: str) -> str:
    if text.isascii():  # a quarter of the time of split and join
        for space in _ASCII_SPACES:
            if space in text:
                text = text.replace(space, " ")
        while "  " in text:
            text = text.replace("  ", " ")
        return text
    words = " ".join(text.split())
    if not words:
        return " " if text else ""
    return f"{' ' * text[0].isspace()}{words}{' ' * text[-1].isspace()}"


_squeeze_long = lru_cache(maxsize=4)(_squeeze)


def shorten(separator: str, texts: Iterable[str], count: int) -> str:
    """Join the first of `count` texts, and say how many more there are."""
    rest = [f"{count - _MAX_LISTED:,} more"] if count > _MAX_LISTED else []
    return separator.join([*islice(texts, _MAX_LISTED), *rest])


def quote(value: JSON) -> str:
    """Return the value as a Python literal, truncated."""
    return repr(f"{value[: MAX_SHOWN - 3]}..." if isinstance(value, str) and len(value) > MAX_SHOWN else value)


def describe_texts(texts: Sequence[str]) -> str:
    """Describe the actual texts for a message."""
    return shorten(", ", map(quote, texts), len(texts)) or "nothing"
