"""Strings for regular expressions: sampled from one, searched for several."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from gemulator.core.seed import Seed
from gemulator.generate.regex.intersection import Search
from gemulator.generate.regex.parser import BadPattern, parse
from gemulator.generate.regex.sampler import Sampler

__all__ = ["BadPattern", "find_text", "is_readable", "matcher", "sample_texts"]

# (maximum extra repetitions, wide alphabet) of successive samples
_SAMPLINGS = ((3, False), (3, False), (6, False), (1, True), (0, False), (12, True), (3, True), (30, True), (60, False))


def is_readable(pattern: str) -> bool:
    """Return True if strings can be sampled from the pattern."""
    try:
        parse(pattern)
    except BadPattern:
        return False
    return True


@lru_cache(maxsize=4096)
def matcher(pattern: Any) -> Callable[[str], bool]:
    """Return a match function with bounded run time; a pattern that cannot be compiled matches everything."""
    import jsonschema_rs

    if not isinstance(pattern, str):
        return _match_anything
    try:
        return jsonschema_rs.Draft202012Validator({"pattern": pattern}, offline=True).is_valid
    except ValueError:
        return _python_matcher(pattern)


def _python_matcher(pattern: str) -> Callable[[str], bool]:
    try:
        compiled = re.compile(pattern)
    except re.error:
        return _match_anything
    return lambda text: compiled.search(text) is not None


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
) -> str | None:
    """Return a short string within the length limits that matches all of `required` and none of `excluded`.

    Returns None if there is none or none was found within the work limit.
    """
    return Search().text(required, excluded, min_length, max_length)
