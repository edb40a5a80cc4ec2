"""Answer cache: prepared requests and constant answers."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Any, Protocol

_MAX_ENTRIES = 1_024
_MAX_BYTES = 32_000_000  # of bodies and answers; the objects parsed from bodies take three times as much
_MAX_NEW_BYTES = 256_000  # of a value when it is stored
_MAX_SEEN = 8_192  # keys


class Sized(Protocol):
    """A value that knows its size."""

    @property
    def size(self) -> int:
        """Return the bytes of bodies and answers."""
        ...


class AnswerCache:
    """LRU cache of prepared requests and constant answers. A value is stored when its key is seen a second time.

    | key | value | bound | dropped when |
    |---|---|---|---|
    | body, path, host, some headers, overlay | `PreparedRequest`, its answers | 1,024 values, 32 MB | LRU, `clear` |
    | `LocatedTurn`, model, stream | `RenderedAnswer` of constant text | (both keys together) | LRU, `clear` |
    | hash of a seen key | none | 8,192 hashes | full, `clear` |

    Most requests and turns of tests come once, so their first sight costs a hash. Constant answers are rebound to each
    request. Another library clears the cache.
    """

    def __init__(self) -> None:
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()  # the event loop and the worker thread store answers
        self._seen: set[int] = set()

    def get(self, key: Hashable) -> Any:
        """Return the value of the key, None if it is not stored."""
        value = self._values.get(key)
        if value is not None:
            try:
                self._values.move_to_end(key)
            except KeyError:  # the other thread has evicted it since
                return None
        return value

    def offer(self, key: Hashable, value: Sized) -> bool:
        """Store a value that is not in the cache, if its key was seen before; return True if it is stored."""
        hashed = hash(key)
        if hashed not in self._seen:
            if len(self._seen) >= _MAX_SEEN:
                self._seen.clear()
            self._seen.add(hashed)
            return False
        size = value.size
        if size > _MAX_NEW_BYTES:
            return False
        with self._lock:
            self._values[key] = value
            self._account(size)
        return True

    def grow(self, key: Hashable, value: Sized, added: Sized) -> None:
        """Account for an addition to a value, if it is stored."""
        if self._values.get(key) is value:
            with self._lock:
                self._account(added.size)

    def clear(self) -> object:
        """Drop everything; return it, so that it may be freed elsewhere."""
        with self._lock:
            dropped, self._values = self._values, OrderedDict()
            self._bytes = 0
        self._seen.clear()
        return dropped

    def _account(self, more: int) -> None:
        self._bytes += more
        while len(self._values) > _MAX_ENTRIES or self._bytes > _MAX_BYTES:
            self._bytes -= self._values.popitem(last=False)[1].size
