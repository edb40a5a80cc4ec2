"""JSON paths: `location.city`, `items[0].name`, `items[*].name`, `["a key.with dots"]`."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import orjson

from gemulator.core.json_types import JSON
from gemulator.core.text_cache import cache_texts

Step: TypeAlias = str | int | None  # a key, an index, or (None) each item or value
_MAX_SHOWN = 100  # characters of a path in messages
_STEP = re.compile(r"\.?([^.\[\]\"'\s]+)|\[(-?\d+)\]|\[(\*)\]|\[\"([^\"]*)\"\]|\['([^']*)'\]")


@cache_texts(4_096, 200)
def steps(path: str) -> tuple[Step, ...]:
    """Return the steps of a path. Raises ValueError if it is invalid."""
    out: list[Step] = []
    at = 0
    while at < len(path):
        found = _STEP.match(path, at)
        # Every key but the first needs a dot before it; an index must not have one.
        if found is None or (found[1] is not None and (at == 0) == path.startswith(".", at)):
            shown = path if len(path) <= _MAX_SHOWN else f"{path[:_MAX_SHOWN]}…"
            raise ValueError(
                f"`{shown}` is not a valid path: use one like location.city, items[0].name or items[*].name"
            )
        key, index, each, *quoted = found.groups()
        if each or key == "*":
            out.append(None)
        elif index:
            out.append(int(index))
        else:
            out.append(key or next((text for text in quoted if text is not None), ""))
        at = found.end()
    if not out:
        raise ValueError("a path cannot be empty")
    return tuple(out)


def values(tree: Any, path: Sequence[Step], count: Callable[[int], None] | None = None) -> Iterator[Any]:
    """Yield the values at the path: none if it does not exist, several if a step is `[*]`.

    `count` is called with the number of items or values that a `[*]` reads.
    """
    if not path:
        yield tree
        return
    step, rest = path[0], path[1:]
    if step is None and isinstance(tree, list | dict):
        if count is not None:
            count(len(tree))
        for item in tree if isinstance(tree, list) else tree.values():
            yield from values(item, rest, count)
    elif isinstance(step, str) and isinstance(tree, dict) and step in tree:
        yield from values(tree[step], rest, count)
    elif isinstance(tree, list) and (position := _position(step)) is not None and -len(tree) <= position < len(tree):
        yield from values(tree[position], rest, count)


def _position(step: Step) -> int | None:
    """Return the index in a step, which may also be written `items.0`."""
    if isinstance(step, int):
        return step
    return int(step) if step is not None and step.isascii() and step.isdigit() and len(step) < 10 else None


def text_of(value: JSON) -> str:
    """Return a string as it is, any other value as compact JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
