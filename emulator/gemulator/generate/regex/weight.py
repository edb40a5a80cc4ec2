"""Limits of the size of regular expressions, checked before one is compiled."""

import re
from math import prod

from gemulator.core.text_cache import cache_texts

MAX_LENGTH = 10_000  # characters of one pattern
MAX_WEIGHT = 200_000  # of one pattern: 0.1 to 0.2 s in the engine of jsonschema-rs
_MAX_LOOKAROUNDS = 20
_PROPERTY_WEIGHT = 300  # ranges of a class such as `\p{L}`
_TOKEN = re.compile(r"\\[pP]|\\.|\{(?P<low>\d{1,9})(?:,(?P<high>\d{0,9}))?\}|.", re.DOTALL)
_COUNT = re.compile(r"\{(\d{1,9})(?:,(\d{0,9}))?\}")
_LOOKAROUND = re.compile(r"\(\?<?[=!]")


def problem_of(pattern: str) -> str | None:
    """Return why a pattern is too complex to be compiled, or None."""
    if len(pattern) > MAX_LENGTH:
        return f"a pattern of {len(pattern):,} characters exceeds the limit of {MAX_LENGTH:,}"
    if (found := weight(pattern)) > MAX_WEIGHT:
        return f"a pattern with {found:,} repetitions exceeds the limit of {MAX_WEIGHT:,}"
    if pattern.count("(?") > _MAX_LOOKAROUNDS and len(_LOOKAROUND.findall(pattern)) > _MAX_LOOKAROUNDS:
        return f"a pattern with more than {_MAX_LOOKAROUNDS} lookarounds"
    return None


@cache_texts(4096, 500)
def weight(pattern: str) -> int:
    """Return the size of the compiled pattern, or an upper bound: its characters times the counts around them."""
    bound = len(pattern) + _PROPERTY_WEIGHT * (pattern.count("\\p") + pattern.count("\\P"))
    counts = [max(int(high or 0), int(low), 1) for low, high in _COUNT.findall(pattern)] if "{" in pattern else []
    bound *= prod(counts) if "){" in pattern else max(counts, default=1)
    return bound if bound <= MAX_WEIGHT else _exact_weight(pattern)


def _exact_weight(pattern: str) -> int:
    """Return the weight with each count applied to its own item only."""
    around: list[int] = []  # weights of the open groups up to the inner one
    total = last = 0
    in_class = False
    for token in _TOKEN.finditer(pattern):
        text = token[0]
        if in_class:
            in_class = text != "]"
            last += _atom_weight(text)
            total += _atom_weight(text)
        elif text == "(":
            around.append(total)
            total = last = 0
        elif text == ")" and around:
            last = total
            total += around.pop()
        elif token["low"] is not None:
            count = max(int(token["high"] or 0), int(token["low"]), 1)
            total += last * (count - 1)
            last *= count
        elif text not in "*+?|":
            in_class = text == "["
            last = _atom_weight(text)
            total += last
    return total + sum(around)


def _atom_weight(text: str) -> int:
    return _PROPERTY_WEIGHT if text in ("\\p", "\\P") else len(text)
