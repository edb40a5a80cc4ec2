"""Parser of request bodies."""

from collections.abc import Mapping
from functools import lru_cache

import msgspec
import orjson
from msgspec import Raw
from msgspec.structs import replace

from gemulator.core.credentials import is_suspect
from gemulator.core.errors import RequestError
from gemulator.core.invalid_field import InvalidField, invalid_field_in
from gemulator.core.json_types import JSON, digest
from gemulator.core.plan import invalid, quote_value
from gemulator.request.body import NOTHING, ChatRequest
from gemulator.request.message import Message
from gemulator.request.parsed import OUTLINE, History, ParsedMessage, ParsedRequest, RequestEnvelope

_FIELDS = frozenset(ChatRequest.__struct_fields__)

_PROTO_TYPES = {
    "int_type": "TYPE_INT32",
    "int_from_float": "TYPE_INT32",
    "float_type": "TYPE_DOUBLE",
    "bool_type": "TYPE_BOOL",
    "string_type": "TYPE_STRING",
}

# JSON encoders stop at 254 levels, real schemas need less than half; Google's limit is reported to be 100.
_MAX_DEPTH = 200
_MAX_MESSAGE_DEPTH = _MAX_DEPTH - 2  # of a message
_CONTAINERS = (dict, list)  # a union would be built for each value of a body

_MAX_CACHED_PART = 32_000  # bytes of a cached envelope or history
_MAX_CACHED_MESSAGE = 2_000  # bytes of one message
_MESSAGE_START = b'{"role"'  # in the serialization of nearly every client
_PREFIX_LENGTH = 24  # bytes; a prefix that locates the messages in a body


_pieces = msgspec.json.Decoder(list[Raw])


def parse(raw: bytes) -> ParsedRequest:
    """Parse a body. Raises RequestError with Google's 400."""
    try:
        return _parse_parts(raw)
    except (ValueError, RecursionError):
        return _parse_whole(raw)  # finds the mistake, or reads an unusual layout


def _parse_parts(raw: bytes) -> ParsedRequest:
    """Parse a body from cached parts and the newest message. Raises ValueError or RecursionError."""
    messages = bytes(OUTLINE.decode(raw).messages)
    begin = raw.index(messages[:_PREFIX_LENGTH])
    if not raw.startswith(messages, begin):
        raise ValueError("the same bytes occur before the messages")
    before, after = raw[:begin], raw[begin + len(messages) :]
    envelope = (
        _cached_envelope(before, after)
        if len(before) + len(after) <= _MAX_CACHED_PART
        else _cached_envelope.__wrapped__(before, after)
    )
    last = _last_message_offset(messages)
    past = messages[:last]
    history = _cached_history(past) if last <= _MAX_CACHED_PART else _cached_history.__wrapped__(past)
    newest = _parse_message(messages[last:-1])
    return ParsedRequest(
        _with_messages(envelope.request, [*history.messages, newest.message]), envelope, history, newest, raw
    )


def _last_message_offset(messages: bytes) -> int:
    """Return the offset of the last message of an array. A wrong guess leaves invalid JSON on one side at least."""
    guess = messages.rfind(_MESSAGE_START)
    if guess > 0:
        return guess
    pieces = _pieces.decode(messages)
    return messages.rindex(bytes(pieces[-1])) if pieces else 1


@lru_cache(maxsize=128)
def _cached_envelope(before: bytes, after: bytes) -> RequestEnvelope:
    """Return the envelope around the messages."""
    body = orjson.loads(before + b"[]" + after)
    if body["messages"] or (_has_brackets(before + after, _MAX_DEPTH) and is_deeper(body, _MAX_DEPTH)):
        raise ValueError("another member `messages` follows, or the body is nested too deeply")
    envelope = _new_envelope(body, _convert({**body, "messages": [{"role": "user"}]}))
    envelope.suspect = is_suspect(before) or is_suspect(after)
    return envelope


def _new_envelope(body: Mapping[str, JSON], request: ChatRequest) -> RequestEnvelope:
    return RequestEnvelope(_with_messages(request, []), {**body, "messages": []})


@lru_cache(maxsize=64)
def _cached_history(raw: bytes) -> History:
    """Return the history of an array cut before its last message, with the trailing comma."""
    pieces = map(bytes, _pieces.decode(raw.rstrip().removesuffix(b",") + b"]"))
    return History.of(
        [_cached_message(piece) if len(piece) <= _MAX_CACHED_MESSAGE else _parse_message(piece) for piece in pieces]
    )


def _parse_message(raw: bytes) -> ParsedMessage:
    tree = orjson.loads(raw)
    if _has_brackets(raw, _MAX_MESSAGE_DEPTH) and is_deeper(tree, _MAX_MESSAGE_DEPTH):
        raise ValueError("too deep")
    return ParsedMessage(msgspec.convert(tree, Message), _digest(tree), is_suspect(raw))


