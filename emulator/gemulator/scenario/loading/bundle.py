"""Self-contained JSON form of a scenario file, for a remote server."""

import base64
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from gemulator.core import located_yaml as yaml
from gemulator.scenario.loading.includes import USER_KEYS, Files, IncludeResolver
from gemulator.scenario.replies.server_sent_events import events_of_file

_SKIPPED_KEYS = frozenset({*USER_KEYS, "when"})  # below these `file` is not a file of the folder


def bundle(text: str, file: Path, files: Files) -> dict[str, Any]:
    """Return the data of a valid scenario file with includes resolved and the content of each `file` as base64."""
    data = IncludeResolver(yaml.read(text, file), files).data
    packed: dict[str, Any] = _pack(data, partial(files.content, beside=file))
    return packed


def _pack(value: Any, content: Callable[[str], bytes]) -> Any:
    if isinstance(value, list):
        return [_pack(item, content) for item in value]
    if not isinstance(value, dict):
        return value
    out = {key: item if key in _SKIPPED_KEYS else _pack(item, content) for key, item in value.items()}
    if isinstance(events := out.get("events"), str):
        out["events"] = [{"raw": event} for event in events_of_file(events, content(events))]
    if "file" in out:
        out["data"] = base64.b64encode(content(out["file"])).decode()
    return out
