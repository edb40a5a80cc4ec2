"""Other ways to write an object than JSON: one tag for each of its fields, as some models call functions."""

from collections.abc import Mapping

import orjson

from gemulator.core.json_types import JSON

_FIELDS: Mapping[str, str] = {
    "qwen_xml": "<parameter={name}>{value}</parameter>",
    "minimax_xml": '<parameter name="{name}">{value}</parameter>',
    "glm_xml": "<arg_key>{name}</arg_key><arg_value>{value}</arg_value>",
    "cohere_xml": '<cofl:value name="{name}" type="raw">{value}</cofl:value>',
}


def styled(value: JSON, style: str) -> str:
    """The value in that style; as JSON where it is no object, or the style is not known."""
    if style not in _FIELDS or not isinstance(value, dict):
        return orjson.dumps(value).decode()
    return "".join(_FIELDS[style].format(name=name, value=_plain(field)) for name, field in value.items())


def _plain(field: JSON) -> str:
    return field if isinstance(field, str) else orjson.dumps(field).decode()
