"""Conversion of Python values to JSON values."""

import os
from collections.abc import Mapping
from typing import Any, TypeAlias

import orjson

_Path: TypeAlias = tuple[object, ...]


def to_json_value(value: Any, *path: object) -> Any:
    """Return the value as JSON types: dates and enum members become strings, NaN and infinity stay.

    Raise ValueError with the path of a value that JSON cannot represent.
    """
    __tracebackhide__ = True
    try:
        return _convert(value, path)
    except ValueError as error:
        raise ValueError(str(error)) from None  # hides the frames of the recursion


def _convert(value: Any, path: _Path) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _convert_text(value, path)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, list | tuple):
        return [_convert(item, (*path, index)) for index, item in enumerate(value)]
    if isinstance(value, Mapping):
        return {_convert_key(key, path): _convert(item, (*path, key)) for key, item in value.items()}
    return _convert_other(value, path)


def _convert_text(value: str, path: _Path) -> str:
    text = str.__str__(value)  # the value of a StrEnum member, not its name
    try:
        _ = text.isascii() or text.encode()
    except UnicodeEncodeError as error:
        raise _value_error(path, f"{text!r} is not valid text: {error.reason}") from None
    return text


def _convert_key(key: object, path: _Path) -> str:
    if isinstance(key, str):
        return _convert_text(key, path)
    try:
        return str(next(iter(orjson.loads(orjson.dumps({key: None}, option=orjson.OPT_NON_STR_KEYS)))))
    except TypeError:
        raise _value_error(path, f"a JSON object cannot have the key {key!r}") from None


def _convert_other(value: object, path: _Path) -> Any:
    try:
        given = os.fspath(value) if isinstance(value, os.PathLike) else value
        return orjson.loads(orjson.dumps(given, option=orjson.OPT_NON_STR_KEYS))
    except TypeError:
        raise _value_error(
            path, f"a value of type {type(value).__name__} cannot be JSON: use texts, numbers, lists or dicts"
        ) from None


def _value_error(path: _Path, reason: str) -> ValueError:
    return ValueError(f"{'.'.join(map(str, path))}: {reason}")
