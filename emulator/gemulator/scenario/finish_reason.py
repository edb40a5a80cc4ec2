"""Finish reasons by the names used in scenarios."""

import re
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, WithJsonSchema

# The service prefixes native reasons with OpenAI's word (fidelity.md, Finish reasons).
_NAMES = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "safety": "content_filter: SAFETY",
    "recitation": "content_filter: RECITATION",
    "prohibited_content": "content_filter: PROHIBITED_CONTENT",
    "blocklist": "content_filter: BLOCKLIST",
    "spii": "content_filter: SPII",
    "model_armor": "content_filter: MODEL_ARMOR",
    "image_safety": "content_filter: IMAGE_SAFETY",
    "image_prohibited_content": "content_filter: IMAGE_PROHIBITED_CONTENT",
    "image_recitation": "content_filter: IMAGE_RECITATION",
    "image_other": "content_filter: IMAGE_OTHER",
    "no_image": "content_filter: NO_IMAGE",
    "malformed_response": "content_filter: MALFORMED_RESPONSE",
    "continuation": "length: CONTINUATION",
    "too_many_tool_calls": "function_call_filter: TOO_MANY_TOOL_CALLS",
    "malformed_function_call": "function_call_filter: MALFORMED_FUNCTION_CALL",
    "unexpected_tool_call": "function_call_filter: UNEXPECTED_TOOL_CALL",
}
_LITERAL = r"^[a-z_]+: [A-Z_]+$"


def _service_value(name: str) -> str:
    if name not in _NAMES and not re.match(_LITERAL, name):
        raise ValueError(
            f"`{name}` is not a finish reason: use {', '.join(_NAMES)}, or one like `content_filter: OTHER`"
        )
    return _NAMES.get(name, name)


_DESCRIPTION = "Finish reason: stop, length, content_filter, malformed_function_call … Default: derived from the parts."

Finish: TypeAlias = Annotated[
    str,
    AfterValidator(_service_value),
    WithJsonSchema(
        {"description": _DESCRIPTION, "anyOf": [{"enum": list(_NAMES)}, {"type": "string", "pattern": _LITERAL}]}
    ),
]
