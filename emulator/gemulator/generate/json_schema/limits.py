"""Limits of a schema's size and of its patterns, checked before it is compiled."""

import re
from collections.abc import Iterator
from typing import Any

from gemulator.core.errors import UnsatisfiableWithinLimit
from gemulator.generate.regex import is_long, problem_of, weight

_MAX_BYTES = 4_000_000
_MAX_PATTERN_WEIGHT = 500_000  # of all patterns: about half a second to compile
_PATTERN = re.compile(rb'"pattern":"((?:[^"\\]|\\.)*+)"', re.DOTALL)


def check_limits(text: bytes, root: Any) -> tuple[int, bool]:
    """Return the weight of all patterns of the schema (as text and decoded), and True if one of them is long.

    Raise UnsatisfiableWithinLimit if the schema takes too much work to be compiled.
    """
    if len(text) > _MAX_BYTES:
        raise UnsatisfiableWithinLimit("", f"it has {len(text):,} bytes, and the limit is {_MAX_BYTES:,}")
    if b'"pattern' not in text:
        return 0, False
    named = _patterns(root) if b'"patternProperties"' in text else map(bytes.decode, _PATTERN.findall(text))
    total, has_long = 0, False
    for pattern in named:
        if (problem := problem_of(pattern)) is not None:
            raise UnsatisfiableWithinLimit("", problem)
        total += weight(pattern)
        has_long = has_long or is_long(pattern)
    if total > _MAX_PATTERN_WEIGHT:
        raise UnsatisfiableWithinLimit("", f"its patterns exceed the limit of {_MAX_PATTERN_WEIGHT:,} repetitions")
    return total, has_long


def _patterns(root: Any) -> Iterator[str]:
    pending = [root] if isinstance(root, dict | list) else []
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            if isinstance(pattern := node.get("pattern"), str):
                yield pattern
            if isinstance(named := node.get("patternProperties"), dict):
                yield from named
            pending += [inner for inner in node.values() if isinstance(inner, dict | list)]
        else:
            pending += [inner for inner in node if isinstance(inner, dict | list)]
