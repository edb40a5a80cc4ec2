"""Backtracking engine with the semantics of `re` that counts its steps, and texts that make it backtrack.

A step is one visit of a node of the pattern at one position: the count does not depend on the machine, and `re` visits
the same nodes or, thanks to its shortcuts, fewer.
"""

import importlib
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any

op: Any = importlib.import_module("re._constants")
parser: Any = importlib.import_module("re._parser")
compiler: Any = importlib.import_module("re._compiler")
Node = tuple[Any, Any]
Then = Callable[[int], bool]

_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
_LETTERS = (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN)
_SAMPLES = "aA1 .,-_天\n\x00"


class TooManySteps(Exception):
    """Exceeded limit of steps."""


class First:
    """Continuation that accepts the first end."""

    end = -1

    def __call__(self, end: int) -> bool:
        self.end = end
        return True


class Steps:
    """Engine for one pattern."""

    def __init__(self, pattern: re.Pattern[Any]) -> None:
        source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
        ascii_only = 0 if isinstance(pattern.pattern, str) else re.ASCII
        self._flags = pattern.flags & (re.I | re.M | re.S | re.A) | ascii_only
        self.tree: Sequence[Node] = parser.parse(source, pattern.flags & ~re.U | ascii_only).data
        self._own: dict[int, re.Pattern[str]] = {}
        self._fits: dict[int, Callable[[str], bool]] = {}

    def count(self, text: str, limit: int, *, anchored: bool = False) -> int:
        """Return the steps of `finditer` or, if `anchored`, of `match`. Raises TooManySteps beyond `limit`."""
        self.spans(text, limit, anchored=anchored)
        return self.steps

    def spans(self, text: str, limit: int = 100_000, *, anchored: bool = False) -> list[tuple[int, int]]:
        """Return the places of the matches. Raises TooManySteps beyond `limit`."""
        self._text, self._limit, self.steps = text, limit, 0
        self._groups: dict[int, tuple[int, int]] = {}
        found: list[tuple[int, int]] = []
        at = 0
        while at <= (0 if anchored else len(text)):
            end = self._end(self.tree, at)
            if end is not None:
                found.append((at, end))
            at = at + 1 if end is None or end == at else end
        return found

    def fits(self, node: Node, letter: str) -> bool:
        """Return True if a node for one character matches it."""
        if id(node) not in self._fits:
            pattern = self._compiled(node)
            self._fits[id(node)] = cache(lambda one: pattern.match(one) is not None)
        return self._fits[id(node)](letter)

    def _compiled(self, node: Node) -> re.Pattern[str]:
        if id(node) not in self._own:
            self._own[id(node)] = compiler.compile(parser.SubPattern(parser.State(), [node]), self._flags)
        return self._own[id(node)]

    def _end(self, nodes: Sequence[Node], at: int) -> int | None:
        first = First()
        return first.end if self._sequence(nodes, 0, at, first) else None

    def _sequence(self, nodes: Sequence[Node], index: int, at: int, then: Then) -> bool:
        if index == len(nodes):
            return then(at)
        return self._node(nodes[index], at, lambda end: self._sequence(nodes, index + 1, end, then))

    def _node(self, node: Node, at: int, then: Then) -> bool:
        self.steps += 1
        if self.steps > self._limit:
            raise TooManySteps
        kind, value = node
        if kind in _LETTERS:
            return at < len(self._text) and self.fits(node, self._text[at]) and then(at + 1)
        if kind in _REPEATS:
            return self._repeat(kind, value, at, then)
        if kind is op.BRANCH:
            return any(self._sequence(branch.data, 0, at, then) for branch in value[1])
        if kind is op.SUBPATTERN:
            return self._group(value[0], value[3].data, at, then)
        end = self._only_end(node, at)
        return end is not None and then(end)

    def _only_end(self, node: Node, at: int) -> int | None:
        """Return the end of a node that is not entered again; None if it does not match."""
        kind, value = node
        if kind is op.ATOMIC_GROUP:
            return self._end(value.data, at)
        if kind in (op.ASSERT, op.ASSERT_NOT):
            return at if self._look(value[0], value[1], at) == (kind is op.ASSERT) else None
        if kind is op.GROUPREF:
            known = self._text[slice(*self._groups.get(value, (0, 0)))]
            return at + len(known) if self._text.startswith(known, at) else None
        assert kind is op.AT, kind
        return at if self._compiled(node).match(self._text, at) else None

    def _group(self, number: int | None, nodes: Sequence[Node], at: int, then: Then) -> bool:
        def close(end: int) -> bool:
            if number is not None:
                self._groups[number] = at, end
            return then(end)

        return self._sequence(nodes, 0, at, close)

    def _look(self, direction: int, inner: Any, at: int) -> bool:
        start = at if direction > 0 else at - inner.getwidth()[0]
        return start >= 0 and self._end(inner.data, start) is not None

    def _repeat(self, kind: Any, value: Any, at: int, then: Then) -> bool:
        least, most, inner = value[0], value[1], value[2].data
        if len(inner) == 1 and inner[0][0] in _LETTERS and kind is not op.MIN_REPEAT:
            return self._letters(inner[0], least, most, at, then, possessive=kind is op.POSSESSIVE_REPEAT)
        if kind is op.POSSESSIVE_REPEAT:
            first = First()
            return self._more(inner, least, most, at, first, greedy=True) and then(first.end)
        return self._more(inner, least, most, at, then, greedy=kind is op.MAX_REPEAT)

    def _letters(self, node: Node, least: int, most: Any, at: int, then: Then, *, possessive: bool) -> bool:
        end = at
        while end < len(self._text) and (most is op.MAXREPEAT or end - at < most) and self.fits(node, self._text[end]):
            end += 1
        self.steps += end - at
        first = end if possessive else at + least
        return end - at >= least and any(then(last) for last in range(end, first - 1, -1))

    def _more(self, inner: Sequence[Node], least: int, most: Any, at: int, then: Then, *, greedy: bool) -> bool:
        """Match `least` to `most` further rounds."""

        def again(end: int) -> bool:
            fewer = most if most is op.MAXREPEAT else most - 1
            return (end > at or least > 0) and self._more(inner, least - 1, fewer, end, then, greedy=greedy)

        def round_() -> bool:
            return (most is op.MAXREPEAT or most > 0) and self._sequence(inner, 0, at, again)

        if least > 0:
            return round_()
        return round_() or then(at) if greedy else then(at) or round_()


