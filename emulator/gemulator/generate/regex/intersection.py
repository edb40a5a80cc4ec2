"""Finds a text that several patterns match and others do not, lookarounds included, within bounds of length."""

from collections.abc import Sequence
from heapq import heappop, heappush

from gemulator.generate.regex import charset as characters
from gemulator.generate.regex import nodes as tree
from gemulator.generate.regex.charset import Characters
from gemulator.generate.regex.derivatives import Language, Languages, letters_for
from gemulator.generate.regex.nodes import Anchor, Back, Chars, Either, Group, Look, Node, Repeat
from gemulator.generate.regex.parser import parsed

# The two ends of a text, as letters that no text has, twice each: `^` and `$` read one.
_START, _END = characters.LAST + 1, characters.LAST + 2
_UNROLLED = 10
_MOST_WORK = 8_000  # derivatives taken, 10 to 20 µs each
_FARTHEST, _NEVER = 120, 1_000_000


class Search:
    """One search. Patterns that can only be read roughly (back references, word edges) need the caller's check."""

    def __init__(self) -> None:
        self._make = Languages()
        self._distances: dict[int, int] = {}
        self._work = 0
        self._any = self._make.repeat(self._make.char(characters.ANY), 0, None)
        self._start = self._make.char(Characters(((_START, _START),)))
        self._end = self._make.char(Characters(((_END, _END),)))
        self._rest = self._make.cat(self._any, self._make.repeat(self._end, 0, None))

    def text(self, wanted: Sequence[str], barred: Sequence[str], low: int, high: int | None) -> str | None:
        """Such a text, short rather than long; None where there is none or the work grows too much."""
        make = self._make
        inside = make.cat(make.repeat(make.char(characters.ANY), low, high), make.repeat(self._end, 2, 2))
        size = make.cat(make.repeat(self._start, 2, 2), inside)
        whole = make.both(
            size,
            *(self._matching(pattern) for pattern in wanted),
            *(make.other(self._matching(pattern)) for pattern in barred),
        )
        return self._shortest(make.derive(make.derive(whole, _START), _START))

    def _shortest(self, first: Language) -> str | None:
        """Goes on first where the least is missing, each of the joined languages taken for itself."""
        before: dict[int, tuple[Language, str] | None] = {first.number: None}
        queue = [(self._missing(first), 0, 0, first)]
        while queue and self._work < _MOST_WORK:
            _, _, length, here = heappop(queue)
            if self._ends(here):
                return _trace(here, before)
            for group in letters_for(self._make.heads(here)):
                self._work += 1
                there = self._make.derive(here, ord(group[0]))
                if there.number in before or (missing := self._missing(there)) >= _NEVER:
                    continue
                before[there.number] = (here, group[0])
                heappush(queue, (length + 1 + 2 * missing, len(before), length + 1, there))
        return None

    def _ends(self, here: Language) -> bool:
        return self._make.derive(self._make.derive(here, _END), _END).nullable

    def _missing(self, here: Language) -> int:
        """How many letters at least until a text of the language may end; the most of what is joined in it."""
        if here.kind == "both":
            return max(map(self._missing, here.args))
        found = self._distances.get(here.number)
        if found is None:
            found = self._distances[here.number] = self._distance(here)
        return found

    def _distance(self, first: Language) -> int:
        seen = {first.number}
        level = [first]
        for distance in range(_FARTHEST):
            if any(map(self._ends, level)):
                return distance
            following = []
            if self._work > _MOST_WORK:
                return _NEVER
            for here in level:
                for group in letters_for(self._make.heads(here)):
                    self._work += 1
                    there = self._make.derive(here, ord(group[0]))
                    if there is not self._make.none and there.number not in seen:
                        seen.add(there.number)
                        following.append(there)
            if not following:
                return _NEVER
            level = following
        return _FARTHEST

    def _matching(self, pattern: str) -> Language:
        """All texts, between their ends, in which `pattern` is found."""
        found = self._then(parsed(pattern), self._rest)
        make = self._make
        within = make.cat(make.repeat(self._start, 2, 2), make.cat(self._any, found))
        return make.either(found, make.cat(self._start, found), within)

    def _then(self, node: Node, rest: Language) -> Language:
        """The texts of `node` followed by those of `rest`."""
        make = self._make
        match node:
            case Chars(found):
                return make.cat(make.char(found), rest)
            case tree.Sequence(items):
                for item in reversed(items):
                    rest = self._then(item, rest)
                return rest
            case Either(branches):
                return make.either(*(self._then(branch, rest) for branch in branches))
            case Group(_, item):
                return self._then(item, rest)
            case Repeat():
                return self._repeated(node, rest)
            case _:
                return self._condition(node, rest)

    def _condition(self, node: Node, rest: Language) -> Language:
        make = self._make
        match node:
            case Anchor("^"):
                return make.cat(self._start, rest)
            case Anchor("$"):
                return make.cat(self._end, rest)
            case Look(item, ahead=True, wanted=wanted):
                seen = self._then(item, self._rest)
                return make.both(seen if wanted else make.other(seen), rest)
            case Back():
                return make.cat(self._any, rest)
            case _:
                return rest

    def _repeated(self, node: Repeat, rest: Language) -> Language:
        if not _has_conditions(node.item):
            item = self._then(node.item, self._make.empty)
            return self._make.cat(self._make.repeat(item, node.low, node.high), rest)
        last = node.low + _UNROLLED if node.high is None else min(node.high, node.low + _UNROLLED)
        found = rest
        for count in range(min(last, 60), 0, -1):
            more = self._then(node.item, found)
            found = self._make.either(more, rest) if count > node.low else more
        return found


def _has_conditions(node: Node) -> bool:
    match node:
        case Look() | Anchor():
            return True
        case tree.Sequence(items) | Either(items):
            return any(map(_has_conditions, items))
        case Repeat(item) | Group(_, item):
            return _has_conditions(item)
        case _:
            return False


def _trace(last: Language, before: dict[int, tuple[Language, str] | None]) -> str:
    letters = []
    here = last
    while (step := before[here.number]) is not None:
        here, letter = step
        letters.append(letter)
    return "".join(reversed(letters))
