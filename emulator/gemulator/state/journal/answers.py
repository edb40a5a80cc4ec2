"""Redaction of answers as the journal stores them."""

from collections.abc import Iterator

import orjson

from gemulator.core.credentials import Redactor
from gemulator.core.json_types import JSON
from gemulator.core.redaction_marks import redaction_mark
from gemulator.delivery.steps import Chunk, Delivery, Step

_DATA = b"data: "


def redact_delivery(delivery: Delivery, redactor: Redactor) -> Delivery:
    """Return a delivery without credentials. If one is spread over several events, no text of the answer is left."""
    steps = [
        _with_data(step, _redact(step.data, redactor)) if isinstance(step, Chunk) else step for step in delivery.steps
    ]
    text = "".join([text for step in steps if isinstance(step, Chunk) for text in _texts(step.data)])
    if redactor.text(text) != text:
        mark = redaction_mark("a credential in several events").encode()
        steps = [_with_data(step, mark) if isinstance(step, Chunk) else step for step in steps]
    return Delivery(tuple(steps), faults=delivery.faults)


def _with_data(step: Chunk, data: bytes) -> Step:
    return Chunk(data, step.tokens, step.wait, step.events)


def _redact(data: bytes, redactor: Redactor) -> bytes:
    if not data.startswith(_DATA):
        return redactor.json(data)
    return b"".join([_redact_line(line, redactor) for line in data.splitlines(keepends=True)])


def _redact_line(line: bytes, redactor: Redactor) -> bytes:
    if not line.startswith(_DATA):
        return line
    content = line[len(_DATA) :].rstrip(b"\r\n")
    return _DATA + redactor.json(content) + line[len(_DATA) + len(content) :]


def _texts(data: bytes) -> Iterator[str]:
    """Yield the texts of the events in a chunk that a client joins."""
    for line in data.splitlines():
        if line.startswith(_DATA):
            try:
                yield from _joined_texts(orjson.loads(line[len(_DATA) :]))
            except orjson.JSONDecodeError:
                continue


def _joined_texts(tree: JSON) -> Iterator[str]:
    items = tree.items() if isinstance(tree, dict) else [("", item) for item in tree] if isinstance(tree, list) else ()
    for name, value in items:
        if isinstance(value, str) and name in {"content", "arguments", "reasoning_content", "text", "refusal"}:
            yield value
        else:
            yield from _joined_texts(value)