_cached_message = lru_cache(maxsize=2048)(_parse_message)


def _digest(message: dict[str, JSON]) -> bytes:
    """Return the digest of a message without null members, which decide nothing."""
    if None in message.values():
        message = {key: value for key, value in message.items() if value is not None}
    return digest(message)


def _with_messages(request: ChatRequest, messages: list[Message]) -> ChatRequest:
    """Return the request with these messages."""
    filled = replace(request, messages=messages)
    if request.extra_fields is not NOTHING:
        filled.__dict__["extra_fields"] = request.extra_fields
    return filled


def _parse_whole(raw: bytes) -> ParsedRequest:
    """Parse a body in one piece. Raises RequestError that names the mistake."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        reason = str(error).split(": line")[0]
        if "valid UTF-8" in reason:
            reason = "the body is not valid UTF-8"
        invalid_field = InvalidField("json_invalid", (error.pos,), "JSON decode error", {}, {"error": reason})
        message = f"Invalid JSON payload received. {reason[:1].upper()}{reason[1:]}."
        cause, remedy = "the body is not valid JSON", "send one JSON object in UTF-8, not compressed"
        raise _malformed(message, invalid_field, cause, remedy) from None
    if not isinstance(body, dict):
        invalid_field = InvalidField("model_attributes_type", (), "Input should be a valid dictionary", body)
        message = "Invalid JSON payload received. Root element must be a message."
        cause, remedy = "the body is not a JSON object", "send an object with `model` and `messages`"
        raise _malformed(message, invalid_field, cause, remedy)
    if _has_brackets(raw, _MAX_DEPTH) and is_deeper(body, _MAX_DEPTH):
        invalid_field = InvalidField("recursion_loop", (), "Input is nested too deeply", None)
        message = "Invalid JSON payload received. Message too deep."
        cause, remedy = f"the body is nested deeper than {_MAX_DEPTH} levels", "nest schemas and arguments less"
        raise _malformed(message, invalid_field, cause, remedy)
    request = request_of(body)
    trees = map(_digest, body["messages"])
    *past, newest = [ParsedMessage(message, own) for message, own in zip(request.messages, trees, strict=True)]
    return ParsedRequest(request, _new_envelope(body, request), History.of(past), newest, raw)


def _malformed(message: str, invalid_field: InvalidField, cause: str, remedy: str) -> RequestError:
    """Return the error of a body that is no JSON object."""
    failure = invalid(message, invalid_field=invalid_field, cause=cause, remedy=remedy, name="malformed-json")
    return RequestError(failure)


def request_of(body: dict[str, JSON]) -> ChatRequest:
    """Convert a parsed body. Raises RequestError that names the invalid field."""
    try:
        return _convert(body)
    except msgspec.ValidationError as error:
        invalid_field = invalid_field_in(body, ChatRequest, str(error))
        name, message = _google_refusal(invalid_field)
        cause, remedy = invalid_field.hint
        failure = invalid(message, invalid_field.field, invalid_field, cause=cause, remedy=remedy, name=name)
        raise RequestError(failure) from None


def _convert(body: dict[str, JSON]) -> ChatRequest:
    request = msgspec.convert(body, ChatRequest)
    if not body.keys() <= _FIELDS:
        request.__dict__["extra_fields"] = {name: value for name, value in body.items() if name not in _FIELDS}
    return request


def _has_brackets(raw: bytes, levels: int) -> bool:
    """Return True if there are more than `levels` opening brackets: without them, no walk over all values is needed."""
    return len(raw) > 2 * levels and raw.count(b"{") + raw.count(b"[") > levels


def is_deeper(tree: JSON, levels: int) -> bool:
    """Return True if lists and objects are nested more than `levels` deep."""
    level: list[JSON] = [tree]
    for _ in range(levels):
        level = [inner for node in level for inner in (node.values() if isinstance(node, dict) else node)]
        level = [node for node in level if isinstance(node, _CONTAINERS)]
        if not level:
            return False
    return True


def _google_refusal(invalid_field: InvalidField) -> tuple[str, str]:
    """Return name and message of Google's refusal; a test compares it with `service/refusals`."""
    field = invalid_field.field
    if invalid_field.kind == "missing":
        return "missing-field", f"Missing required field '{field}'."
    if invalid_field.kind == "too_short":
        return "no-entries", f"Unable to submit request because at least one '{field}' entry is required."
    if invalid_field.kind == "literal_error":
        allowed = ", ".join(sorted(invalid_field.context["expected"].replace(" or ", ", ").split(", ")))
        return "not-one-of", f"Expected '{field}' to be one of: {allowed}; found {quote_value(invalid_field.value)}."
    value = orjson.dumps(invalid_field.value).decode()[:80]
    kind = _PROTO_TYPES.get(invalid_field.kind, "TYPE_MESSAGE")
    return "invalid-value", f"Invalid value at '{field}' ({kind}), {value}"
