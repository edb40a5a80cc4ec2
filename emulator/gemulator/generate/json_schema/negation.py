"""Negation of schemas as alternatives that values can be generated for."""

from collections.abc import Callable, Iterator
from typing import Any

from gemulator.generate.json_schema.document import Document, Sub
from gemulator.generate.json_schema.evaluator import SOME_PROPERTY
from gemulator.generate.json_schema.json_value import TYPES, is_number, positional_items

Schema = dict[str, Any]

# Keywords whose negation cannot be rewritten: values are generated and compared.
_ATOMS = frozenset({"enum", "const", "pattern", "multipleOf", "format", "uniqueItems", "type"})


def is_atom(schema: Any) -> bool:
    """Return True if `not` of this schema cannot be simplified."""
    return isinstance(schema, dict) and len(schema) == 1 and not _ATOMS.isdisjoint(schema) and "type" not in schema


def negate(document: Document, sub: Sub) -> Sub:
    """Return a subschema of the values that `sub` rejects: an `anyOf` of the ways to violate it."""
    schema = sub.schema
    if not isinstance(schema, dict):
        return Sub(schema is False, sub.scope)
    scope = document.scope_inside(sub)
    if isinstance(ref := schema.get("$ref"), str):
        target = negate(document, document.resolve(ref, scope))
        if document.draft <= 7 or len(schema) == 1 or target.scope != scope:
            return target
        return Sub({"anyOf": [*_alternatives(schema), target.schema]}, scope)
    alternatives = list(_alternatives(schema))
    return Sub({"anyOf": alternatives} if alternatives else False, scope)


def _alternatives(schema: Schema) -> Iterator[Schema]:
    for keyword, value in schema.items():
        negation = _NEGATIONS.get(keyword)
        if negation is not None:
            yield from negation(value, schema)
        elif keyword in _ATOMS:
            yield {**_TYPE_OF_KEYWORD.get(keyword, {}), "not": {keyword: value}}


_TYPE_OF_KEYWORD: dict[str, Schema] = {
    "pattern": {"type": "string"},
    "multipleOf": {"type": "number"},
    "format": {"type": "string"},
    "uniqueItems": {"type": "array"},
}


def _not(schema: Any) -> Any:
    return not schema if isinstance(schema, bool) else {"not": schema}


def _type(names: Any, schema: Schema) -> Iterator[Schema]:
    listed = [names] if isinstance(names, str) else names
    others = [name for name in TYPES if name not in listed]
    if "number" in listed and "integer" in others:
        others.remove("integer")
    if "integer" in listed and "number" in others:
        others.remove("number")
        yield {"type": "number", "not": {"multipleOf": 1}}
    if others:
        yield {"type": others}


def _limit(kind: str, opposite: str, step: int) -> Callable[[Any, Schema], Iterator[Schema]]:
    def negation(limit: Any, schema: Schema) -> Iterator[Schema]:
        if is_number(limit):
            yield {"type": kind, opposite: limit + step}

    return negation


def _required(names: Any, schema: Schema) -> Iterator[Schema]:
    for name in names:
        yield {"type": "object", "properties": {name: False}}


def _properties(schemas: Any, schema: Schema) -> Iterator[Schema]:
    for name, inner in schemas.items():
        yield {"type": "object", "required": [name], "properties": {name: _not(inner)}}


def _some_property(names: Any, value: Any) -> Schema:
    return {"type": "object", SOME_PROPERTY: {"names": names, "value": value}}


def _pattern_properties(schemas: Any, schema: Schema) -> Iterator[Schema]:
    for pattern, inner in schemas.items():
        yield _some_property({"pattern": pattern}, _not(inner))


def _additional(inner: Any, schema: Schema) -> Iterator[Schema]:
    named: list[Schema] = [{"pattern": pattern} for pattern in schema.get("patternProperties") or ()]
    named.append({"enum": list(schema.get("properties") or ())})
    yield _some_property({"not": {"anyOf": named}}, _not(inner))


def _names(inner: Any, schema: Schema) -> Iterator[Schema]:
    yield _some_property(_not(inner), True)


def _dependents(dependents: Any, schema: Schema) -> Iterator[Schema]:
    for name, needs in dependents.items():
        if isinstance(needs, list):
            for need in needs:
                yield {"type": "object", "required": [name], "properties": {need: False}}
        else:
            yield {"type": "object", "required": [name], "not": needs}


def _items(inner: Any, schema: Schema) -> Iterator[Schema]:
    if isinstance(inner, list):
        yield from _prefix(inner, schema)
    elif first := positional_items(schema):
        yield {"type": "array", "minItems": len(first) + 1, "prefixItems": [*([True] * len(first)), _not(inner)]}
    else:
        yield {"type": "array", "contains": _not(inner)}


def _prefix(schemas: Any, schema: Schema) -> Iterator[Schema]:
    for position, inner in enumerate(schemas):
        yield {"type": "array", "minItems": position + 1, "prefixItems": [*([True] * position), _not(inner)]}


def _contains(inner: Any, schema: Schema) -> Iterator[Schema]:
    least, most = schema.get("minContains", 1), schema.get("maxContains")
    if least == 1:
        yield {"type": "array", "items": _not(inner)}
    elif least > 1:
        yield {"type": "array", "contains": inner, "minContains": 0, "maxContains": least - 1}
    if is_number(most):
        yield {"type": "array", "contains": inner, "minContains": most + 1}


def _all_of(schemas: Any, schema: Schema) -> Iterator[Schema]:
    for inner in schemas:
        yield {"not": inner}


def _any_of(schemas: Any, schema: Schema) -> Iterator[Schema]:
    yield {"allOf": [{"not": inner} for inner in schemas]}


def _one_of(schemas: Any, schema: Schema) -> Iterator[Schema]:
    yield from _any_of(schemas, schema)
    for last, inner in enumerate(schemas):
        for other in schemas[:last]:
            yield {"allOf": [inner, other]}


def _if(condition: Any, schema: Schema) -> Iterator[Schema]:
    if "then" in schema:
        yield {"allOf": [condition, {"not": schema["then"]}]}
    if "else" in schema:
        yield {"allOf": [{"not": condition}, {"not": schema["else"]}]}


def _double(inner: Any, schema: Schema) -> Iterator[Schema]:
    yield {"allOf": [inner]}


_NEGATIONS: dict[str, Callable[[Any, Schema], Iterator[Schema]]] = {
    "type": _type, "required": _required, "properties": _properties, "patternProperties": _pattern_properties,
    "additionalProperties": _additional, "propertyNames": _names, "dependentRequired": _dependents,
    "dependentSchemas": _dependents, "dependencies": _dependents, "items": _items, "prefixItems": _prefix,
    "contains": _contains, "allOf": _all_of, "anyOf": _any_of, "oneOf": _one_of, "if": _if, "not": _double,
    "minimum": _limit("number", "exclusiveMaximum", 0), "maximum": _limit("number", "exclusiveMinimum", 0),
    "exclusiveMinimum": _limit("number", "maximum", 0), "exclusiveMaximum": _limit("number", "minimum", 0),
    "minLength": _limit("string", "maxLength", -1), "maxLength": _limit("string", "minLength", 1),
    "minItems": _limit("array", "maxItems", -1), "maxItems": _limit("array", "minItems", 1),
    "minProperties": _limit("object", "maxProperties", -1), "maxProperties": _limit("object", "minProperties", 1),
}  # fmt: skip
