"""From the bytes of a body to a request, or to what Google says of bytes that are none."""

import msgspec
import orjson

from emulator.errors import RequestError
from emulator.misfit import Misfit, misfit_in
from emulator.plan import Failure
from emulator.request import JSON, ChatRequest

_FIELDS = frozenset(ChatRequest.__struct_fields__)

_PROTO_TYPES = {
    "int_type": "TYPE_INT32",
    "int_from_float": "TYPE_INT32",
    "float_type": "TYPE_DOUBLE",
    "bool_type": "TYPE_BOOL",
    "string_type": "TYPE_STRING",
}


def invalid(message: str, field: str | None = None, misfit: Misfit | None = None) -> Failure:
    """Google's 400 INVALID_ARGUMENT, with the field violation that its JSON front end adds."""
    if field is None:
        return Failure(400, "INVALID_ARGUMENT", message, misfit=misfit)
    violation = {"field": field, "description": message}
    details = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}
    return Failure(400, "INVALID_ARGUMENT", message, (details,), field=field, misfit=misfit)


# Encoders stop at 254, and nobody's schema is half as deep; Google's own limit for messages is said to be 100.
_DEEPEST = 200


def parse(raw: bytes) -> tuple[ChatRequest, dict[str, JSON]]:
    """The request in a body, and the body as a tree. RequestError where Google would answer 400."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        reason = str(error).split(": line")[0]
        misfit = Misfit("json_invalid", (error.pos,), "JSON decode error", {}, {"error": reason})
        message = f"Invalid JSON payload received. {reason[:1].upper()}{reason[1:]}."
        raise RequestError(invalid(message, misfit=misfit)) from None
    if not isinstance(body, dict):
        misfit = Misfit("model_attributes_type", (), "Input should be a valid dictionary", body)
        raise RequestError(invalid("Invalid JSON payload received. Root element must be a message.", misfit=misfit))
    if raw.count(b"{") + raw.count(b"[") > _DEEPEST and _deeper(body, _DEEPEST):
        misfit = Misfit("recursion_loop", (), "Input is nested too deeply", None)
        raise RequestError(invalid("Invalid JSON payload received. Message too deep.", misfit=misfit))
    return request_of(body), body


def request_of(body: dict[str, JSON]) -> ChatRequest:
    """The request in a body's tree. RequestError names the field that does not fit."""
    try:
        request = msgspec.convert(body, ChatRequest)
    except msgspec.ValidationError as error:
        misfit = misfit_in(body, ChatRequest, str(error))
        raise RequestError(invalid(_words(misfit), misfit.field, misfit)) from None
    if not body.keys() <= _FIELDS:
        request.__dict__["further"] = {name: value for name, value in body.items() if name not in _FIELDS}
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


def _words(misfit: Misfit) -> str:
    field = misfit.field
    if misfit.kind == "missing":
        return f"Missing required field '{field}'."
    if misfit.kind == "too_short":
        return f"Unable to submit request because at least one '{field}' entry is required."
    if misfit.kind == "literal_error":
        allowed = ", ".join(sorted(misfit.more["expected"].replace(" or ", ", ").split(", ")))
        return f"Expected '{field}' to be one of: {allowed}; found {misfit.saw!r}."
    shown = orjson.dumps(misfit.saw).decode()[:80]
    return f"Invalid value at '{field}' ({_PROTO_TYPES.get(misfit.kind, 'TYPE_MESSAGE')}), {shown}"
