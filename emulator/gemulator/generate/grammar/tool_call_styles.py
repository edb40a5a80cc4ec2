"""Non-JSON notations for tool call arguments, one tag per field."""

from collections.abc import Mapping

from gemulator.core.json_types import JSON, dump_json

_FIELD_TEMPLATES: Mapping[str, str] = {
    "qwen_xml": "<parameter={name}>{value}</parameter>",
    "minimax_xml": '<parameter name="{name}">{value}</parameter>',
    "glm_xml": "<arg_key>{name}</arg_key><arg_value>{value}</arg_value>",
    "cohere_xml": '<cofl:value name="{name}" type="raw">{value}</cofl:value>',
}


def format_value(value: JSON, style: str) -> str:
    """Return the value in a style; JSON if it is not an object or the style is unknown."""
    if style not in _FIELD_TEMPLATES or not isinstance(value, dict):
        return dump_json(value)
    return "".join(_FIELD_TEMPLATES[style].format(name=name, value=_field_text(field)) for name, field in value.items())


def _field_text(field: JSON) -> str:
    return field if isinstance(field, str) else dump_json(field)
