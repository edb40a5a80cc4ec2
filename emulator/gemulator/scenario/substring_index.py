"""Which turns may fit a request, without asking each: by pieces of the texts that their conditions need."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from heapq import merge
from typing import TypeAlias

from msgspec import Struct, field

from gemulator.request.conversation import Conversation
from gemulator.scenario.conditions.extractors import Look, RequiredLiteral

_LONGEST = 6  # letters of a piece: longer ones tell turns apart better, and are found less often by accident
_FEW = 24  # pieces that are looked for in the text one by one; of more, the text's own pieces are looked up

_Counts: TypeAlias = dict[str, Counter[str]]


class _Table(Struct):
    """The pieces of one kind of text: length, then piece, then the positions of turns that need it."""

    look: Look
    lengths: dict[int, dict[str, list[int]]] = field(default_factory=dict)

    def add(self, piece: str, position: int) -> None:
        self.lengths.setdefault(len(piece), {}).setdefault(piece, []).append(position)

    def find(self, texts: Iterable[str], found: set[int]) -> None:
        """Add the positions of all turns whose piece is in one of the texts."""
        for text in texts:
            for length, pieces in self.lengths.items():
                for piece in _present(pieces, length, text):
                    found.update(pieces[piece])


def _present(pieces: dict[str, list[int]], length: int, text: str) -> Iterable[str]:
    if len(pieces) <= _FEW:
        return [piece for piece in pieces if piece in text]
    return [piece for at in range(len(text) - length + 1) if (piece := text[at : at + length]) in pieces]


class Index:
    """Positions of turns by what they need. A turn that needs no text at all is always a candidate."""

    def __init__(self, needs: Sequence[Sequence[RequiredLiteral]]) -> None:
        self._tables: dict[str, _Table] = {}
        self._always: list[int] = []
        counts = _counts(needs)
        for position, own in enumerate(needs):
            if own:
                self._add(position, own, counts)
            else:
                self._always.append(position)

    def _add(self, position: int, needs: Sequence[RequiredLiteral], counts: _Counts) -> None:
        """Under the need that fewest others share."""
        sought = [(need, [_rarest(literal, counts[need.key]) for literal in need.literals]) for need in needs]
        need, pieces = min(sought, key=lambda one: sum(count for count, _ in one[1]))
        table = self._tables.setdefault(need.key, _Table(need.look))
        for _, piece in dict.fromkeys(pieces):
            table.add(piece, position)

    def candidates(self, conversation: Conversation) -> Iterable[int]:
        """The positions that may fit, in order. What is left out certainly does not fit."""
        found: set[int] = set()
        for table in self._tables.values():
            table.find([seen.casefold() for seen in table.look(conversation)], found)
        return self._in_order(found)

    def within(self, literals: Mapping[str, Sequence[str]]) -> Iterable[int]:
        """As `candidates`, for texts that are case-folded already, by the key of the need."""
        found: set[int] = set()
        for key, table in self._tables.items():
            table.find(literals.get(key, ()), found)
        return self._in_order(found)

    def _in_order(self, found: set[int]) -> Iterable[int]:
        return merge(sorted(found), self._always) if found else self._always


def _pieces(literal: str) -> Iterable[str]:
    length = min(len(literal), _LONGEST)
    return (literal[at : at + length] for at in range(len(literal) - length + 1))


def _counts(needs: Sequence[Sequence[RequiredLiteral]]) -> _Counts:
    counts: _Counts = {}
    for own in needs:
        for need in own:
            counter = counts.setdefault(need.key, Counter())
            for literal in need.literals:
                counter.update(_pieces(literal))
    return counts


def _rarest(literal: str, counter: Counter[str]) -> tuple[int, str]:
    return min((counter[piece], piece) for piece in _pieces(literal))
