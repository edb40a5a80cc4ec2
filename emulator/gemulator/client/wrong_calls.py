"""TypeErrors of wrong calls, with the call as it should be."""

from collections.abc import Mapping, Sequence, Set
from re import Pattern
from typing import Any

_MAX_SHOWN = 60  # characters of a value
_ALL_FIT = object()


def positional_error(call: str, takes: str, values: Sequence[object], name: str) -> TypeError:
    """Return the error of a call with positional values; `name` is the argument that a text was probably meant for."""
    first = values[0]
    if isinstance(first, Mapping):
        example = f"{call}(**{_show(first)})"
    elif isinstance(first, str | Pattern):
        example = f"{call}({name}={_show(first)})"
    else:
        example = f'{call}({name}="…")'
    return TypeError(f"{call}() takes {takes} by name, not {_show(first)}: write {example}")


def reply_error(parts: Sequence[object], fields: Mapping[str, Any], kinds: Set[str]) -> TypeError:
    """Return the error of a reply without parts, with one that is neither text nor mapping, or with a part by name."""
    wrong = next((part for part in parts if not isinstance(part, str | Mapping)), _ALL_FIT)
    if wrong is not _ALL_FIT:
        return TypeError(f"reply() takes texts and mappings, not {_show(wrong)}: write {_reply_for(wrong)}")
    by_name = next(((name, value) for name, value in fields.items() if name in kinds), None)
    if by_name is None:
        return TypeError('reply() has no answer: write .reply("Hello!"), or .reply("") for an empty text')
    name, value = by_name
    written = [*map(_show, parts), _show(value) if name == "text" else f"{{{name!r}: {_show(value)}}}"]
    return TypeError(f"reply() takes `{name}` as a mapping, not by name: write .reply({', '.join(written)})")


def _reply_for(value: object) -> str:
    if isinstance(value, bytes):
        return f".reply({_show(value.decode('utf-8', 'replace'))})"
    if isinstance(value, Sequence):
        return '.reply(["One.", "Two."]) without a list inside'
    if value is None:
        return '.reply("") for an empty text'
    return f'.reply("{value}") for a text, .reply({{"json": {value}}}) for JSON'


def call_error(tool: object, given: object) -> TypeError:
    """Return the error of a tool that is no name, or of arguments that are no mapping."""
    if not isinstance(tool, str):
        name = getattr(tool, "__name__", "get_weather")  # of a function
        return TypeError(f"call() takes the name of a tool, not {_show(tool)}: write .call({name!r})")
    example = f'.call({tool!r}, city="Paris") or .call({tool!r}, {{"city": "Paris"}})'
    return TypeError(f"call() takes arguments by name or as a mapping, not {_show(given)}: write {example}")


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"
