"""LRU caches for functions of texts, bounded in entries and in the length of the texts."""

from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache, wraps
from threading import Lock
from typing import Generic, TypeVar

Text = TypeVar("Text", str, bytes)
Result = TypeVar("Result")

_LONG_ENTRIES = 4


def cache_texts(
    entries: int, longest: int, long_entries: int = _LONG_ENTRIES
) -> Callable[[Callable[[Text], Result]], Callable[[Text], Result]]:
    """Return a decorator that caches results for `entries` texts of at most `longest` characters, and a few longer."""

    def decorate(function: Callable[[Text], Result]) -> Callable[[Text], Result]:
        of_short = lru_cache(maxsize=entries)(function)
        of_long = lru_cache(maxsize=long_entries)(function)

        @wraps(function)
        def cached(text: Text) -> Result:
            return of_short(text) if len(text) <= longest else of_long(text)

        return cached

    return decorate


def cache_short(entries: int, longest: int) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Return a decorator that caches results for `entries` calls whose texts have at most `longest` characters each.

    Results for longer texts are computed anew.
    """

    def decorate(function: Callable[..., Result]) -> Callable[..., Result]:
        cached = lru_cache(maxsize=entries)(function)

        @wraps(function)
        def call(*texts: str) -> Result:
            for text in texts:
                if len(text) > longest:
                    return function(*texts)
            return cached(*texts)

        return call

    return decorate


class CostCache(Generic[Text, Result]):
    """LRU cache whose values have a cost each; the newest is kept whatever it costs."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[Text, tuple[Result, int]] = OrderedDict()
        self._lock = Lock()  # the event loop and the worker thread store values
        self.cost = 0

    def get(self, key: Text) -> Result | None:
        """Return the value of the key, None if it is not stored."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def store(self, key: Text, value: Result, cost: int) -> None:
        """Store a value and evict those that were not used for longest while all cost more than the limit."""
        with self._lock:
            _, replaced = self._values.pop(key, (None, 0))
            self._values[key] = value, cost
            self.cost += cost - replaced
            while self.cost > self._limit and len(self._values) > 1:
                self.cost -= self._values.popitem(last=False)[1][1]
