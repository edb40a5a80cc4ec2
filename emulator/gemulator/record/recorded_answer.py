"""Parts of a recorded answer, read from its body or events."""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import orjson
from msgspec import Struct, field

from gemulator.core.json_types import JSON
from gemulator.record.exchange import Exchange

_TAG = re.compile(r"<([A-Za-z][A-Za-z_-]*)>(.*?)</\1>", re.S)  # around thoughts, if the request asks for a tag

Kind = Literal["thinking", "text", "call", "media"]


class RecordedPart(Struct):
    """A part of an answer; `cuts` are its pieces in a stream. `data` is the base64 text of a medium."""

    kind: Kind
    cuts: list[str] = field(default_factory=list)
    id: str = ""
    name: str = ""
    mime: str = ""
    data: str = ""
    signature: str | None = None

    @property
    def text(self) -> str:
        return "".join(self.cuts)


class RecordedChoice(Struct):
    """A candidate of an answer. `refusal` replaces its parts if the prompt was blocked."""

    parts: list[RecordedPart] = field(default_factory=list)
    finish: str | None = None
    refusal: str | None = None


class RecordedAnswer(Struct):
    """A whole answer; `usage` is the object as it was sent."""

    id: str
    created: int | None
    model: str
    choices: list[RecordedChoice]
    usage: dict[str, Any]


def read_answer(exchange: Exchange) -> RecordedAnswer:
    """Return the parts of an answer. Raise ValueError if it is none of a chat completion."""
    if not exchange.is_stream:
        body = _load(exchange.answer)
        if not isinstance(body, dict):
            raise ValueError("the body is no JSON object")
        return _answer([body], "message")
    bodies = [body for body in map(_load, event_data(exchange.answer)) if isinstance(body, dict)]
    if not bodies:
        raise ValueError("the stream has no events with JSON")
    return _answer(bodies, "delta")


def event_data(stream: bytes) -> Iterator[bytes]:
    """Yield the data of the events of a stream, without the closing `[DONE]`."""
    for line in stream.splitlines():
        if line.startswith(b"data:"):
            data = line[5:].strip()
            if data and data != b"[DONE]":
                yield data


def _load(data: bytes) -> JSON:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        raise ValueError("the answer has data that are no JSON") from None


def _answer(bodies: Sequence[dict[str, Any]], name: str) -> RecordedAnswer:
    first, choices = bodies[0], dict[int, RecordedChoice]()
    usage: dict[str, Any] = {}
    for body in bodies:
        usage = _object(body.get("usage")) or usage
        for choice in _objects(body.get("choices")):
            recorded = choices.setdefault(_number(choice, "index"), RecordedChoice())
            if isinstance(finish := choice.get("finish_reason"), str):
                recorded.finish = finish
            _add(recorded, _object(choice.get(name)))
    if not choices:
        raise ValueError("the answer has no `choices`")
    for recorded in choices.values():
        _remove_tag(recorded)
    created = first.get("created")
    return RecordedAnswer(
        id=str(first.get("id") or ""),
        created=created if isinstance(created, int) else None,
        model=str(first.get("model") or ""),
        choices=[choices[index] for index in sorted(choices)],
        usage=usage,
    )


def _add(choice: RecordedChoice, message: dict[str, Any]) -> None:
    """Add a message or delta to a choice."""
    google = _object(_object(message.get("extra_content")).get("google"))
    for key in ("reasoning_content", "reasoning"):
        if isinstance(thought := message.get(key), str) and thought:
            _append(choice, "thinking", thought)
    if isinstance(refusal := message.get("refusal"), str):
        choice.refusal = (choice.refusal or "") + refusal
    content = message.get("content")
    if isinstance(content, str):
        _add_content(choice, content, google)
    _add_media(choice, message, google)
    for call in _objects(message.get("tool_calls")):
        _add_call(choice, call)


def _add_content(choice: RecordedChoice, content: str, google: dict[str, Any]) -> None:
    signature = google.get("thought_signature")
    if google.get("thought"):
        _append(choice, "thinking", content)
        content = ""
        if not signature:
            return
    _append(choice, "text", content).signature = signature


