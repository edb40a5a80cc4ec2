"""Strings for regular expressions: sampled from one, searched for several."""

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import Any

from gemulator.core.seed import Seed
from gemulator.core.text_cache import CostCache
from gemulator.generate.regex.intersection import Search
from gemulator.generate.regex.parser import BadPattern, parse
from gemulator.generate.regex.sampler import Sampler
from gemulator.generate.regex.weight import MAX_LENGTH, problem_of, weight

__all__ = [
    "MAX_LENGTH",
    "BadPattern",
    "engine_options",
    "find_text",
    "is_long",
    "is_readable",
    "matcher",
    "problem_of",
    "sample_texts",
    "weight",
]

# (maximum extra repetitions, wide alphabet) of successive samples
_SAMPLINGS = ((3, False), (3, False), (6, False), (1, True), (0, False), (12, True), (3, True), (30, True), (60, False))

_BACKTRACK_LIMIT = 100_000  # 1 to 2 ms of a match
_LONG = 1_000  # characters
_LITERAL = re.compile(r"[\w \-]*")


def is_readable(pattern: str) -> bool:
    """Return True if strings can be sampled from the pattern."""
    try:
        parse(pattern)
    except BadPattern:
        return False
    return True


@cache
def engine_options() -> Any:
    """Return the options of jsonschema-rs for patterns: a tenth of its default limit of backtracking."""
    import jsonschema_rs

    return jsonschema_rs.FancyRegexOptions(backtrack_limit=_BACKTRACK_LIMIT)


def matcher(pattern: Any) -> Callable[[str], bool]:
    """Return a match function with bounded run time; a pattern that cannot be compiled matches everything."""
    if not isinstance(pattern, str) or problem_of(pattern) is not None:
        return _match_anything
    found = _matchers.get(pattern)
    if found is None:
        found = _compile(pattern)
        _matchers.store(pattern, found, _MATCHER_BYTES + _BYTES_PER_WEIGHT * weight(pattern))
    return found


def is_long(pattern: str) -> bool:
    """Return True if a match may take long: engines need the length of the text times that of the pattern."""
    return len(pattern) > _LONG


def _compile(pattern: str) -> Callable[[str], bool]:
    if _LITERAL.fullmatch(pattern):  # which engines match in squared time
        return lambda text: pattern in text
    import jsonschema_rs

    try:
        validator = jsonschema_rs.Draft202012Validator(
            {"pattern": pattern}, offline=True, pattern_options=engine_options()
        )
    except ValueError:
        return _re2_matcher(pattern)
    return validator.is_valid


def _re2_matcher(pattern: str) -> Callable[[str], bool]:
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error:
        return _match_anything
    return lambda text: compiled.search(text) is not None


_matchers: CostCache[str, Callable[[str], bool]] = CostCache(40_000_000)
_MATCHER_BYTES = 10_000
_BYTES_PER_WEIGHT = 20


def _match_anything(text: str) -> bool:
    return True


def sample_texts(pattern: str, min_length: int, seed: Seed) -> Iterator[str]:
    """Yield sampled strings, longer and more varied ones later; with lookarounds, some may not match."""
    tree = parse(pattern)
    for number, (extra, wide) in enumerate(_SAMPLINGS):
        yield Sampler(seed.child(number).random(), max(extra, min_length if number else 0), wide).text(tree)


@lru_cache(maxsize=1024)
def find_text(
    required: tuple[str, ...], excluded: tuple[str, ...], min_length: int, max_length: int | None
) -> tuple[str | None, int]:
    """Return a short string within the length limits that matches all of `required` and none of `excluded`.

    The string is None if there is none or none was found within the work limit. The number is the work of the search.
    """
    search = Search()
    return search.text(required, excluded, min_length, max_length), search.work
