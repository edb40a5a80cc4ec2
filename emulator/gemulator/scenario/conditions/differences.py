"""Differences between an expected and a seen text, for messages."""

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import islice
from typing import Any

from msgspec import Struct

from gemulator.core.errors import SIMILAR, Mismatch
from gemulator.scenario.conditions.alignment import (
    Difference,
    case_differences,
    common_prefix,
    is_related,
    like_differences,
    look_alike_differences,
    part_differences,
    whole_differences,
)
from gemulator.scenario.conditions.compare import Presence, TextFields
from gemulator.scenario.conditions.like import like_ignoring_case
from gemulator.scenario.conditions.look_alikes import code_points, look_alike
from gemulator.scenario.conditions.marks import mark, marks_for, position
from gemulator.scenario.conditions.spans import like_line
from gemulator.scenario.conditions.texts import MAX_SHOWN, describe_texts, fold, squeeze

_MAX_TRIGRAMS = 200  # of an expected text
_MAX_PAIRS = 20  # of an alternative and a text
_MAX_READ = 20_000  # characters at each end of a seen text
_LONG_LINE = 100  # characters
_MAX_COMPARED_LINES = 1_000  # their time grows with the square
_YAML_SPECIAL = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"})


class TextMismatch(Mismatch, frozen=True):
    """Failed comparison of texts, explained only if it is shown."""

    test: Any = None
    seen: Sequence[str] = ()

    def explained(self) -> Mismatch:
        """Return the mismatch with both texts cut around their first difference."""
        found = max(islice(_pairs(self.test, self.seen), _MAX_PAIRS), key=lambda pair: pair.agreement, default=None)
        plain = Mismatch(self.name, self.expected, self.actual)
        if found is None:
            return plain
        differences = found.differences()
        if not differences:
            return plain if len(found.seen) <= MAX_SHOWN else Mismatch(self.name, self.expected, _long(self.seen))
        return found.mismatch(self, differences)

    def diff(self) -> str:
        """Return the whole texts, line by line: `-` is expected, `+` was seen."""
        found = max(islice(_pairs(self.test, self.seen), _MAX_PAIRS), key=lambda pair: pair.agreement, default=None)
        if found is None:
            return "\n".join([f"- {self.expected}", *(f"+ {line}" for text in self.seen for line in _lines(text))])
        diff = line_diff(_lines(found.source), _lines(found.original))
        names = found._names(found.differences())
        return f"{diff}\n? {names}" if names else diff

    @property
    def agreement(self) -> float:
        """Return how much of the expected text was seen, from 0 to 1."""
        return max((pair.agreement for pair in islice(_pairs(self.test, self.seen), _MAX_PAIRS)), default=0.0)


class _Pair(Struct, frozen=True, dict=True):
    """An alternative of a test and a text, as they are compared. `whole`: the whole text is expected."""

    source: str
    original: str
    expected: str
    seen: str
    whole: bool
    key: str
    exact: bool = False

    @property
    def agreement(self) -> float:
        expected = self.expected[: _MAX_TRIGRAMS + 2].casefold()
        trigrams = [expected[at : at + 3] for at in range(len(expected) - 2)]
        known = _trigrams(_ends(self.original))
        return sum(trigram in known for trigram in trigrams) / len(trigrams) if trigrams else 0.0

    @property
    def is_like(self) -> bool:
        return self.key == "like"

    @cached_property
    def only_case_differs(self) -> bool:
        """Return True if case is all that differs, in a comparison in which it counts."""
        if self.is_like:
            return like_ignoring_case(self.source, self.original, exact=self.exact)
        return bool(case_differences(self.expected, self.seen, whole=self.whole))

    def differences(self) -> Sequence[Difference]:
        """Return the differences; none if the texts have little in common."""
        if self.is_like:
            of_like = like_differences(self.expected, self.seen, exact=self.exact)
            if self.only_case_differs or self.agreement >= SIMILAR:
                return of_like
            return of_like if of_like and is_related(of_like[0], self.expected) else ()
        for finder in (case_differences, look_alike_differences):
            found = finder(self.expected, self.seen, whole=self.whole)
            if found:
                return found
        return whole_differences(self.expected, self.seen) if self.whole else part_differences(self.expected, self.seen)

    def mismatch(self, given: TextMismatch, found: Sequence[Difference]) -> Mismatch:
        """Return the mismatch in the words of a message."""
        marks = marks_for(self.expected, self.seen)
        places = [(one.expected_at, one.expected_length) for one in found]
        marked = mark(_as_written(self.source, self.expected), places, marks)
        expected = f"{self.key} {marked}" if self.key else f"{marked} in it"
        if isinstance(given.test, list) and len(given.test) > 1:
            expected = f"{expected}, or one of {len(given.test) - 1} others"
        seen_places = [(one.seen_at, one.seen_length) for one in found]
        actual = mark(_as_written(self.original, self.seen), seen_places, marks)
        if len(given.seen) > 1:
            actual = f"{actual}, the nearest of {len(given.seen)} texts"
        notes = (self._place(found), self._case(), self._names(found), self._like(given))
        return Mismatch(given.name, expected, actual, "; ".join(filter(None, notes)))

    def _place(self, found: Sequence[Difference]) -> str:
        """Return where the first difference is, and how many there are."""
        first = found[0]
        expected = position(first.expected_at, len(self.expected), "expected")
        seen = position(first.seen_at, len(self.seen), "seen").removeprefix("character ")
        which = "first difference" if len(found) == 1 else f"first of {len(found)} differences"
        return f"{which} at {expected}, {seen}"

    def _case(self) -> str:
        if not self.only_case_differs:
            return ""
        return f"only upper and lower case differ, which count in `{'exact' if self.exact else self.key}`"

    def _names(self, found: Sequence[Difference]) -> str:
        """Return the names of characters that differ but look alike, of the first such difference."""
        for one in found:
            expected = self.expected[one.expected_at : one.expected_at + one.expected_length]
            seen = self.seen[one.seen_at : one.seen_at + one.seen_length]
            if look_alike(expected, seen):
                return f"they look alike: expected {code_points(expected)}, saw {code_points(seen)}"
        return ""

    def _like(self, given: TextMismatch) -> str:
        """Return the line to paste if only dates, ids and the like differ."""
        if not given.is_text or self.is_like or self.only_case_differs:
            return ""
        line = like_line(self.source, self.original, whole=self.whole)
        condition = given.name.rpartition(".")[2]
        return f'only dates, ids or numbers differ: write `{condition}: {{ like: "{_escape(line)}" }}`' if line else ""


