"""Draws a text that follows a pattern's tree. Conditions (lookarounds, word edges) are left to the caller's check."""

from collections.abc import Sequence as Sized
from typing import Protocol, TypeVar

from gemulator.generate.regex import charset as characters
from gemulator.generate.regex.nodes import Back, Chars, Either, Group, Node, Repeat, Sequence

_LONGEST = 6000
_Item = TypeVar("_Item")


class Chance(Protocol):
    """What is used of a random generator."""

    def randint(self, low: int, high: int, /) -> int:
        """A number in between, both included."""

    def choice(self, items: Sized[_Item], /) -> _Item:
        """One of the items."""


class Sampler:
    """One drawing. `reach` is how many more repetitions than needed are made at most."""

    def __init__(self, chance: Chance, reach: int, wide: bool = False) -> None:
        self._chance = chance
        self._reach = reach
        self._alphabet = characters.variety if wide else characters.samples
        self._groups: dict[int, str] = {}
        self._out: list[str] = []
        self._size = 0

    def text(self, node: Node) -> str:
        """A text for `node`; not certain to match where the pattern has conditions."""
        self._draw(node)
        return "".join(self._out)

    def _put(self, text: str) -> None:
        self._out.append(text)
        self._size += len(text)

    def _draw(self, node: Node) -> None:
        match node:
            case Chars(found):
                self._run(found, 1)
            case Sequence(items):
                for item in items:
                    self._draw(item)
            case Either(branches):
                self._draw(self._chance.choice(branches))
            case Repeat():
                self._repeat(node)
            case Group(number, item):
                self._capture(number, item)
            case Back(number):
                self._put(self._groups.get(number, ""))
            case _:  # a condition
                return

    def _capture(self, number: int, item: Node) -> None:
        start = len(self._out)
        self._draw(item)
        self._groups[number] = "".join(self._out[start:])

    def _repeat(self, node: Repeat) -> None:
        more = self._chance.randint(0, self._reach)
        most = node.low + more if node.high is None else min(node.high, node.low + more)
        if isinstance(node.item, Chars) and node.high != 1:
            self._run(node.item.characters, min(max(most, 1), _LONGEST))
            return
        for _ in range(most):
            if self._size > _LONGEST:
                return
            self._draw(node.item)

    def _run(self, found: characters.Characters, count: int) -> None:
        letters = self._alphabet(found)
        if letters:
            self._put("".join(self._chance.choice(letters) for _ in range(count)))
