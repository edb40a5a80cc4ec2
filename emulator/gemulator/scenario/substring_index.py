"""Substring index that finds the turns which may match a request."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from heapq import merge
from typing import TypeAlias

from msgspec import Struct, field

from gemulator.request.conversation import Conversation
from gemulator.scenario.conditions.extractors import ExtractTexts, RequiredLiteral
from gemulator.scenario.conditions.texts import fold, squeeze

_MAX_PIECE = 6  # characters; longer pieces distinguish turns better and give fewer false candidates
_MAX_SCANNED = 24  # pieces; above it, look up each piece of the text instead of searching for each
_SPACED = 4  # how many more turns a piece without a space may have

_LOOK_UP = 80  # nanoseconds for each character of a text

_Counts: TypeAlias = dict[str, Counter[str]]


class _Table(Struct):
    """Positions of turns by length of the required piece, then by piece, for one kind of text.

    `spaced`: a piece has a space, so that texts are searched with each run of white space as one space.
    """

    extract: ExtractTexts
    lengths: dict[int, dict[str, list[int]]] = field(default_factory=dict)
    spaced: bool = False

    def add(self, piece: str, position: int) -> None:
        self.spaced = self.spaced or " " in piece
        self.lengths.setdefault(len(piece), {}).setdefault(piece, []).append(position)

    def find(self, texts: Iterable[str], found: set[int]) -> None:
        """Add to `found` the positions of all turns whose piece occurs in one of the texts."""
        for text in map(squeeze, texts) if self.spaced else texts:
            for length, pieces in self.lengths.items():
                for piece in _present(pieces, length, text):
                    found.update(pieces[piece])


def _present(pieces: dict[str, list[int]], length: int, text: str) -> Iterable[str]:
    if len(pieces) <= _MAX_SCANNED:
        return [piece for piece in pieces if piece in text]
    return [piece for at in range(len(text) - length + 1) if (piece := text[at : at + length]) in pieces]


class SubstringIndex:
    """Positions of turns by required literal. A turn without one is always a candidate."""

    def __init__(self, required: Sequence[Sequence[RequiredLiteral]]) -> None:
        self._tables: dict[str, _Table] = {}
        self._always: list[int] = []
        counts = _count_pieces(required)
        for position, literals in enumerate(required):
            if literals:
                self._add(position, literals, counts)
            else:
                self._always.append(position)

    def _add(self, position: int, required: Sequence[RequiredLiteral], counts: _Counts) -> None:
        """Index the turn by its rarest required literal."""
        options = [(each, [_rarest(literal, counts[each.key]) for literal in each.literals]) for each in required]
        rarest, pieces = min(options, key=lambda option: sum(count for count, _ in option[1]))
        table = self._tables.setdefault(rarest.key, _Table(rarest.extract))
        for _, piece in dict.fromkeys(pieces):
            table.add(piece, position)

    def candidates(self, conversation: Conversation) -> Iterable[int]:
        """Return the positions of turns that may match, in order. Every other turn does not match."""
        found: set[int] = set()
        for table in self._tables.values():
            table.find([fold(seen) for seen in table.extract(conversation)], found)
        return self._in_order(found)

    def candidates_for_literals(self, literals: Mapping[str, Sequence[str]]) -> Iterable[int]:
        """Return `candidates` for case-folded texts given by key of the required literal."""
        found: set[int] = set()
        for key, table in self._tables.items():
            table.find(literals.get(key, ()), found)
        return self._in_order(found)

    @property
    def weight(self) -> int:
        """Return the estimated nanoseconds that `candidates` takes for each character of a request."""
        by_length = [len(pieces) for table in self._tables.values() for pieces in table.lengths.values()]
        return sum([_LOOK_UP if number > _MAX_SCANNED else number for number in by_length])

    def _in_order(self, found: set[int]) -> Iterable[int]:
        return merge(sorted(found), self._always) if found else self._always


def _pieces(literal: str) -> Iterable[str]:
    length = min(len(literal), _MAX_PIECE)
    return (literal[at : at + length] for at in range(len(literal) - length + 1))


def _count_pieces(required: Sequence[Sequence[RequiredLiteral]]) -> _Counts:
    counts: _Counts = {}
    for literals in required:
        for each in literals:
            counter = counts.setdefault(each.key, Counter())
            for literal in each.literals:
                counter.update(_pieces(literal))
    return counts


def _rarest(literal: str, counter: Counter[str]) -> tuple[int, str]:
    """Return the rarest piece with its number. One without a space may be less rare: it spares squeezing texts."""
    _, count, piece = min((counter[one] * _SPACED ** (" " in one), counter[one], one) for one in _pieces(literal))
    return count, piece
