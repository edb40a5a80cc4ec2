"""Size-bounded LRU cache and a seen-before filter."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Protocol, TypeVar


class Sized(Protocol):
    """A value with a size."""

    @property
    def size(self) -> int:
        """Return the size in bytes."""
        ...


_Value = TypeVar("_Value", bound=Sized)


class SizedLRUCache(OrderedDict[Hashable, _Value]):
    """LRU cache of at most `max_entries` values and `max_bytes` bytes."""

    def __init__(self, max_entries: int, max_bytes: int) -> None:
        super().__init__()
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._bytes = 0

    def account(self, more: int) -> None:
        """Account for `more` bytes, of a new or a grown value, and evict least recently used values."""
        self._bytes += more
        while len(self) > self._max_entries or self._bytes > self._max_bytes:
            self._bytes -= self.popitem(last=False)[1].size

    def clear(self) -> None:
        super().clear()
        self._bytes = 0


class SeenFilter:
    """Set of recently seen keys, as hashes. It is emptied when `max_keys` are in it."""

    def __init__(self, max_keys: int) -> None:
        self._max_keys = max_keys
        self._hashes: set[int] = set()

    def check_and_add(self, key: Hashable) -> bool:
        """Record the key; return True if it was recorded before."""
        hashed = hash(key)
        if hashed in self._hashes:
            return True
        if len(self._hashes) >= self._max_keys:
            self._hashes.clear()
        self._hashes.add(hashed)
        return False
