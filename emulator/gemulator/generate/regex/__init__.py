"""Texts for regular expressions: drawn from one pattern, or searched for several."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from gemulator.core.seed import Seed
from gemulator.generate.regex.intersection import Search
from gemulator.generate.regex.parser import BadPattern, parsed
from gemulator.generate.regex.sampler import Sampler

__all__ = ["BadPattern", "matcher", "readable", "sampled", "searched"]

# (most repetitions beyond the least, any plain letter) of successive drawings
_REACHES = ((3, False), (3, False), (6, False), (1, True), (0, False), (12, True), (3, True), (30, True), (60, False))


def readable(pattern: str) -> bool:
    """Whether texts can be drawn from the pattern."""
    try:
        parsed(pattern)
    except BadPattern:
        return False
    return True


@lru_cache(maxsize=4096)
def matcher(pattern: Any) -> Callable[[str], bool]:
    """Whether a text matches, found in bounded time; a pattern that cannot be compiled matches everything."""
    import jsonschema_rs

    if not isinstance(pattern, str):
        return _always
    try:
        return jsonschema_rs.Draft202012Validator({"pattern": pattern}, offline=True).is_valid
    except ValueError:
        return _pythons_own(pattern)


def _pythons_own(pattern: str) -> Callable[[str], bool]:
    try:
        compiled = re.compile(pattern)
    except re.error:
        return _always
    return lambda text: compiled.search(text) is not None


def _always(text: str) -> bool:
    return True


def sampled(pattern: str, least: int, seed: Seed) -> Iterator[str]:
    """Texts drawn from the pattern, longer and odder ones later. They may not match: check them."""
    tree = parsed(pattern)
    for number, (reach, wide) in enumerate(_REACHES):
        yield Sampler(seed.child(number).random(), max(reach, least if number else 0), wide).text(tree)


@lru_cache(maxsize=1024)
def searched(wanted: tuple[str, ...], barred: tuple[str, ...], low: int, high: int | None) -> str | None:
    """A text that matches all of `wanted` and none of `barred`, `low` to `high` characters long.

    Short rather than long; None where there is none, or none was found with reasonable work.
    """
    return Search().text(wanted, barred, low, high)
