"""Values given in Python as what JSON has for them: a scenario file can say nothing else."""

import os
from collections.abc import Mapping
from typing import Any, TypeAlias

import orjson

_Path: TypeAlias = tuple[object, ...]


def to_json_value(value: Any, *path: object) -> Any:
    """The value, its dates and enumerations as texts and so on; NaN and infinity stay. ValueError says what is none."""
    __tracebackhide__ = True
    try:
        return _plain(value, path)
    except ValueError as error:
        raise ValueError(str(error)) from None  # where it was found is nobody's concern


def _plain(value: Any, path: _Path) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, list | tuple):
        return [_plain(item, (*path, index)) for index, item in enumerate(value)]
    if isinstance(value, Mapping):
        return {_key(key, path): _plain(item, (*path, key)) for key, item in value.items()}
    return _other(value, path)


def _text(value: str, path: _Path) -> str:
    text = str.__str__(value)  # an enumeration's value, not its name
    try:
        _ = text.isascii() or text.encode()
    except UnicodeEncodeError as error:
        raise _wrong(path, f"{text!r} is no text: {error.reason}") from None
    return text


def _key(key: object, path: _Path) -> str:
    if isinstance(key, str):
        return _text(key, path)
    try:
        return str(next(iter(orjson.loads(orjson.dumps({key: None}, option=orjson.OPT_NON_STR_KEYS)))))
    except TypeError:
        raise _wrong(path, f"JSON has no key like {key!r}") from None


def _other(value: object, path: _Path) -> Any:
    try:
        given = os.fspath(value) if isinstance(value, os.PathLike) else value
        return orjson.loads(orjson.dumps(given, option=orjson.OPT_NON_STR_KEYS))
    except TypeError:
        raise _wrong(path, f"JSON has nothing for a {type(value).__name__}") from None


def _wrong(path: _Path, said: str) -> ValueError:
    return ValueError(f"{'.'.join(map(str, path))}: {said}")
