"""Fields of a turn that replies with a recorded answer."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from msgspec import Struct, field

from gemulator.core.json_types import JSON, dump_json
from gemulator.record.exchange import Exchange
from gemulator.record.recorded_answer import (
    RecordedAnswer,
    RecordedChoice,
    RecordedPart,
    decode_medium,
    read_answer,
    usage_counts,
)

_SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "audio/wav": ".wav",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/flac": ".flac",
    "audio/aac": ".aac",
    "audio/mp4": ".m4a",
}
_REASONS = {"SAFETY", "RECITATION", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII"}
_FINISH = ("stop", "length", "tool_calls", "content_filter")  # of OpenAI that the service has, too
_RETOLD = ("reply", "finish", "usage")
_HEADERS = (b"content-type", b"retry-after", b"retry-after-ms", b"www-authenticate")


class Variant(Struct, frozen=True):
    """Amount of detail in a written reply: cuts of a stream, arguments as raw text, unsigned parts."""

    cuts: bool = False
    raw_arguments: bool = False
    unsigned: bool = False


# The most readable first.
_VARIANTS = (
    Variant(),
    Variant(unsigned=True),
    Variant(cuts=True),
    Variant(cuts=True, unsigned=True),
    Variant(raw_arguments=True, unsigned=True),
    Variant(cuts=True, raw_arguments=True, unsigned=True),
)


class WrittenReply(Struct, frozen=True):
    """Fields of a turn, and the files beside the scenario that they name."""

    fields: Mapping[str, Any]
    files: Mapping[str, bytes] = field(default_factory=dict)


def readable_replies(exchange: Exchange) -> Iterator[WrittenReply]:
    """Yield replies in parts, the most readable first. Raise ValueError if the answer has no parts."""
    if exchange.status >= 400:
        yield from _error_replies(exchange)
        return
    answer = read_answer(exchange)
    seen: list[Mapping[str, Any]] = []
    for variant in _VARIANTS:
        written = _reply(answer, variant)
        if written.fields not in seen:
            seen.append(written.fields)
            yield written


def retold_replies(exchange: Exchange) -> Iterator[WrittenReply]:
    """Yield the answer of another service in parts, without its ids, time and cuts, which the service makes anew.

    Raise ValueError if the answer has no parts.
    """
    if exchange.status >= 400:
        *_, written = _error_replies(exchange)
        reply = written.fields["reply"]
        yield WrittenReply({"reply": {key: reply[key] for key in ("error", "retry_after", "message") if key in reply}})
        return
    answer = read_answer(exchange)
    for choice in answer.choices:
        choice.finish = choice.finish if choice.finish in _FINISH else None
        choice.parts = [part for part in choice.parts if part.kind != "text" or part.text or len(choice.parts) == 1]
        for part in choice.parts:
            part.id = ""
    written = _reply(answer, Variant())
    yield WrittenReply({key: written.fields[key] for key in _RETOLD if key in written.fields}, written.files)


def literal_reply(exchange: Exchange, stem: str) -> WrittenReply:
    """Return the answer as it was sent: a body, or the events in a file named after `stem` and its content.

    Raise ValueError if it cannot be written.
    """
    given = dict(exchange.headers)
    headers = {name.decode(): given[name].decode("latin-1") for name in _HEADERS if name in given}
    more: dict[str, Any] = {"status": exchange.status} if exchange.status != 200 else {}
    more |= {"headers": headers} if headers else {}
    try:
        text = exchange.answer.decode()
    except UnicodeDecodeError:
        raise ValueError("the answer is not valid UTF-8") from None
    if exchange.is_stream and text.strip():
        name = f"{stem}-{hashlib.sha256(exchange.answer).hexdigest()[:12]}.sse"
        return WrittenReply({"reply": {"events": name, **more}}, {name: exchange.answer})
    return WrittenReply({"reply": {"body": _body(exchange.answer, text), **more}})


def _body(data: bytes, text: str) -> JSON:
    """Return the JSON value if it is sent as these bytes, else the text."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return escape(text)
    compact = isinstance(value, dict | list) and dump_json(value).encode() == data
    return escape_tree(value) if compact else escape(text)


def escape(text: str) -> str:
    """Return a text in which no template is read."""
    return text.replace("{{", "{{ '{{' }}")


def escape_tree(value: JSON) -> JSON:
    """Return a JSON value in whose texts no template is read."""
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, list):
        return [escape_tree(item) for item in value]
    return {key: escape_tree(item) for key, item in value.items()} if isinstance(value, dict) else value