def _as_written(text: str, compared: str) -> str:
    """Return a text as it was written, if its characters are where those of the compared one are."""
    for written in (text, squeeze(text), squeeze(text).strip()):
        if len(written) == len(compared) and written.casefold() == compared.casefold():
            return written
    return compared


def _escape(line: str) -> str:
    return line.translate(_YAML_SPECIAL)


def _pairs(test: Presence, seen: Sequence[str]) -> Iterator[_Pair]:
    """Yield the alternatives that expect a literal text, with each of the texts."""
    for one in test if isinstance(test, list) else [test]:
        for text in seen:
            if isinstance(one, str):
                yield _Pair(one, text, squeeze(one.casefold()), squeeze(fold(text)), whole=False, key="")
            elif isinstance(one, TextFields):
                yield from _field_pairs(one, text)


def _field_pairs(test: TextFields, text: str) -> Iterator[_Pair]:
    if isinstance(test.equals, str):
        expected, seen = (test.equals, text) if test.exact else (squeeze(test.equals).strip(), squeeze(text).strip())
        yield _Pair(test.equals, text, expected, seen, whole=True, key="equals", exact=test.exact)
    if test.like is not None:
        yield _Pair(test.like, text, test.like, text, whole=True, key="like", exact=test.exact)
    for key, part in (("contains", test.contains), ("word", test.word)):
        if part is not None and test.exact:
            yield _Pair(part, text, part, text, whole=False, key=key, exact=True)
        elif part is not None:
            yield _Pair(part, text, squeeze(part.casefold()), squeeze(fold(text)), whole=False, key=key)


def _ends(text: str) -> str:
    return text if len(text) <= 2 * _MAX_READ else f"{text[:_MAX_READ]} {text[-_MAX_READ:]}"


@lru_cache(maxsize=4)
def _trigrams(text: str) -> frozenset[str]:
    """Return the runs of three characters of a text, in lower case."""
    folded = squeeze(text.casefold())
    return frozenset(folded[at : at + 3] for at in range(len(folded) - 2))


# ---- whole texts


def _lines(text: str) -> Sequence[str]:
    """Return the lines of a text, long ones by their sentences."""
    return [part for line in text.splitlines() for part in _sentences(line)] or [""]


def _sentences(line: str) -> Sequence[str]:
    return line.replace(". ", ".\n").replace("? ", "?\n").splitlines() if len(line) > _LONG_LINE else [line]


def line_diff(expected: Sequence[str], seen: Sequence[str]) -> str:
    """Return both texts line by line; very long ones without the search for lines that agree in between."""
    begin = common_prefix(expected, seen)
    rest, other = expected[begin:], seen[begin:]
    end = common_prefix(rest[::-1], other[::-1])
    middle, seen_middle = rest[: len(rest) - end], other[: len(other) - end]
    if max(len(middle), len(seen_middle)) <= _MAX_COMPARED_LINES:
        changed = [*_changed_lines(middle, seen_middle)]
    else:
        changed = [*(f"- {line}" for line in middle), *(f"+ {line}" for line in seen_middle)]
    same = (f"  {line}" for line in expected[:begin])
    return "\n".join([*same, *changed, *(f"  {line}" for line in rest[len(rest) - end :])])


def _changed_lines(expected: Sequence[str], seen: Sequence[str]) -> Iterator[str]:
    from difflib import SequenceMatcher  # slow to import, and needed for a diff only

    for kind, begin, end, seen_begin, seen_end in SequenceMatcher(None, expected, seen, autojunk=False).get_opcodes():
        if kind == "equal":
            yield from (f"  {line}" for line in expected[begin:end])
        else:
            yield from (f"- {line}" for line in expected[begin:end])
            yield from (f"+ {line}" for line in seen[seen_begin:seen_end])


def _long(seen: Sequence[str]) -> str:
    """Return texts with the number of their characters."""
    return f"{describe_texts(seen)} ({sum(map(len, seen)):,} characters)"
