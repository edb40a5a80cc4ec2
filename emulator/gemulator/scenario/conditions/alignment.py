"""Alignment of an expected text and a seen one: the places where they differ."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from gemulator.scenario.conditions.like import agreeing_part, literal_parts
from gemulator.scenario.conditions.look_alikes import find_look_alike, look_alike

_LEAST_COMMON = 4  # characters, and a third of a short text; fewer do not show which text is meant
_ENOUGH_COMMON = 20
_LEAST_SHARE = 0.5  # of the expected characters that are found one after the other
_MAX_ALIGNED = 3_000  # characters: the time grows with the square
_MAX_NAMED = 20_000  # characters of a seen text in which look-alikes are searched
_MAX_READ = 50_000  # characters of a seen text
_GRAM = 4  # characters that are searched to find where a text begins
_MAX_GRAMS = 100
_MAX_PLACES = 5  # of each
_APART = 3  # characters between two differences; of fewer they are one
_TOKEN = re.compile(r"[0-9A-Za-z_\u00c0-\u0e00]+|\s+|.", re.DOTALL)


class Difference(Struct, frozen=True):
    """Place of a difference in both texts, and how many characters differ there."""

    expected_at: int
    seen_at: int
    expected_length: int
    seen_length: int

    def shifted(self, expected: int, seen: int) -> "Difference":
        """Return the difference in texts that begin so many characters earlier."""
        return Difference(self.expected_at + expected, self.seen_at + seen, self.expected_length, self.seen_length)


def whole_differences(expected: str, seen: str) -> Sequence[Difference]:
    """Return the differences of two whole texts; none if they have little in common."""
    at = common_prefix(expected, seen)
    rest, other = expected[at:], seen[at:]
    tail = common_prefix(rest[::-1], other[::-1])
    found = _aligned(rest[: len(rest) - tail], other[: len(other) - tail])
    return [one.shifted(at, at) for one in found] if _is_related(at + tail, found, expected) else ()


def part_differences(expected: str, seen: str) -> Sequence[Difference]:
    """Return the differences of a text to the part of another that is most like it; none if no part is."""
    head = _longest(len(expected), lambda size: expected[:size] in seen)
    tail = _longest(len(expected), lambda size: expected[-size:] in seen)
    slack = len(expected) // 4 + _ENOUGH_COMMON
    if head < len(expected) and _is_enough(max(head, tail), expected):
        if head >= tail:
            at, rest = seen.index(expected[:head]) + head, expected[head:]
            found = _aligned(rest, seen[at : at + len(rest) + slack], open_end=True)
            return [one.shifted(head, at) for one in found]
        end, rest = seen.rindex(expected[-tail:]), expected[:-tail]
        begin = max(0, end - len(rest) - slack)
        return [one.shifted(0, begin) for one in _aligned(rest, seen[begin:end], open_begin=True)]
    place = _place(expected, seen)
    if place is None:
        return ()
    begin = max(0, place - slack)
    found = _aligned(expected, seen[begin : place + len(expected) + slack], open_begin=True, open_end=True)
    return [one.shifted(0, begin) for one in found] if _is_related(0, found, expected) else ()


def like_differences(expected: str, seen: str, *, exact: bool) -> Sequence[Difference]:
    """Return the differences of a text with holes: each up to the next part between holes that was seen."""
    found: list[Difference] = []
    base = seen_base = 0
    while len(found) < _MAX_PLACES and (base < len(expected) or seen_base < len(seen)):
        rest, other = expected[base:], seen[seen_base:]
        at, seen_at = agreeing_part(rest, other, exact=exact)
        common = common_prefix(rest[at:], other[seen_at:])
        at, seen_at = at + common, seen_at + common
        end, seen_end = _next_literal(rest, at, other, seen_at)
        if at < len(rest) or seen_at < len(other):
            found.append(Difference(base + at, seen_base + seen_at, end - at, seen_end - seen_at))
        base, seen_base = base + end, seen_base + seen_end
    return found


def _next_literal(source: str, at: int, text: str, text_at: int) -> tuple[int, int]:
    """Return where the next part between holes begins in both texts; their ends if there is none."""
    for begin, literal in literal_parts(source):
        sought = literal.strip()
        if begin > at and len(sought) >= _LEAST_COMMON:
            place = text.find(sought, text_at)
            if place >= 0:
                return begin + literal.index(sought), place
    return len(source), len(text)


def case_differences(expected: str, seen: str, *, whole: bool) -> Sequence[Difference]:
    """Return the places where upper and lower case differ, if nothing else does."""
    folded, within = expected.casefold(), seen.casefold()
    if len(folded) != len(expected) or len(within) != len(seen):  # as of `ß`: places would be wrong
        return ()
    begin = within.find(folded)
    if begin < 0 or not folded or (whole and len(within) != len(folded)):
        return ()
    places = [at for at, letter in enumerate(expected) if letter != seen[begin + at]]
    found = [Difference(at, begin + at, 1, 1) for at in places]
    return _joined(found)


def look_alike_differences(expected: str, seen: str, *, whole: bool) -> Sequence[Difference]:
    """Return the places where a text has other characters than one that looks the same; none if it looks different."""
    found = find_look_alike(expected, seen[:_MAX_NAMED])
    if found is None or (whole and not look_alike(expected, seen)):
        return ()
    begin, end = (0, len(seen)) if whole else found
    return [one.shifted(0, begin) for one in _aligned(expected, seen[begin:end])]


def is_related(difference: Difference, expected: str) -> bool:
    """Return True if what comes before a difference is not common by chance."""
    return _is_enough(difference.expected_at, expected)


# ---- parts of texts


def _is_related(common: int, found: Sequence[Difference], expected: str) -> bool:
    different = sum(one.expected_length for one in found)
    return _is_enough(common, expected) or len(expected) - different > _LEAST_SHARE * len(expected)


def _is_enough(common: int, expected: str) -> bool:
    """Return True if so many common characters are not by chance."""
    return common >= min(_ENOUGH_COMMON, max(_LEAST_COMMON, len(expected) / 3))


def _place(expected: str, seen: str) -> int | None:
    """Return where the part of a text that is most like the expected one begins; None if none is."""
    votes: Counter[int] = Counter()
    seen = seen[:_MAX_READ]
    for at in range(0, len(expected) - _GRAM + 1, max(1, len(expected) // _MAX_GRAMS)):
        for place in _occurrences(expected[at : at + _GRAM], seen):
            votes[(place - at) // _ENOUGH_COMMON] += 1
    if not votes:
        return None
    near = max(list(votes), key=lambda one: (votes[one] + votes.get(one + 1, 0), -one))
    return max(0, near * _ENOUGH_COMMON)


def _occurrences(gram: str, seen: str) -> Iterator[int]:
    place = seen.find(gram)
    for _ in range(_MAX_PLACES):
        if place < 0:
            return
        yield place
        place = seen.find(gram, place + 1)


def _aligned(expected: str, seen: str, *, open_begin: bool = False, open_end: bool = False) -> Sequence[Difference]:
    """Return the differences of two texts by their words; of long ones those of the beginning.

    At an open end, the seen text may have more.
    """
    tokens, others = _TOKEN.findall(expected[:_MAX_ALIGNED]), _TOKEN.findall(seen[:_MAX_ALIGNED])
    places, other_places = _places(tokens), _places(others)
    found = [
        Difference(places[begin], other_places[at], places[end] - places[begin], other_places[until] - other_places[at])
        for begin, end, at, until in _changes(tokens, others)
    ]
    if open_begin and found and found[0].expected_at == 0:
        found[0] = _from_end(found[0])
    if open_end and found and found[-1].expected_at + found[-1].expected_length == places[-1]:
        found[-1] = _from_begin(found[-1])
    kept = [one for one in found if one.expected_length or one.seen_length]
    return [_shortened(one, expected, seen) for one in _joined(kept)]


def _changes(tokens: Sequence[str], others: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Yield begin and end of what differs in both lists."""
    if len(tokens) < 2 or len(others) < 2:
        if tokens != others:
            yield 0, len(tokens), 0, len(others)
        return
    from difflib import SequenceMatcher  # slow to import, and needed for longer differences only

    for kind, *change in SequenceMatcher(None, tokens, others).get_opcodes():
        if kind != "equal":
            begin, end, at, until = change
            yield begin, end, at, until


