"""Facts of a body that is refused before or while it is parsed."""

import re

import orjson

from gemulator.core.plan import Failure
from gemulator.engine.incoming import IncomingRequest
from gemulator.engine.worker import LARGE

_MODEL = re.compile(rb'\s*\{\s*"model"\s*:\s*"([^"\\]{1,200})"')


def is_encoded(incoming: IncomingRequest, failure: Failure) -> bool:
    """Return True if the body may not be valid JSON because it is compressed."""
    return (
        failure.invalid_field is not None
        and failure.invalid_field.kind == "json_invalid"
        and b"content-encoding" in incoming.headers
    )


def model_in(body: bytes) -> str:
    """Return the model that a refused body names, empty if it names none; in a large one, only at its beginning."""
    if len(body) > LARGE:
        found = _MODEL.match(body)
        return found[1].decode("utf-8", "replace") if found else ""
    try:
        tree = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    model = tree.get("model") if isinstance(tree, dict) else None
    return model if isinstance(model, str) else ""
