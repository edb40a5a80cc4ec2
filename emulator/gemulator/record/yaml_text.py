"""YAML text of scenarios, formatted as in the documentation."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any

_WIDTH = 110  # columns of a value in braces
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*\Z|[0-9]+ms\Z")
_WORDS = re.compile(r"(?i:true|false|null|yes|no|on|off|y|n|\.nan|\.inf)\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_UNSAFE_LINES = re.compile(r"\A[ \n]|[\t\r]|[ ]\n|\n\n\Z|[ ]\Z|[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


def scenario_text(scenario: Mapping[str, Any], comments: Mapping[int, Sequence[str]] | None = None) -> str:
    """Return a scenario as YAML; `comments` are lines above its turns, by their position."""
    head = "".join(f"{line}\n" for key, value in scenario.items() if key != "turns" for line in _member(key, value, 0))
    return f"{head}turns:\n" + "\n".join(
        "".join(f"{line}\n" for line in _turn(turn, (comments or {}).get(position, ())))
        for position, turn in enumerate(scenario["turns"])
    )


def _turn(turn: Mapping[str, Any], comments: Sequence[str]) -> Iterator[str]:
    yield from (f"  # {_CONTROL.sub('?', ' '.join(line.split()))}" for line in comments)
    yield from _item(turn, 2, flow=False)


def _member(key: str, value: Any, indent: int) -> Iterator[str]:
    """Yield the lines of one key and its value."""
    name = f"{' ' * indent}{_scalar(key)}:"
    if isinstance(value, str) and _is_block(value):
        yield from _block(name, value, indent + 2)
        return
    short = _flow(value)
    if len(name) + len(short) < _WIDTH or not isinstance(value, dict | list) or not value:
        yield f"{name} {short}"
        return
    yield name
    if key == "waits":  # hundreds of short values
        yield from wrap(short, _WIDTH, initial_indent=" " * (indent + 2), subsequent_indent=" " * (indent + 3))
    else:
        yield from _lines(value, indent + 2)


def _lines(value: Any, indent: int) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _member(key, item, indent)
    else:
        for item in value:
            yield from _item(item, indent)


def _item(item: Any, indent: int, *, flow: bool = True) -> Iterator[str]:
    """Yield the lines of an item of a list."""
    dash = " " * indent + "- "
    short = _flow(item)
    fits = len(dash) + len(short) < _WIDTH
    if isinstance(item, dict):
        fits = fits and flow and not _has_block(item)
    if isinstance(item, dict | list) and item and not fits:
        first, *rest = _lines(item, indent + 2)
        yield dash + first[indent + 2 :]
        yield from rest
    else:
        yield dash + short


def _has_block(item: Mapping[str, Any]) -> bool:
    return any(isinstance(value, str) and _is_block(value) for value in item.values())


def _is_block(text: str) -> bool:
    return "\n" in text[:-1] and not _UNSAFE_LINES.search(text)


def _block(name: str, text: str, indent: int) -> Iterator[str]:
    yield f"{name} {'|' if text.endswith(chr(10)) else '|-'}"
    yield from (" " * indent + line if line else "" for line in text.removesuffix("\n").split("\n"))


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_scalar(key)}: {_flow(item)}' for key, item in value.items())} }}" if value else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.match(value) and not _WORDS.match(value):
        return value
    if "'" not in value and "\n" not in value and value.isprintable():
        return f"'{value}'"
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
