"""Importers of HTTP archives, cassettes of vcrpy and gemulator's JSON lines."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
import yaml

from gemulator.record.importing.capture import Capture, from_base64
from gemulator.record.recording import Lost

_ENTRY = re.compile(r'"startedDateTime"\s*:')
_INTERACTION = re.compile(r'"request"\s*:\s*\{')
_ELIDED = re.compile(r"<(?:[\w.+/-]{1,100}, )?[0-9]+ bytes, sha256 [0-9a-f]{64}>")
_NO_TEXT = "the archive has no text of the answer: export it with content"


def read_har(tree: Mapping[str, Any], name: str, text: str) -> Iterator[Capture | Lost]:
    """Yield the exchanges of an HTTP archive."""
    lines = _lines(_ENTRY, text)
    for number, entry in enumerate(_list(_object(tree.get("log")).get("entries"))):
        source = f"{name}:{lines[number] if number < len(lines) else 1}"
        request, response = _object(entry.get("request")), _object(entry.get("response"))
        try:
            yield Capture(
                source=source,
                url=str(request.get("url")),
                request=_known(str(_object(request.get("postData")).get("text") or "")).encode(),
                status=_status(response.get("status")),
                headers=_pairs(response.get("headers")),
                body=_content(_object(response.get("content"))),
                cut=entry.get("_outcome") == "cut",
            )
        except ValueError as error:
            yield Lost(source, str(error))


def _content(content: dict[str, Any]) -> bytes:
    text = content.get("text")
    if not isinstance(text, str):
        raise ValueError(_NO_TEXT)
    return from_base64(text) if content.get("encoding") == "base64" else _known(text).encode()


def _known(text: str) -> str:
    """Return the text. Raise ValueError if a medium in it was replaced by its hash."""
    if _ELIDED.search(text):
        raise ValueError("only size and hash of a medium are in the file")
    return text


def read_cassette(tree: Mapping[str, Any], name: str, lines: Sequence[int]) -> Iterator[Capture | Lost]:
    """Yield the interactions of a cassette of vcrpy; `lines` are those where they begin."""
    for number, interaction in enumerate(_list(tree.get("interactions"))):
        source = f"{name}:{lines[number] if number < len(lines) else 1}"
        request, response = _object(interaction.get("request")), _object(interaction.get("response"))
        headers = {str(key): _first(value) for key, value in _object(response.get("headers")).items()}
        content = _object(response.get("body"))
        try:
            body = from_base64(content["base64_string"]) if "base64_string" in content else _bytes(content["string"])
            status = _status(_object(response.get("status")).get("code"))
            sent = _bytes(request.get("body") or b"")
            yield Capture(source, str(request.get("uri")), sent, status, headers, body)
        except (KeyError, ValueError) as error:
            reason = "the answer has no body" if isinstance(error, KeyError) else str(error)
            yield Lost(source, reason)


def yaml_cassette(text: str) -> tuple[Any, Sequence[int]]:
    """Return the data of a cassette, and the lines of its interactions. Raise ValueError if it is no YAML."""
    try:
        root = yaml.compose(text, yaml.CSafeLoader)
        data = yaml.load(text, yaml.CSafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"the file is no YAML: {str(error).splitlines()[0]}") from None
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    items: Sequence[yaml.Node] = next((value.value for key, value in pairs if key.value == "interactions"), [])
    return data, [item.start_mark.line + 1 for item in items]


def json_lines_of(text: str) -> Sequence[int]:
    """Return the lines of the interactions of a cassette in JSON."""
    return _lines(_INTERACTION, text)


def read_journal_lines(text: str, name: str) -> Iterator[Capture | Lost]:
    """Yield the entries of `gemulator journal --json`."""
    for number, line in enumerate(text.splitlines(), start=1):
        source = f"{name}:{number}"
        if not line.strip():
            continue
        try:
            yield _journal_entry(orjson.loads(line), source)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            broken = not isinstance(error, ValueError) or isinstance(error, orjson.JSONDecodeError)
            yield Lost(source, "the line is no entry of a journal" if broken else str(error))


def _journal_entry(entry: Any, source: str) -> Capture:
    if entry["source"] == "refused":
        raise ValueError("the service refused the request, and does so without a turn")
    if "cut" in entry["request"]:
        raise ValueError("only the beginning of the request is in the journal")
    steps = [step for step in entry["answer"]["steps"] if "text" in step]
    request = orjson.dumps(entry["request"]["body"]).decode()
    return Capture(
        source=source,
        url=f"http://gemulator{entry['path']}",
        request=_known(request).encode(),
        status=_status(entry["status"]),
        headers=entry["answer"]["headers"],
        body=_known("".join(step["text"] for step in steps)).encode(),
        cut=entry["outcome"] == "cut",
    )


def _lines(pattern: re.Pattern[str], text: str) -> Sequence[int]:
    """Return the lines of all matches."""
    lines, at, line = [], 0, 1
    for found in pattern.finditer(text):
        line += text.count("\n", at, found.start())
        at = found.start()
        lines.append(line)
    return lines


def _pairs(headers: Any) -> dict[str, str]:
    return {str(one.get("name")): str(one.get("value")) for one in _list(headers)}


def _status(value: Any) -> int:
    """Return a status of HTTP. Raise ValueError if the value is none."""
    if not isinstance(value, int) or not 100 <= value <= 599:
        raise ValueError("the answer has no status of HTTP")
    return value


def _first(value: Any) -> str:
    return str(value[0] if isinstance(value, list) and value else value)


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
