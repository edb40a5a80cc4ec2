"""Types of vLLM's own request fields."""

from typing import Any

import msgspec

from gemulator.core.invalid_field import InvalidField, WireModel, invalid_field_in
from gemulator.request.body import ChatRequest


class StructuredOutputsParams(WireModel, frozen=True):
    """Members of `structured_outputs`."""

    __wire_name__ = "StructuredOutputsParams"

    json: str | dict[str, Any] | None = None
    regex: str | None = None
    choice: list[str] | None = None
    grammar: str | None = None
    json_object: bool | None = None
    structural_tag: str | dict[str, Any] | None = None


class Fields(WireModel, frozen=True):
    """Request fields of vLLM; like vLLM, it ignores unknown ones."""

    __wire_name__ = "Fields"

    structured_outputs: StructuredOutputsParams | None = None
    guided_json: str | dict[str, Any] | None = None
    guided_regex: str | None = None
    guided_choice: list[str] | None = None
    guided_grammar: str | None = None
    structural_tag: str | dict[str, Any] | None = None
    chat_template_kwargs: dict[str, Any] | None = None
    include_reasoning: bool | None = None
    min_tokens: int | None = None
    ignore_eos: bool | None = None
    prompt_logprobs: int | None = None
    best_of: int | None = None
    echo: bool | None = None


def find_invalid_field(request: ChatRequest) -> InvalidField | None:
    """Return the first field with a wrong type, or None."""
    if not request.extra_fields:
        return None
    try:
        msgspec.convert(request.extra_fields, Fields, strict=False)  # vLLM accepts "5" as a number
    except msgspec.ValidationError as error:
        return invalid_field_in(dict(request.extra_fields), Fields, str(error))
    return None