def hostile_texts(steps: Steps) -> Iterator[Callable[[int], str]]:
    """Yield texts by their number of repetitions: each repeated part of the pattern, with its other parts around it."""
    for before, part in dict.fromkeys(_repeated(steps, steps.tree, "")):
        yield partial(_text, before, part, "\x00")
        yield partial(_text, before, part, "a")
        if before:
            yield partial(_text, "", before + part, "")


def _text(before: str, part: str, after: str, count: int) -> str:
    return before + part * count + after


def _repeated(steps: Steps, nodes: Sequence[Node], before: str) -> Iterator[tuple[str, str]]:
    for node in nodes:
        kind, value = node
        for inner in _children(kind, value):
            yield from _repeated(steps, inner, before)
            if kind in _REPEATS:
                yield from ((before, part) for part in _samples(steps, inner) if part)
        before += next(iter(_samples(steps, [node])), "")


def _children(kind: Any, value: Any) -> Sequence[Sequence[Node]]:
    if kind in _REPEATS:
        return [value[2].data]
    if kind is op.BRANCH:
        return [branch.data for branch in value[1]]
    if kind is op.SUBPATTERN:
        return [value[3].data]
    return [value.data] if kind is op.ATOMIC_GROUP else []


def _samples(steps: Steps, nodes: Sequence[Node]) -> Sequence[str]:
    """Return texts that the nodes match apart from conditions: one for each letter of a class or alternative."""
    texts = [""]
    for node in nodes:
        kind, value = node
        if kind in _LETTERS:
            named = chr(value) if kind is op.LITERAL else "".join(_named(value) if kind is op.IN else "")
            parts = [letter for letter in dict.fromkeys(named + _SAMPLES) if steps.fits(node, letter)][:4]
        else:
            parts = [text for inner in _children(kind, value) for text in _samples(steps, inner)] or [""]
            least = value[0] if kind in _REPEATS else 1
            parts = [part * max(least, 1) for part in parts]
        texts = [text + part for text in texts[:1] for part in parts] + [text + parts[0] for text in texts[1:]]
    return texts[:8]


def _named(items: Sequence[Node]) -> Iterator[str]:
    for kind, value in items:
        if kind is op.LITERAL:
            yield chr(value)
        elif kind is op.RANGE:
            yield chr(value[0])
