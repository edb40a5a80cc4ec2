"""Lint of literal replies: bodies and events that no service would send."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from gemulator.core.json_types import JSON
from gemulator.scenario.replies import BodyReply, EventsReply, LiteralReply
from gemulator.scenario.replies.server_sent_events import parse_json

_DONE = "[DONE]"
_Kind: TypeAlias = type[Any]
_MEMBERS: Sequence[tuple[str, _Kind]] = (
    ("object", str),
    ("id", str),
    ("created", int),
    ("model", str),
    ("choices", list),
)
_ERROR_MEMBERS: Sequence[tuple[str, _Kind]] = (("code", int), ("message", str), ("status", str))
_TYPES: Mapping[_Kind, str] = {str: "a text", int: "a whole number", list: "a list", dict: "a mapping"}


def literal_faults(reply: LiteralReply) -> Iterator[str]:
    """Yield what no service would send in a literal reply."""
    if isinstance(reply, BodyReply):
        body = parse_json(reply.body) if isinstance(reply.body, str) else reply.body
        if reply.is_error:
            yield from _error_faults(body, reply.status)
        elif isinstance(body, dict):
            yield from _answer_faults(body, "chat.completion", "message")
            yield from _missing(body, "usage", dict)
        else:
            yield "it is no JSON object"
    elif isinstance(reply, EventsReply):
        yield from _events_faults(reply.written_events(), reply.status)


def _events_faults(events: Sequence[JSON], status: int) -> Iterator[str]:
    if status >= 400:
        yield f"a refusal with status {status} is a body, no stream"
    for number, event in enumerate(events, start=1):
        yield from _event_faults(event, number, len(events))
    chunks = [event for event in events if isinstance(event, dict)]
    if len({str(chunk["id"]) for chunk in chunks if "id" in chunk}) > 1:
        yield "the chunks have different ids"
    if not any("error" in chunk for chunk in chunks):
        yield from _end_faults(chunks, done=_DONE in events)


def _event_faults(event: JSON, number: int, count: int) -> Iterator[str]:
    if event == _DONE:
        if number < count:
            yield f"events follow `{_DONE}`, which is event {number}"
    elif not isinstance(event, dict):
        yield f"event {number} is no JSON object"
    elif "error" not in event:
        yield from (f"event {number}: {fault}" for fault in _answer_faults(event, "chat.completion.chunk", "delta"))


def _end_faults(chunks: Sequence[Mapping[str, JSON]], *, done: bool) -> Iterator[str]:
    if not any(choice.get("finish_reason") for chunk in chunks for choice in _choices(chunk)):
        yield "no chunk has a `finish_reason`"
    if not done:
        yield f"`{_DONE}` is missing at the end"


def _answer_faults(answer: Mapping[str, JSON], kind: str, content: str) -> Iterator[str]:
    """Yield the faults of a body or chunk whose `object` should be `kind`."""
    if "object" in answer and answer["object"] != kind:
        yield f"`object` is {answer['object']!r}, not {kind!r}"
    for name, expected in _MEMBERS:
        yield from _missing(answer, name, expected)
    if answer.get("choices") == [] and (content == "message" or "usage" not in answer):
        yield "`choices` is empty"
    for index, choice in enumerate(_choices(answer)):
        for fault in (*_missing(choice, "index", int), *_missing(choice, content, dict)):
            yield f"choices[{index}]: {fault}"
        if content == "message" and "finish_reason" not in choice:
            yield f"choices[{index}]: `finish_reason` is missing"


def _choices(answer: Mapping[str, JSON]) -> Sequence[Mapping[str, JSON]]:
    choices = answer.get("choices")
    return [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else ()


def _missing(tree: Mapping[str, JSON], name: str, expected: _Kind) -> Iterator[str]:
    """Yield a fault if a member is missing or has another type; a template may become any type."""
    value = tree.get(name)
    if name not in tree:
        yield f"`{name}` is missing"
    elif not isinstance(value, expected) and not (isinstance(value, str) and "{{" in value):
        yield f"`{name}` is not {_TYPES[expected]}"


def _error_faults(body: JSON, status: int) -> Iterator[str]:
    """Yield the faults of a refusal: an error, or on `endpoints/openapi` a list of one."""
    answer = body[0] if isinstance(body, list) and len(body) == 1 else body
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        yield "it has no `error` object"
        return
    for name, expected in _ERROR_MEMBERS:
        yield from (f"error: {fault}" for fault in _missing(error, name, expected))
    if isinstance(error.get("code"), int) and error["code"] != status:
        yield f"error: `code` is {error['code']}, but the status is {status}"
