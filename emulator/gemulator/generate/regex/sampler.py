"""Sampling of strings from a pattern, ignoring lookarounds and word boundaries."""

from collections.abc import Sequence as Sized
from typing import Protocol, TypeVar

from gemulator.generate.regex import charset as characters
from gemulator.generate.regex.nodes import BackReference, Chars, Either, Group, Node, Repeat, Sequence

_MAX_LENGTH = 6000
_MAX_STEPS = 20_000  # parts of the pattern that are visited for one sample
_Item = TypeVar("_Item")


class RandomSource(Protocol):
    """Interface of the random generator."""

    def randint(self, low: int, high: int, /) -> int:
        """Return an integer between the inclusive bounds."""

    def choice(self, items: Sized[_Item], /) -> _Item:
        """Return one of the items."""


class Sampler:
    """Sampling of one string. `extra` is the maximum number of repetitions beyond the required ones."""

    def __init__(self, random: RandomSource, extra: int, wide: bool = False) -> None:
        self._random = random
        self._extra = extra
        self._alphabet = characters.variety if wide else characters.samples
        self._groups: dict[int, str] = {}
        self._out: list[str] = []
        self._size = 0
        self._steps = 0

    def text(self, node: Node) -> str:
        """Return a string for `node`, which may not match if the pattern has conditions."""
        self._sample(node)
        return "".join(self._out)

    def _put(self, text: str) -> None:
        self._out.append(text)
        self._size += len(text)

    def _sample(self, node: Node) -> None:
        self._steps += 1
        match node:
            case Chars(found):
                self._run(found, 1)
            case Sequence(items):
                for item in items:
                    self._sample(item)
            case Either(branches):
                self._sample(self._random.choice(branches))
            case Repeat():
                self._repeat(node)
            case Group(number, item):
                self._capture(number, item)
            case BackReference(number):
                self._put(self._groups.get(number, ""))
            case _:  # a condition
                return

    def _capture(self, number: int, item: Node) -> None:
        start = len(self._out)
        self._sample(item)
        self._groups[number] = "".join(self._out[start:])

    def _repeat(self, node: Repeat) -> None:
        more = self._random.randint(0, self._extra)
        most = node.low + more if node.high is None else min(node.high, node.low + more)
        if isinstance(node.item, Chars) and node.high != 1:
            self._run(node.item.characters, min(max(most, 1), _MAX_LENGTH))
            return
        for _ in range(most):
            if self._size > _MAX_LENGTH or self._steps > _MAX_STEPS:
                return
            self._sample(node.item)

    def _run(self, found: characters.Characters, count: int) -> None:
        letters = self._alphabet(found)
        if letters:
            self._put("".join(self._random.choice(letters) for _ in range(count)))
