"""Texts in comparisons and messages."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import islice

from gemulator.core.json_types import JSON

_MAX_LISTED = 20  # texts in messages
_MAX_SHOWN = 80  # characters of a text in messages
_FOLDED = range(1_000, 2_000_000)  # lengths of texts that many turns compare: folding takes longer than searching


def fold(text: str) -> str:
    """Return the text for comparisons that ignore case."""
    return _fold_long(text) if len(text) in _FOLDED else text.casefold()


_fold_long = lru_cache(maxsize=2)(str.casefold)


def shorten(separator: str, texts: Iterable[str], count: int) -> str:
    """Join the first of `count` texts, and say how many more there are."""
    rest = [f"{count - _MAX_LISTED:,} more"] if count > _MAX_LISTED else []
    return separator.join([*islice(texts, _MAX_LISTED), *rest])


def quote(value: JSON) -> str:
    """Return the value as a Python literal, truncated."""
    return repr(f"{value[: _MAX_SHOWN - 3]}..." if isinstance(value, str) and len(value) > _MAX_SHOWN else value)