def _add_media(choice: RecordedChoice, message: dict[str, Any], google: dict[str, Any]) -> None:
    medium = _object(message.get("audio"))
    if isinstance(medium.get("data"), str):
        mime = _object(_object(medium.get("extra_content")).get("google")).get("mime_type") or "image/png"
        signature = None if isinstance(message.get("content"), str) else google.get("thought_signature")
        choice.parts.append(RecordedPart("media", mime=str(mime), data=medium["data"], signature=signature))
    for part in _objects(google.get("parts")):
        inline = _object(part.get("inline_data"))
        choice.parts.append(RecordedPart("media", mime=str(inline.get("mime_type")), data=str(inline.get("data"))))


def _remove_tag(choice: RecordedChoice) -> None:
    """Remove the tag around the thoughts. In a body, the text after it is flagged as a thought, too."""
    thought = choice.parts[0] if choice.parts else None
    found = _TAG.match(thought.text) if thought is not None and thought.kind == "thinking" else None
    if thought is None or found is None:
        return
    rest = thought.text[found.end() :]
    first, last = len(found[1]) + 2, len(found[1]) + 3
    if rest or len(thought.cuts) == 1:
        thought.cuts = [found[2]]
    else:
        thought.cuts[0], thought.cuts[-1] = thought.cuts[0][first:], thought.cuts[-1][:-last]
    if rest:
        text = next((part for part in choice.parts if part.kind == "text"), None)
        if text is None:
            choice.parts.insert(1, RecordedPart("text", [rest]))
        else:
            text.cuts.insert(0, rest)


def _append(choice: RecordedChoice, kind: Kind, piece: str) -> RecordedPart:
    """Add a piece to the last part if it is of this kind and not yet signed, which ends a text."""
    last = choice.parts[-1] if choice.parts else None
    if last is None or last.kind != kind or last.signature:
        last = RecordedPart(kind)
        choice.parts.append(last)
    last.cuts.append(piece)
    return last


def _add_call(choice: RecordedChoice, call: dict[str, Any]) -> None:
    function = _object(call.get("function"))
    calls = [part for part in choice.parts if part.kind == "call"]
    given, arguments = call.get("id"), function.get("arguments")
    index = call.get("index")
    found = next((part for part in calls if given and part.id == given), None)
    if found is None and not given and calls:
        found = calls[index] if isinstance(index, int) and index < len(calls) else calls[-1]
    if found is None:
        signature = _object(_object(call.get("extra_content")).get("google")).get("thought_signature")
        found = RecordedPart("call", id=str(given or ""), name=str(function.get("name") or ""), signature=signature)
        choice.parts.append(found)
    found.cuts.append(arguments if isinstance(arguments, str) else "")


def usage_counts(usage: dict[str, Any], *, thinks: bool) -> dict[str, Any]:
    """Return the token counts as scenarios name them; `thinks`: the answer has thoughts."""
    details = _object(usage.get("completion_tokens_details"))
    prompt, completion = _number(usage, "prompt_tokens"), _number(usage, "completion_tokens")
    reasoning = _number(details, "reasoning_tokens")
    if reasoning and _number(usage, "total_tokens") == prompt + completion:  # OpenAI's count includes reasoning
        completion -= reasoning
    counts: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": completion}
    if reasoning or thinks:
        counts["reasoning_tokens"] = reasoning
    if cached := _number(_object(usage.get("prompt_tokens_details")), "cached_tokens"):
        counts["cached_tokens"] = cached
    traffic = _object(_object(usage.get("extra_properties")).get("google")).get("traffic_type")
    return counts | ({"traffic_type": traffic} if traffic and traffic != "ON_DEMAND" else {})


def decode_medium(data: str) -> bytes | None:
    """Return the bytes of base64 text, None if it is not the text that encoding them gives."""
    try:
        content = base64.b64decode(data, validate=True)
    except binascii.Error:
        return None
    return content if base64.b64encode(content).decode() == data else None


def _number(tree: dict[str, Any], name: str) -> int:
    value = tree.get(name)
    return value if isinstance(value, int) else 0


def _object(value: JSON) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: JSON) -> Iterator[dict[str, Any]]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())
