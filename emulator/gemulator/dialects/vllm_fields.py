"""The fields of a request that only vLLM knows, and what it says of one that does not fit."""

from typing import Any

import msgspec

from gemulator.core.invalid_field import InvalidField, WireModel, invalid_field_in
from gemulator.request.body import ChatRequest


class StructuredOutputsParams(WireModel, frozen=True):
    """What `structured_outputs` may have."""

    __wire_name__ = "StructuredOutputsParams"

    json: str | dict[str, Any] | None = None
    regex: str | None = None
    choice: list[str] | None = None
    grammar: str | None = None
    json_object: bool | None = None
    structural_tag: str | dict[str, Any] | None = None


class Fields(WireModel, frozen=True):
    """The rest of them; what is not named here is ignored, as there."""

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


def misfit(request: ChatRequest) -> InvalidField | None:
    """What does not fit, if anything."""
    if not request.extra_fields:
        return None
    try:
        msgspec.convert(request.extra_fields, Fields, strict=False)  # "5" is a number for it
    except msgspec.ValidationError as error:
        return invalid_field_in(dict(request.extra_fields), Fields, str(error))
    return None
