"""Differences between an expected and a seen text, for messages."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

from msgspec import Struct

from gemulator.core.errors import Mismatch
from gemulator.scenario.conditions.compare import Presence, TextFields
from gemulator.scenario.conditions.like import agreeing_part
from gemulator.scenario.conditions.spans import like_line
from gemulator.scenario.conditions.texts import MAX_SHOWN, describe_texts, fold, squeeze

_BEFORE, _MARKED, _AFTER = 30, 40, 20  # characters shown around a difference
_WORD = 20  # characters of a word that is marked as a whole
_LEAST_COMMON = 4  # characters, and a third of a short text; fewer do not show which text is meant
_ENOUGH_COMMON = 20
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
        difference = found.difference()
        if difference is None:
            return plain if len(found.seen) <= MAX_SHOWN else Mismatch(self.name, self.expected, _long(self.seen))
        return found.mismatch(self, difference)

    def diff(self) -> str:
        """Return the whole texts, line by line: `-` is expected, `+` was seen."""
        found = max(islice(_pairs(self.test, self.seen), _MAX_PAIRS), key=lambda pair: pair.agreement, default=None)
        if found is None:
            return "\n".join([f"- {self.expected}", *(f"+ {line}" for text in self.seen for line in _lines(text))])
        return line_diff(_lines(found.source), _lines(found.original))

    @property
    def agreement(self) -> float:
        """Return how much of the expected text was seen, from 0 to 1."""
        return max((pair.agreement for pair in islice(_pairs(self.test, self.seen), _MAX_PAIRS)), default=0.0)


class Difference(Struct, frozen=True):
    """First difference: its place in the compared texts, and how many characters after it differ in both."""

    expected_at: int
    seen_at: int
    expected_length: int
    seen_length: int


class _Pair(Struct, frozen=True):
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

    def difference(self) -> Difference | None:
        """Return the first difference; None if the texts have nothing in common."""
        if self.key == "like":
            return _like_difference(self.expected, self.seen, exact=self.exact)
        return _whole_difference(self.expected, self.seen) if self.whole else _part_difference(self.expected, self.seen)

    def mismatch(self, given: TextMismatch, found: Difference) -> Mismatch:
        """Return the mismatch in the words of a message."""
        marked = _marked(_as_written(self.source, self.expected), found.expected_at, found.expected_length)
        expected = f"{self.key} {marked}" if self.key else f"{marked} in it"
        if isinstance(given.test, list) and len(given.test) > 1:
            expected = f"{expected}, or one of {len(given.test) - 1} others"
        actual = _marked(_as_written(self.original, self.seen), found.seen_at, found.seen_length)
        if len(given.seen) > 1:
            actual = f"{actual}, the nearest of {len(given.seen)} texts"
        return Mismatch(given.name, expected, actual, self._note(given.name, found, likely=given.is_text))

    def _note(self, name: str, found: Difference, *, likely: bool) -> str:
        expected = f"{found.expected_at + 1:,} of {len(self.expected):,} expected"
        place = f"first difference at character {expected}, {found.seen_at + 1:,} of {len(self.seen):,} seen"
        line = like_line(self.source, self.original, whole=self.whole) if likely and self.key != "like" else ""
        if not line:
            return place
        condition = name.rpartition(".")[2]
        return f'{place}; only dates, ids or numbers differ: write `{condition}: {{ like: "{_escape(line)}" }}`'


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
        yield _Pair(test.equals, text, expected, seen, whole=True, key="equals")
    if test.like is not None:
        yield _Pair(test.like, text, test.like, text, whole=True, key="like", exact=test.exact)
    for key, part in (("contains", test.contains), ("word", test.word)):
        if part is not None and test.exact:
            yield _Pair(part, text, part, text, whole=False, key=key)
        elif part is not None:
            yield _Pair(part, text, squeeze(part.casefold()), squeeze(fold(text)), whole=False, key=key)


def _ends(text: str) -> str:
    return text if len(text) <= 2 * _MAX_READ else f"{text[:_MAX_READ]} {text[-_MAX_READ:]}"


@lru_cache(maxsize=4)
def _trigrams(text: str) -> frozenset[str]:
    """Return the runs of three characters of a text, in lower case."""
    folded = squeeze(text.casefold())
    return frozenset(folded[at : at + 3] for at in range(len(folded) - 2))


# ---- places of differences


def _whole_difference(expected: str, seen: str) -> Difference | None:
    at = _common_prefix(expected, seen)
    rest, other = expected[at:], seen[at:]
    tail = _common_prefix(rest[::-1], other[::-1])
    if not _is_related(at + tail, expected):
        return None
    return Difference(at, at, len(rest) - tail, len(other) - tail)


def _like_difference(expected: str, seen: str, *, exact: bool) -> Difference | None:
    at, seen_at = agreeing_part(expected, seen, exact=exact)
    common = _common_prefix(expected[at:], seen[seen_at:])
    if not _is_related(at + common, expected):
        return None
    at, seen_at = at + common, seen_at + common
    return Difference(at, seen_at, len(expected) - at, len(seen) - seen_at)


def _part_difference(expected: str, seen: str) -> Difference | None:
    """Return the end of the longest beginning of the expected text that was seen, or the begin of its longest end."""
    head = _longest(len(expected), lambda size: expected[:size] in seen)
    tail = _longest(len(expected), lambda size: expected[-size:] in seen)
    if head == len(expected) or not _is_related(max(head, tail), expected):
        return None
    if head >= tail:
        at = seen.index(expected[:head]) + head
        rest, other = expected[head:], seen[at : at + len(expected) - head]
        common = _common_prefix(rest[::-1], other[::-1]) if len(rest) == len(other) else 0
        return Difference(head, at, len(rest) - common, len(other) - common)
    end = seen.rindex(expected[-tail:])
    missing = len(expected) - tail
    begin = max(0, end - missing)
    common = _common_prefix(expected[:missing], seen[begin:end])
    return Difference(common, begin + common, missing - common, end - begin - common)


def _is_related(common: int, expected: str) -> bool:
    """Return True if so many common characters are not by chance."""
    return common >= min(_ENOUGH_COMMON, max(_LEAST_COMMON, len(expected) / 3))


def _longest(limit: int, occurs: Any) -> int:
    """Return the largest size up to `limit` that occurs, if all smaller ones do."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if occurs(middle) else (low, middle - 1)
    return low


