"""LRU cache for functions of texts, bounded in entries and in the length of the texts."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

Text = TypeVar("Text", str, bytes)
Result = TypeVar("Result")

_LONG_ENTRIES = 4


def cache_texts(entries: int, longest: int) -> Callable[[Callable[[Text], Result]], Callable[[Text], Result]]:
    """Return a decorator that caches results for `entries` texts of at most `longest` characters, and a few longer."""

    def decorate(function: Callable[[Text], Result]) -> Callable[[Text], Result]:
        of_short = lru_cache(maxsize=entries)(function)
        of_long = lru_cache(maxsize=_LONG_ENTRIES)(function)

        @wraps(function)
        def cached(text: Text) -> Result:
            return of_short(text) if len(text) <= longest else of_long(text)

        return cached

    return decorate
