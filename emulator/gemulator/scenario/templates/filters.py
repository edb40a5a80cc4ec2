"""Template filters."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import orjson

from gemulator.core.json_types import JSON
from gemulator.scenario.json_path import text_of
from gemulator.scenario.templates.times import check_format, check_shift, format_time, shift_time, unix_seconds

MAX_BYTES = 1_000_000  # of the result of a template
TEXT_FILTERS = frozenset({"upper", "lower", "capitalize", "title", "trim", "truncate", "replace"})

Filter: TypeAlias = Callable[..., JSON]


def _length(value: JSON) -> int:
    return len(value) if isinstance(value, str | list | dict) else len(text_of(value))


def _items(value: JSON) -> list[JSON] | str:
    return value if isinstance(value, list | str) else list(value.values()) if isinstance(value, dict) else [value]


def _first(value: JSON) -> JSON:
    return next(iter(_items(value)), "")


def _last(value: JSON) -> JSON:
    return next(reversed(_items(value)), "")


def _join(value: JSON, between: str = ", ") -> str:
    texts = [text_of(item) for item in _items(value)]
    _check_size(sum(map(len, texts)) + len(between) * (len(texts) - 1))
    return between.join(texts)


def _round(value: JSON, digits: int = 0) -> JSON:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"`round` needs a number, not {text_of(value)[:40]}")
    if digits > 0:
        return round(float(value), min(digits, 15))
    whole = round(value)
    if whole.bit_length() > 63:
        raise ValueError(f"{value:g} is too large for `round`")
    return whole


def _truncate(value: JSON, most: int) -> str:
    text = text_of(value)
    return text if len(text) <= most else text[: max(0, most - 1)] + "…"


def _replace(value: JSON, old: str, new: str) -> str:
    text = text_of(value)
    if not old:
        return text
    _check_size(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def _check_size(characters: int) -> None:
    """Raise ValueError before a text is made that is too long."""
    if characters > MAX_BYTES:
        raise ValueError(f"the result exceeds {MAX_BYTES:,} bytes")


def _json(value: JSON) -> str:
    return orjson.dumps(value).decode()


# `default` is applied by Operand.value, if the path does not exist.
DEFAULT = "default"

# Name: function, number of required arguments, types of all arguments.
FILTERS: Mapping[str, tuple[Filter, int, tuple[type, ...]]] = {
    DEFAULT: (lambda value, other: value, 1, (object,)),
    "upper": (lambda value: text_of(value).upper(), 0, ()),
    "lower": (lambda value: text_of(value).lower(), 0, ()),
    "capitalize": (lambda value: text_of(value).capitalize(), 0, ()),
    "title": (lambda value: text_of(value).title(), 0, ()),
    "trim": (lambda value: text_of(value).strip(), 0, ()),
    "length": (_length, 0, ()),
    "first": (_first, 0, ()),
    "last": (_last, 0, ()),
    "join": (_join, 0, (str,)),
    "json": (_json, 0, ()),
    "round": (_round, 0, (int,)),
    "truncate": (_truncate, 1, (int,)),
    "replace": (_replace, 2, (str, str)),
    "date": (format_time, 1, (str,)),
    "shift": (shift_time, 1, (str,)),
    "unix": (unix_seconds, 0, ()),
}
# Checks of arguments beyond their types.
_CHECKS: Mapping[str, Callable[[str], None]] = {"date": check_format, "shift": check_shift}


def check_filter(name: str, arguments: Sequence[JSON]) -> None:
    """Raise ValueError if the arguments do not fit the filter."""
    _, required, kinds = FILTERS[name]
    fitting = all(isinstance(argument, kind) for argument, kind in zip(arguments, kinds, strict=False))
    if not required <= len(arguments) <= len(kinds) or not fitting:
        names = {str: '"text"', int: "number", object: "value"}
        parameters = ", ".join(names[kind] for kind in kinds)
        raise ValueError(
            f"write the filter as `{name}({parameters})`" if kinds else f"the filter `{name}` takes no arguments"
        )
    if name in _CHECKS:
        _CHECKS[name](str(arguments[0]))