def _common_prefix(one: Sequence[str], other: Sequence[str]) -> int:
    """Return the number of equal characters or lines at the beginning."""
    return _longest(min(len(one), len(other)), lambda size: one[:size] == other[:size])


# ---- whole texts


def _lines(text: str) -> Sequence[str]:
    """Return the lines of a text, long ones by their sentences."""
    return [part for line in text.splitlines() for part in _sentences(line)] or [""]


def _sentences(line: str) -> Sequence[str]:
    return line.replace(". ", ".\n").replace("? ", "?\n").splitlines() if len(line) > _LONG_LINE else [line]


def line_diff(expected: Sequence[str], seen: Sequence[str]) -> str:
    """Return both texts line by line; very long ones without the search for lines that agree in between."""
    begin = _common_prefix(expected, seen)
    rest, other = expected[begin:], seen[begin:]
    end = _common_prefix(rest[::-1], other[::-1])
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


# ---- texts in messages


def _marked(text: str, at: int, length: int) -> str:
    """Return the text around a difference, which stands between `>>` and `<<`, whole words if they are short."""
    left, right = _word_length(text[max(0, at - _WORD) : at][::-1]), _word_length(text[at + length :][:_WORD])
    at, length = at - left, left + length + right
    begin = 0 if at <= _BEFORE + 3 else at - _BEFORE
    end = at + length
    middle = text[at:end] if length <= _MARKED else f"{text[at : at + _MARKED]}…"
    after = text[end : end + _AFTER] if length <= _MARKED else ""
    shown = f"{'…' if begin else ''}{text[begin:at]}>>{middle}<<{after}"
    return repr(shown if end + _AFTER >= len(text) or not after else f"{shown}…")


def _word_length(text: str) -> int:
    """Return the number of letters and digits at the beginning; 0 if there are more than in a word."""
    count = next((at for at, letter in enumerate(text) if not letter.isalnum()), len(text))
    return count if count < _WORD else 0


def _long(seen: Sequence[str]) -> str:
    """Return texts with the number of their characters."""
    return f"{describe_texts(seen)} ({sum(map(len, seen)):,} characters)"
