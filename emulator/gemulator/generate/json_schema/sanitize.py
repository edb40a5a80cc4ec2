"""Removal of malformed keywords, such as `minimum: "low"`, from schemas."""

import math
from collections.abc import Callable
from typing import Any

from gemulator.generate.json_schema.json_value import TYPES

_MAX_DEPTH = 200


def _is_schema(value: Any) -> bool:
    return isinstance(value, (dict, bool))


def _is_schemas(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_schema, value))


def _is_map(value: Any) -> bool:
    return isinstance(value, dict)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and (isinstance(value, int) or math.isfinite(value))
    )


def _is_size(value: Any) -> bool:
    return _is_number(value) and value >= 0 and value == int(value)


def _is_type(value: Any) -> bool:
    names = value if isinstance(value, list) else [value]
    return bool(names) and all(name in TYPES for name in names if isinstance(name, str)) and all(map(_is_text, names))


def _is_unique_strings(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len(set(value)) == len(value)


def _is_dependents(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_unique_strings(item) or _is_schema(item) for item in value.values())


def _for_each(check: Callable[[Any], bool], *keywords: str) -> dict[str, Callable[[Any], bool]]:
    return dict.fromkeys(keywords, check)


_CHECKS: dict[str, Callable[[Any], bool]] = {
    **_for_each(_is_map, "properties", "patternProperties", "$defs", "definitions", "dependentSchemas"),
    **_for_each(_is_schemas, "allOf", "anyOf", "oneOf", "prefixItems"),
    **_for_each(_is_schema, "not", "if", "then", "else", "contains", "propertyNames", "additionalProperties",
                "additionalItems", "unevaluatedItems", "unevaluatedProperties"),
    **_for_each(_is_size, "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
                "minContains", "maxContains"),
    **_for_each(_is_text, "pattern", "format", "$ref", "$dynamicRef", "$recursiveRef", "$id", "id", "$schema",
                "$anchor", "$dynamicAnchor", "title", "description", "contentEncoding",
                "contentMediaType", "$comment"),
    **_for_each(_is_number, "minimum", "maximum"),
    "exclusiveMinimum": lambda value: _is_number(value) or isinstance(value, bool),
    "exclusiveMaximum": lambda value: _is_number(value) or isinstance(value, bool),
    "multipleOf": lambda value: _is_number(value) and value > 0,
    "items": lambda value: _is_schema(value) or _is_schemas(value),
    "type": _is_type, "required": _is_unique_strings,
    "dependentRequired": _is_dependents, "dependencies": _is_dependents,
    "enum": lambda value: isinstance(value, list), "examples": lambda value: isinstance(value, list),
    "uniqueItems": lambda value: isinstance(value, bool),
}  # fmt: skip
_SCHEMA_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies")
_DATA = ("enum", "const", "default", "example", "examples")


def sanitize(schema: Any, depth: int = 0) -> Any:
    """Return a copy without malformed keywords; True if `schema` is not a schema."""
    if not isinstance(schema, dict) or depth > _MAX_DEPTH:
        return schema if isinstance(schema, bool) else True
    return {
        keyword: _sanitize_value(keyword, value, depth)
        for keyword, value in schema.items()
        if keyword not in _CHECKS or _CHECKS[keyword](value)
    }


def _sanitize_value(keyword: str, value: Any, depth: int) -> Any:
    if keyword in _DATA or keyword not in _CHECKS:
        return value
    if keyword in _SCHEMA_MAPS:
        return {name: item if isinstance(item, list) else sanitize(item, depth + 1) for name, item in value.items()}
    if isinstance(value, dict):
        return sanitize(value, depth + 1)
    if isinstance(value, list) and keyword not in ("type", "required"):
        return [sanitize(item, depth + 1) for item in value]
    return value
