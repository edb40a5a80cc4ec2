"""From the bytes of a body to a request, or to what Google says of bytes that are none."""

from collections.abc import Mapping
from functools import lru_cache

import msgspec
import orjson
from msgspec import Raw, Struct
from msgspec.structs import replace

from gemulator.core.errors import RequestError
from gemulator.core.invalid_field import InvalidField, invalid_field_in
from gemulator.core.json_types import JSON, digest
from gemulator.core.plan import invalid, quote_value
from gemulator.request.body import NOTHING, ChatRequest
from gemulator.request.message import Message
from gemulator.request.parsed import History, ParsedMessage, ParsedRequest, RequestEnvelope

_FIELDS = frozenset(ChatRequest.__struct_fields__)

_PROTO_TYPES = {
    "int_type": "TYPE_INT32",
    "int_from_float": "TYPE_INT32",
    "float_type": "TYPE_DOUBLE",
    "bool_type": "TYPE_BOOL",
    "string_type": "TYPE_STRING",
}

# Encoders stop at 254, and nobody's schema is half as deep; Google's own limit for messages is said to be 100.
_DEEPEST = 200
_WITHIN = _DEEPEST - 2  # of a message

_LARGEST = 32_000  # bytes of a frame or a history that is remembered
_LONGEST = 2_000  # bytes of one message
_BEGINNING = b'{"role"'  # of a message, as nearly every client writes it
_SOUGHT = 24  # bytes by which the messages are found in a body


class _Outline(Struct):
    messages: Raw


_outline = msgspec.json.Decoder(_Outline)
_pieces = msgspec.json.Decoder(list[Raw])


def parse(raw: bytes) -> ParsedRequest:
    """The request in a body. RequestError where Google would answer 400."""
    try:
        return _parse_parts(raw)
    except (ValueError, RecursionError):
        return _parse_whole(raw)  # wrong, and this says what is; or as no client writes it


def _parse_parts(raw: bytes) -> ParsedRequest:
    """The request, of parts that were here before but for the newest message. ValueError, RecursionError."""
    messages = bytes(_outline.decode(raw).messages)
    begin = raw.index(messages[:_SOUGHT])
    if not raw.startswith(messages, begin):
        raise ValueError("something before the messages begins as they do")
    before, after = raw[:begin], raw[begin + len(messages) :]
    frame = _frame(before, after) if len(before) + len(after) <= _LARGEST else _frame.__wrapped__(before, after)
    last = _last(messages)
    past = messages[:last]
    history = _history(past) if last <= _LARGEST else _history.__wrapped__(past)
    newest = _said.__wrapped__(messages[last:-1])
    return ParsedRequest(_filled(frame.request, [*history.messages, newest.message]), frame, history, newest, raw)


def _last(messages: bytes) -> int:
    """Where the last message of an array begins. A wrong guess leaves no JSON on either side."""
    guess = messages.rfind(_BEGINNING)
    if guess > 0:
        return guess
    pieces = _pieces.decode(messages)
    return messages.rindex(bytes(pieces[-1])) if pieces else 1


@lru_cache(maxsize=128)
def _frame(before: bytes, after: bytes) -> RequestEnvelope:
    """The frame that stands around messages."""
    body = orjson.loads(before + b"[]" + after)
    if body["messages"] or _deeper(body, _DEEPEST):
        raise ValueError("these are not the messages that count, or it is too deep")
    return _frame_of(body, _convert({**body, "messages": [{"role": "user"}]}))


def _frame_of(body: Mapping[str, JSON], request: ChatRequest) -> RequestEnvelope:
    return RequestEnvelope(_filled(request, []), {**body, "messages": []})


@lru_cache(maxsize=64)
def _history(raw: bytes) -> History:
    """The messages of an array that breaks off before its last one, with the comma."""
    pieces = map(bytes, _pieces.decode(raw.rstrip().removesuffix(b",") + b"]"))
    return History.of([_said(piece) if len(piece) <= _LONGEST else _said.__wrapped__(piece) for piece in pieces])