def _error_replies(exchange: Exchange) -> Iterator[WrittenReply]:
    try:
        tree = orjson.loads(exchange.answer)
    except orjson.JSONDecodeError:
        raise ValueError("the body of the error is no JSON") from None
    inner = tree[0] if isinstance(tree, list) and tree else tree
    error = inner.get("error") if isinstance(inner, dict) else None
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        raise ValueError("the body has no `error` with a `message`")
    written: dict[str, Any] = {"error": exchange.status}
    if retry := dict(exchange.headers).get(b"retry-after"):
        written["retry_after"] = f"{retry.decode('latin-1')}s"
    yield WrittenReply({"reply": dict(written)})
    written["message"] = escape(error["message"])
    yield WrittenReply({"reply": dict(written)})
    if isinstance(error.get("status"), str):
        written["status"] = error["status"]
        yield WrittenReply({"reply": dict(written)})
    if isinstance(error.get("param"), str):
        yield WrittenReply({"reply": written | {"field": error["param"]}})
    if isinstance(error.get("details"), list):
        yield WrittenReply({"reply": written | {"details": error["details"]}})


def _reply(answer: RecordedAnswer, variant: Variant) -> WrittenReply:
    files: dict[str, bytes] = {}
    fields: dict[str, Any] = {}
    if len(answer.choices) == 1:
        fields["reply"], finish = _choice(answer.choices[0], variant, files)
        fields |= {"finish": finish} if finish else {}
    else:
        each = [_choice(choice, variant, files) for choice in answer.choices]
        candidates = [{"reply": reply, "finish": finish} if finish else reply for reply, finish in each]
        fields["reply"] = {"candidates": candidates}
    fields |= {"id": answer.id} if answer.id else {}
    fields |= {} if answer.created is None else {"created": answer.created}
    thinks = any(part.kind == "thinking" for choice in answer.choices for part in choice.parts)
    fields |= {"usage": usage_counts(answer.usage, thinks=thinks)} if answer.usage else {}
    return WrittenReply(fields, files)


def _choice(choice: RecordedChoice, variant: Variant, files: dict[str, bytes]) -> tuple[Any, str | None]:
    """Return reply and finish reason of a candidate; the reason is None if it follows from the reply."""
    if choice.refusal is not None:
        return {"block": "prompt", "message": escape(choice.refusal)}, None
    finish = choice.finish
    if not choice.parts and finish and finish.startswith("content_filter: ") and finish[16:] in _REASONS:
        return {"block": finish[16:].lower()}, None
    parts = [_part(part, variant, files) for part in choice.parts]
    has_calls = any(part.kind == "call" for part in choice.parts)
    usual = "tool_calls" if has_calls else "stop"
    reply = parts[0] if len(parts) == 1 else parts or ""
    if isinstance(reply, dict) and set(reply) == {"text"}:
        reply = reply["text"]
    return reply, None if finish == usual else finish


def _part(part: RecordedPart, variant: Variant, files: dict[str, bytes]) -> dict[str, Any]:
    match part.kind:
        case "call":
            return _call(part, variant)
        case "media":
            return _medium(part, variant, files)
    written: dict[str, Any] = {part.kind: escape(part.text)}
    if variant.cuts and len(part.cuts) > 1:
        written["chunks"] = list(map(escape, part.cuts))
        if part.kind == "text":
            del written["text"]
            written = {"text": escape(part.text)} if "{{" in part.text else {"chunks": written["chunks"]}
    return written | (_signature(part, variant) if part.kind == "text" else {})


def _call(part: RecordedPart, variant: Variant) -> dict[str, Any]:
    written: dict[str, Any] = {"call": part.name}
    pieces = part.cuts[1:] if len(part.cuts) > 1 and not part.cuts[0] else part.cuts
    try:
        arguments = orjson.loads(part.text)
    except orjson.JSONDecodeError:
        arguments = None
    if variant.cuts and len(part.cuts) > 1:
        written["chunks"] = list(map(escape, pieces))
    elif isinstance(arguments, dict) and not variant.raw_arguments and dump_json(arguments) == part.text:
        written["with"] = escape_tree(arguments)
    else:
        written["arguments"] = escape(part.text)
    return written | ({"id": part.id} if part.id else {}) | _signature(part, variant)


def _medium(part: RecordedPart, variant: Variant, files: dict[str, bytes]) -> dict[str, Any]:
    kind, content = part.mime.partition("/")[0], decode_medium(part.data)
    suffix = _SUFFIXES.get(part.mime)
    if kind not in ("image", "audio") or content is None or suffix is None:
        raise ValueError(f"the medium has the type {part.mime}, which no reply sends")
    name = f"{hashlib.sha256(content).hexdigest()[:16]}{suffix}"
    files[name] = content
    return {kind: "as recorded", "file": name} | _signature(part, variant)


def _signature(part: RecordedPart, variant: Variant) -> dict[str, Any]:
    if part.signature is not None:
        return {"thought_signature": part.signature}
    return {"thought_signature": False} if variant.unsigned else {}
