"""From the bytes of a body to a request, or to what Google says of bytes that are none."""

import re

import orjson
from pydantic import ValidationError

from emulator.errors import RequestError
from emulator.plan import Failure
from emulator.request import JSON, ChatRequest

_PROTO_TYPES = {
    "int_type": "TYPE_INT32",
    "int_from_float": "TYPE_INT32",
    "float_type": "TYPE_DOUBLE",
    "bool_type": "TYPE_BOOL",
    "string_type": "TYPE_STRING",
}


def invalid(message: str, field: str | None = None) -> Failure:
    """Google's 400 INVALID_ARGUMENT, with the field violation that its JSON front end adds."""
    if field is None:
        return Failure(400, "INVALID_ARGUMENT", message)
    violation = {"field": field, "description": message}
    details = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}
    return Failure(400, "INVALID_ARGUMENT", message, (details,), field=field)


def parse(raw: bytes) -> tuple[ChatRequest, dict[str, JSON]]:
    """The request in a body, and the body as a tree. RequestError where Google would answer 400."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        reason = str(error).split(": line")[0]
        raise RequestError(invalid(f"Invalid JSON payload received. {reason[:1].upper()}{reason[1:]}.")) from None
    if not isinstance(body, dict):
        raise RequestError(invalid("Invalid JSON payload received. Root element must be a message."))
    try:
        return ChatRequest.model_validate(body), body
    except ValidationError as error:
        raise RequestError(_refusal(error)) from None


_BRANCHES = {"str", "ImageUrl"}  # pydantic names the branch of a union in a location


def _refusal(error: ValidationError) -> Failure:
    # The last error belongs to the most specific branch of a union (a part, not the plain string).
    first = error.errors(include_url=False)
    problem = next((entry for entry in reversed(first) if entry["loc"][:1] == first[0]["loc"][:1]), first[0])
    steps = [step for step in problem["loc"] if step not in _BRANCHES and not re.match(r"(list|dict)\[", str(step))]
    field = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
    if problem["type"] == "missing":
        return invalid(f"Missing required field '{field}'.", field)
    if problem["type"] == "too_short":
        return invalid(f"Unable to submit request because at least one '{field}' entry is required.", field)
    if problem["type"] == "literal_error":
        allowed = ", ".join(sorted(problem["ctx"]["expected"].replace(" or ", ", ").split(", ")))
        return invalid(f"Expected '{field}' to be one of: {allowed}; found {problem['input']!r}.", field)
    kind = _PROTO_TYPES.get(problem["type"], "TYPE_MESSAGE")
    shown = orjson.dumps(problem["input"]).decode()[:80]
    return invalid(f"Invalid value at '{field}' ({kind}), {shown}", field)
