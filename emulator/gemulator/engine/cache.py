"""What is kept ready for when it comes again, as far as there is room."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Protocol, TypeVar


class Sized(Protocol):
    """Something that takes room."""

    @property
    def weight(self) -> int:
        """In bytes."""
        ...


_Thing = TypeVar("_Thing", bound=Sized)


class SizedLRUCache(OrderedDict[Hashable, _Thing]):
    """Things by what asks for them: `most` of them, and together no more than `room` bytes."""

    def __init__(self, most: int, room: int) -> None:
        super().__init__()
        self._most = most
        self._room = room
        self._weight = 0

    def weigh(self, more: int) -> None:
        """One was put in, or has grown: those that were not asked for longest make room."""
        self._weight += more
        while len(self) > self._most or self._weight > self._room:
            self._weight -= self.popitem(last=False)[1].weight

    def clear(self) -> None:
        super().clear()
        self._weight = 0


class SeenFilter:
    """Remembers what was here: what never comes again need not be kept."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._traces: set[int] = set()

    def check_and_add(self, thing: Hashable) -> bool:
        """Whether it was here before; now it was."""
        trace = hash(thing)
        if trace in self._traces:
            return True
        if len(self._traces) >= self._most:
            self._traces.clear()
        self._traces.add(trace)
        return False
