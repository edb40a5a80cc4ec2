"""Search for a string that matches several patterns and avoids others."""

from collections.abc import Sequence
from heapq import heappop, heappush

from gemulator.core.budget import BudgetExceeded
from gemulator.generate.regex import charset as characters
from gemulator.generate.regex import nodes as tree
from gemulator.generate.regex.charset import Characters
from gemulator.generate.regex.derivatives import Language, Languages, letters_for
from gemulator.generate.regex.nodes import Anchor, BackReference, Chars, Either, Group, Lookaround, Node, Repeat
from gemulator.generate.regex.parser import parse

# Start and end of a string as letters beyond Unicode, twice each, because `^` and `$` may consume one.
_START, _END = characters.LAST + 1, characters.LAST + 2
_UNROLL_LIMIT = 10
_MAX_WORK = 8_000  # derivatives of whole languages
_MAX_PARTS = 40_000  # derivatives and joined members of their parts, 2 to 4 µs each
_MAX_DISTANCE, _UNREACHABLE = 120, 1_000_000


class Search:
    """Search for a string. Back references and word boundaries are approximated: the caller checks the result."""

    def __init__(self) -> None:
        self._languages = Languages()
        self._distances: dict[int, int] = {}
        self._work = 0
        self._any = self._languages.repeat(self._languages.char(characters.ANY), 0, None)
        self._start = self._languages.char(Characters(((_START, _START),)))
        self._end = self._languages.char(Characters(((_END, _END),)))
        self._rest = self._languages.concat(self._any, self._languages.repeat(self._end, 0, None))

    @property
    def work(self) -> int:
        """Return the number of parts of languages computed so far."""
        return self._languages.work

    def text(self, required: Sequence[str], excluded: Sequence[str], low: int, high: int | None) -> str | None:
        """Return a short matching string; None if there is none or the work limit is reached."""
        try:
            return self._text(required, excluded, low, high)
        except BudgetExceeded:
            return None

    def _text(self, required: Sequence[str], excluded: Sequence[str], low: int, high: int | None) -> str | None:
        languages = self._languages
        body = languages.concat(
            languages.repeat(languages.char(characters.ANY), low, high), languages.repeat(self._end, 2, 2)
        )
        size = languages.concat(languages.repeat(self._start, 2, 2), body)
        whole = languages.intersection(
            size,
            *(self._matching(pattern) for pattern in required),
            *(languages.complement(self._matching(pattern)) for pattern in excluded),
        )
        return self._shortest(languages.derive(languages.derive(whole, _START), _START))

    def _shortest(self, first: Language) -> str | None:
        """Search best-first by the minimum remaining length; return None if the work limit is reached."""
        came_from: dict[int, tuple[Language, str] | None] = {first.number: None}
        queue = [(self._min_remaining(first), 0, 0, first)]
        while queue and self._work < _MAX_WORK:
            self._check_work()
            _, _, length, state = heappop(queue)
            if self._accepts_end(state):
                return _trace_back(state, came_from)
            for group in letters_for(self._languages.heads(state)):
                self._work += 1
                successor = self._languages.derive(state, ord(group[0]))
                if successor.number in came_from or (remaining := self._min_remaining(successor)) >= _UNREACHABLE:
                    continue
                came_from[successor.number] = (state, group[0])
                heappush(queue, (length + 1 + 2 * remaining, len(came_from), length + 1, successor))
        return None

    def _accepts_end(self, state: Language) -> bool:
        return self._languages.derive(self._languages.derive(state, _END), _END).nullable

    def _min_remaining(self, state: Language) -> int:
        """Return a lower bound of the letters until acceptance; for intersections, the maximum of the members."""
        if state.kind == "intersection":
            return max(map(self._min_remaining, state.args))
        found = self._distances.get(state.number)
        if found is None:
            found = self._distances[state.number] = self._distance(state)
        return found

    def _distance(self, first: Language) -> int:
        seen = {first.number}
        level = [first]
        for distance in range(_MAX_DISTANCE):
            if any(map(self._accepts_end, level)):
                return distance
            next_level = []
            if self._work > _MAX_WORK:
                return _UNREACHABLE
            for state in level:
                self._check_work()
                for group in letters_for(self._languages.heads(state)):
                    self._work += 1
                    successor = self._languages.derive(state, ord(group[0]))
                    if successor is not self._languages.none and successor.number not in seen:
                        seen.add(successor.number)
                        next_level.append(successor)
            if not next_level:
                return _UNREACHABLE
            level = next_level
        return _MAX_DISTANCE

    def _check_work(self) -> None:
        if self._languages.work > _MAX_PARTS:
            raise BudgetExceeded

    def _matching(self, pattern: str) -> Language:
        """Return the strings, with start and end letters, in which `pattern` is found."""
        found = self._followed_by(parse(pattern), self._rest)
        languages = self._languages
        later = languages.concat(languages.repeat(self._start, 2, 2), languages.concat(self._any, found))
        return languages.union(found, languages.concat(self._start, found), later)

    def _followed_by(self, node: Node, rest: Language) -> Language:
        """Return the language of `node` followed by `rest`."""
        languages = self._languages
        languages.work += 1
        self._check_work()
        match node:
            case Chars(found):
                return languages.concat(languages.char(found), rest)
            case tree.Sequence(items):
                for item in reversed(items):
                    rest = self._followed_by(item, rest)
                return rest
            case Either(branches):
                return languages.union(*(self._followed_by(branch, rest) for branch in branches))
            case Group(_, item):
                return self._followed_by(item, rest)
            case Repeat():
                return self._repeat_followed_by(node, rest)
            case _:
                return self._condition_followed_by(node, rest)

    def _condition_followed_by(self, node: Node, rest: Language) -> Language:
        languages = self._languages
        match node:
            case Anchor("^"):
                return languages.concat(self._start, rest)
            case Anchor("$"):
                return languages.concat(self._end, rest)
            case Lookaround(item, ahead=True, positive=positive):
                seen = self._followed_by(item, self._rest)
                return languages.intersection(seen if positive else languages.complement(seen), rest)
            case BackReference():
                return languages.concat(self._any, rest)
            case _:
                return rest

    def _repeat_followed_by(self, node: Repeat, rest: Language) -> Language:
        if not _has_conditions(node.item):
            item = self._followed_by(node.item, self._languages.empty)
            return self._languages.concat(self._languages.repeat(item, node.low, node.high), rest)
        last = node.low + _UNROLL_LIMIT if node.high is None else min(node.high, node.low + _UNROLL_LIMIT)
        found = rest
        for count in range(min(last, 60), 0, -1):
            more = self._followed_by(node.item, found)
            found = self._languages.union(more, rest) if count > node.low else more
        return found


def _has_conditions(node: Node) -> bool:
    match node:
        case Lookaround() | Anchor():
            return True
        case tree.Sequence(items) | Either(items):
            return any(map(_has_conditions, items))
        case Repeat(item) | Group(_, item):
            return _has_conditions(item)
        case _:
            return False


def _trace_back(last: Language, came_from: dict[int, tuple[Language, str] | None]) -> str:
    letters = []
    state = last
    while (step := came_from[state.number]) is not None:
        state, letter = step
        letters.append(letter)
    return "".join(reversed(letters))