@lru_cache(maxsize=2048)
def _said(raw: bytes) -> ParsedMessage:
    tree = orjson.loads(raw)
    if len(raw) > 2 * _WITHIN and _deeper(tree, _WITHIN):
        raise ValueError("too deep")
    return ParsedMessage(msgspec.convert(tree, Message), _digest(tree))


def _digest(message: dict[str, JSON]) -> bytes:
    """Of a message; a null says nothing, so it decides nothing either."""
    if None in message.values():
        message = {key: value for key, value in message.items() if value is not None}
    return digest(message)


def _filled(request: ChatRequest, messages: list[Message]) -> ChatRequest:
    """The request with these messages."""
    filled = replace(request, messages=messages)
    if request.extra_fields is not NOTHING:
        filled.__dict__["extra_fields"] = request.extra_fields
    return filled


def _parse_whole(raw: bytes) -> ParsedRequest:
    """The request, read in one piece: RequestError says what is wrong with it."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        reason = str(error).split(": line")[0]
        if "valid UTF-8" in reason:
            reason = "the body is not valid UTF-8"
        misfit = InvalidField("json_invalid", (error.pos,), "JSON decode error", {}, {"error": reason})
        message = f"Invalid JSON payload received. {reason[:1].upper()}{reason[1:]}."
        raise RequestError(invalid(message, misfit=misfit)) from None
    if not isinstance(body, dict):
        misfit = InvalidField("model_attributes_type", (), "Input should be a valid dictionary", body)
        raise RequestError(invalid("Invalid JSON payload received. Root element must be a message.", misfit=misfit))
    if _deeper(body, _DEEPEST):
        misfit = InvalidField("recursion_loop", (), "Input is nested too deeply", None)
        raise RequestError(invalid("Invalid JSON payload received. Message too deep.", misfit=misfit))
    request = request_of(body)
    trees = map(_digest, body["messages"])
    *past, newest = [ParsedMessage(message, own) for message, own in zip(request.messages, trees, strict=True)]
    return ParsedRequest(request, _frame_of(body, request), History.of(past), newest, raw)


def request_of(body: dict[str, JSON]) -> ChatRequest:
    """The request in a body's tree. RequestError names the field that does not fit."""
    try:
        return _convert(body)
    except msgspec.ValidationError as error:
        misfit = invalid_field_in(body, ChatRequest, str(error))
        raise RequestError(invalid(_words(misfit), misfit.field, misfit)) from None


def _convert(body: dict[str, JSON]) -> ChatRequest:
    request = msgspec.convert(body, ChatRequest)
    if not body.keys() <= _FIELDS:
        request.__dict__["extra_fields"] = {name: value for name, value in body.items() if name not in _FIELDS}
    return request


def _deeper(tree: JSON, most: int) -> bool:
    """Whether lists and objects are nested in each other more than `most` times."""
    level: list[JSON] = [tree]
    for _ in range(most):
        level = [inner for node in level for inner in (node.values() if isinstance(node, dict) else node)]
        level = [node for node in level if isinstance(node, dict | list)]
        if not level:
            return False
    return True


def _words(misfit: InvalidField) -> str:
    field = misfit.field
    if misfit.kind == "missing":
        return f"Missing required field '{field}'."
    if misfit.kind == "too_short":
        return f"Unable to submit request because at least one '{field}' entry is required."
    if misfit.kind == "literal_error":
        allowed = ", ".join(sorted(misfit.context["expected"].replace(" or ", ", ").split(", ")))
        return f"Expected '{field}' to be one of: {allowed}; found {quote_value(misfit.value)}."
    saw = orjson.dumps(misfit.value).decode()[:80]
    return f"Invalid value at '{field}' ({_PROTO_TYPES.get(misfit.kind, 'TYPE_MESSAGE')}), {saw}"
