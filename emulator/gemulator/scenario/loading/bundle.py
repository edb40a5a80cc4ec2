"""A scenario file as what can be sent to a server that does not see its folder."""

import base64
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from gemulator.core import located_yaml as yaml
from gemulator.scenario.loading.includes import FREE, Files, IncludeResolver

_ELSEWHERE = frozenset({*FREE, "when"})  # where `file` names no file of the folder


def bundle(text: str, file: Path, files: Files) -> dict[str, Any]:
    """What a file without faults says, its pieces put in, and beside each `file` that it sends its bytes."""
    data = IncludeResolver(yaml.read(text, file), files).data
    packed: dict[str, Any] = _packed(data, partial(files.content, beside=file))
    return packed


def _packed(value: Any, content: Callable[[str], bytes]) -> Any:
    if isinstance(value, list):
        return [_packed(item, content) for item in value]
    if not isinstance(value, dict):
        return value
    out = {key: item if key in _ELSEWHERE else _packed(item, content) for key, item in value.items()}
    if "file" in out:
        out["data"] = base64.b64encode(content(out["file"])).decode()
    return out
