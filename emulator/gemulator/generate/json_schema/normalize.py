"""Normalization of OpenAPI, Gemini and programming-language spellings to JSON Schema."""

import json
import math
import re
from typing import Any

import orjson

from gemulator.core.errors import UnsatisfiableWithinDepth
from gemulator.generate.json_schema.json_value import TYPES

_SCHEMA_MAPS = frozenset({"properties", "$defs", "definitions", "defs", "patternProperties", "dependentSchemas"})
_SCHEMA_LISTS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_SCHEMAS = frozenset({"items", "additionalProperties", "additionalItems", "unevaluatedProperties", "unevaluatedItems",
                      "not", "if", "then", "else", "contains", "propertyNames"})  # fmt: skip
_SPELLINGS = {
    "any_of": "anyOf", "one_of": "oneOf", "all_of": "allOf", "additional_properties": "additionalProperties",
    "property_ordering": "propertyOrdering", "min_items": "minItems", "max_items": "maxItems",
    "min_length": "minLength", "max_length": "maxLength", "min_properties": "minProperties",
    "max_properties": "maxProperties", "prefix_items": "prefixItems",
}  # fmt: skip
_COUNTS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
_BOUNDS = frozenset({"minimum", "maximum"})
_LANGUAGE_TYPES = {
    "dict": "object", "map": "object", "float": "number", "double": "number", "int": "integer", "long": "integer",
    "str": "string", "bool": "boolean", "list": "array", "tuple": "array", "none": "null",
}  # fmt: skip
_INTEGER = re.compile(r"-?\d+")
_ESCAPED = re.compile(r"\\(.)")
# Signs of other spellings in a schema's text; a fixed prefix keeps each search fast.
_NONSTANDARD = (
    re.compile(rb'"type":(?!"(?:string|number|integer|boolean|array|object|null)")(?:"|\["[^"]*[A-Z])').search,
    re.compile(rb'"nullable":true').search,
    re.compile(rb'_of":\[').search,
    re.compile(rb'_(?:properties|items|length|ordering)":').search,
    re.compile(rb'"(?:min|max)(?:Items|Length|Properties|imum)":"').search,
    re.compile(rb"\\\\[<>]").search,
)


def encode(schema: Any) -> bytes:
    """Return the schema as JSON, the key of all caches; also for lone surrogates and huge integers.

    Raises UnsatisfiableWithinDepth if it nests deeper than JSON encoders go.
    """
    try:
        return orjson.dumps(schema)
    except (TypeError, ValueError) as error:
        if "Recursion limit" in str(error):
            raise UnsatisfiableWithinDepth("", "it nests deeper than the limit of 254 levels") from None
        text = json.dumps(schema, ensure_ascii=True, separators=(",", ":"), skipkeys=True, default=str)
        return text.encode()


def decode(text: bytes) -> Any:
    """Return a fresh copy of the schema that `encode` wrote."""
    try:
        return orjson.loads(text)
    except ValueError:
        return json.loads(text)


def rewrite_spelling(text: bytes, schema: Any) -> Any:
    """Return the normalised schema, given also the text that `encode` wrote."""
    for search in _NONSTANDARD:
        if search(text):
            return _rewrite(schema)
    return schema


def normalise(schema: Any) -> Any:
    """Return a copy in standard spelling, as Google's endpoint reads it (fidelity.md, §2).

    Rewrites upper-case and language type names, `nullable`, numbers written as strings, and `any_of` and the like.
    """
    text = encode(schema)
    return rewrite_spelling(text, decode(text))


def _rewrite(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_rewrite(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out: dict[str, Any] = {}
    for name, value in schema.items():
        keyword = str(_SPELLINGS.get(name, name))
        out[keyword] = _rewrite_value(keyword, value)
    if isinstance(out.get("type"), (str, list)):
        _normalise_type(out)
    return _with_null(out) if out.pop("nullable", None) is True else out


def _rewrite_value(keyword: str, value: Any) -> Any:
    if keyword in _SCHEMA_MAPS and isinstance(value, dict):
        respell = _respell_pattern if keyword == "patternProperties" else str
        return {respell(name): _rewrite(item) for name, item in value.items()}
    if keyword in _SCHEMA_LISTS or keyword in _SCHEMAS:
        return _rewrite(value)
    if keyword in _COUNTS and isinstance(value, str) and value.isdecimal():
        return int(value)
    if keyword in _BOUNDS and isinstance(value, str):
        return _number(value)
    if keyword == "pattern" and isinstance(value, str):
        return _respell_pattern(value)
    return value


def _respell_pattern(pattern: str) -> str:
    r"""Unescape `\<` and `\>`: literals in ECMA patterns, but word boundaries for the validator."""
    return _ESCAPED.sub(lambda found: found[1] if found[1] in "<>" else found[0], pattern)


def _number(text: str) -> Any:
    try:
        number = int(text) if _INTEGER.fullmatch(text) else float(text)
    except ValueError:
        return text
    return number if isinstance(number, int) or math.isfinite(number) else text


def _normalise_type(schema: dict[str, Any]) -> None:
    type_value = schema["type"]
    names = [type_value] if isinstance(type_value, str) else [name for name in type_value if isinstance(name, str)]
    known = [name for name in map(_type_name, names) if name in TYPES]
    if len(known) < len(names) or not known:
        del schema["type"]
        return
    schema["type"] = known[0] if isinstance(type_value, str) else list(dict.fromkeys(known))
    if schema["type"] in ("integer", "number") and isinstance(schema.get("enum"), list):
        # Gemini's Schema allows only strings in `enum`, also for numbers.
        schema["enum"] = [_number(item) if isinstance(item, str) else item for item in schema["enum"]]


def _type_name(name: str) -> str:
    lower = name.lower()
    return _LANGUAGE_TYPES.get(lower, lower)


def _with_null(schema: dict[str, Any]) -> dict[str, Any]:
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    elif isinstance(schema.get("type"), list) and "null" not in schema["type"]:
        schema["type"] = [*schema["type"], "null"]
    elif "type" not in schema and ("anyOf" in schema or "$ref" in schema):
        return {"anyOf": [schema, {"type": "null"}]}
    return schema