def _from_begin(one: Difference) -> Difference:
    """Return a difference whose seen part ends where the expected one does."""
    length = min(one.seen_length, one.expected_length)
    return Difference(one.expected_at, one.seen_at, one.expected_length, length)


def _from_end(one: Difference) -> Difference:
    """Return a difference whose seen part begins where the expected one does."""
    length = min(one.seen_length, one.expected_length)
    return Difference(one.expected_at, one.seen_at + one.seen_length - length, one.expected_length, length)


def _places(tokens: Sequence[str]) -> Sequence[int]:
    """Return where each token begins, and where the last one ends."""
    places = [0]
    for token in tokens:
        places.append(places[-1] + len(token))
    return places


def _joined(found: Sequence[Difference]) -> Sequence[Difference]:
    """Return differences, of which those that stand close together are one."""
    joined: list[Difference] = []
    for one in found:
        last = joined[-1] if joined else None
        if last is not None and one.expected_at - last.expected_at - last.expected_length < _APART:
            length = one.expected_at + one.expected_length - last.expected_at
            seen_length = one.seen_at + one.seen_length - last.seen_at
            joined[-1] = Difference(last.expected_at, last.seen_at, length, seen_length)
        else:
            joined.append(one)
    return joined


def _shortened(one: Difference, expected: str, seen: str) -> Difference:
    """Return a difference without what both texts have at its ends."""
    left = expected[one.expected_at : one.expected_at + one.expected_length]
    right = seen[one.seen_at : one.seen_at + one.seen_length]
    head = common_prefix(left, right)
    left, right = left[head:], right[head:]
    tail = common_prefix(left[::-1], right[::-1])
    return Difference(one.expected_at + head, one.seen_at + head, len(left) - tail, len(right) - tail)


def _longest(limit: int, occurs: Callable[[int], bool]) -> int:
    """Return the largest size up to `limit` that occurs, if all smaller ones do."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if occurs(middle) else (low, middle - 1)
    return low


def common_prefix(one: Sequence[str], other: Sequence[str]) -> int:
    """Return the number of equal characters or lines at the beginning."""
    return _longest(min(len(one), len(other)), lambda size: one[:size] == other[:size])
