"""Whether a value belongs to a subschema: asked while drawing, to decide `not`, `oneOf` and `if` on the spot.

The whole answer is checked by jsonschema-rs at the end; this one knows no `unevaluated*`, and formats only by name.
"""

from collections.abc import Callable, Sized
from fractions import Fraction
from typing import Any, TypeGuard

from gemulator.generate.json_schema.backtracking import DeadEnd
from gemulator.generate.json_schema.document import Document, Sub
from gemulator.generate.json_schema.json_value import equal, has_type, key_of
from gemulator.generate.regex import matcher

Check = Callable[["Evaluator", Any, Any, Sub], bool]

_DEEPEST = 60


def is_number(value: Any) -> TypeGuard[float]:
    """Whether it is a JSON number: a boolean is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def exactly(number: float) -> Fraction:
    """The number as it is written: 0.1 is a tenth."""
    return Fraction(repr(number)) if isinstance(number, float) else Fraction(number)


class Evaluator:
    """Answers for one document. `spend` is called once a subschema, so that the caller's budget holds here too."""

    def __init__(self, document: Document, spend: Callable[[int], None]) -> None:
        self.document = document
        self._spend = spend
        self._depth = 0

    def accepts(self, sub: Sub, value: Any) -> bool:
        """Whether `value` fits `sub`."""
        schema = sub.schema
        if not isinstance(schema, dict):
            return schema is not False
        if self._depth > _DEEPEST:
            return True
        self._spend(1)
        self._depth += 1
        here = self.document.entered(sub)
        try:
            if self.document.draft <= 7 and "$ref" in schema:
                return _reference(self, value, schema["$ref"], here)
            return self._passes(_CHECKS, here, value)
        finally:
            self._depth -= 1

    def admits_by_own(self, sub: Sub, value: Any) -> bool:
        """Whether `value` fits the keywords of `sub` that do not lead to other subschemas for the same value."""
        return self._passes(_OWN_CHECKS, sub, value)

    def _passes(self, checks: dict[str, Check], here: Sub, value: Any) -> bool:
        for keyword, wanted in here.schema.items():
            if keyword in checks and not checks[keyword](self, value, wanted, here):
                return False
        return True

    def all_admit(self, schemas: Any, scope: Sub, value: Any) -> bool:
        """Whether `value` fits all of a list of subschemas."""
        return all(self.accepts(Sub(schema, scope.scope), value) for schema in schemas)


def _reference(here: Evaluator, value: Any, ref: Any, sub: Sub) -> bool:
    if not isinstance(ref, str):
        return True
    try:
        return here.accepts(here.document.resolve(ref, sub.scope), value)
    except DeadEnd:
        return True


def _dynamic(here: Evaluator, value: Any, ref: Any, sub: Sub) -> bool:
    try:
        return here.accepts(here.document.resolve_dynamic(ref, sub.scope), value)
    except DeadEnd:
        return True


def _recursive(here: Evaluator, value: Any, ref: Any, sub: Sub) -> bool:
    return here.accepts(here.document.resolve_recursive(sub.scope), value)


def _type(here: Evaluator, value: Any, names: Any, sub: Sub) -> bool:
    return has_type(value, names)


def _enum(here: Evaluator, value: Any, items: Any, sub: Sub) -> bool:
    return any(equal(value, item) for item in items)


def _const(here: Evaluator, value: Any, wanted: Any, sub: Sub) -> bool:
    return equal(value, wanted)


def _bound(holds: Callable[[Any, Any], bool], strict: str | None = None) -> Check:
    def check(here: Evaluator, value: Any, limit: Any, sub: Sub) -> bool:
        if not is_number(value) or not is_number(limit):
            return True
        return holds(value, limit) and not (strict and sub.schema.get(strict) is True and value == limit)

    return check


def _size(kind: type[Sized], holds: Callable[[int, Any], bool]) -> Check:
    def check(here: Evaluator, value: Any, limit: Any, sub: Sub) -> bool:
        return not isinstance(value, kind) or not is_number(limit) or holds(len(value), limit)

    return check


def _multiple(here: Evaluator, value: Any, step: Any, sub: Sub) -> bool:
    if not is_number(value) or not is_number(step) or step == 0:
        return True
    return (exactly(value) / exactly(step)).denominator == 1


def _pattern(here: Evaluator, value: Any, pattern: Any, sub: Sub) -> bool:
    return not isinstance(value, str) or matcher(pattern)(value)


def _required(here: Evaluator, value: Any, names: Any, sub: Sub) -> bool:
    return not isinstance(value, dict) or not isinstance(names, list) or all(name in value for name in names)


def _properties(here: Evaluator, value: Any, schemas: Any, sub: Sub) -> bool:
    if not isinstance(value, dict):
        return True
    return all(here.accepts(Sub(schemas[name], sub.scope), value[name]) for name in value if name in schemas)


def _pattern_properties(here: Evaluator, value: Any, schemas: Any, sub: Sub) -> bool:
    if not isinstance(value, dict):
        return True
    return all(
        here.accepts(Sub(schema, sub.scope), item)
        for pattern, schema in schemas.items()
        for name, item in value.items()
        if matcher(pattern)(name)
    )


def undeclared(schema: Any, names: Any) -> list[str]:
    """Those of `names` that neither `properties` nor `patternProperties` of `schema` speak of."""
    declared = schema.get("properties") or {}
    patterns = [matcher(pattern) for pattern in schema.get("patternProperties") or ()]
    return [name for name in names if name not in declared and not any(matches(name) for matches in patterns)]


def _additional(here: Evaluator, value: Any, schema: Any, sub: Sub) -> bool:
    if not isinstance(value, dict):
        return True
    return all(here.accepts(Sub(schema, sub.scope), value[name]) for name in undeclared(sub.schema, value))


def _names(here: Evaluator, value: Any, schema: Any, sub: Sub) -> bool:
    return not isinstance(value, dict) or all(here.accepts(Sub(schema, sub.scope), name) for name in value)


def _dependents(here: Evaluator, value: Any, dependents: Any, sub: Sub) -> bool:
    if not isinstance(value, dict) or not isinstance(dependents, dict):
        return True
    for name, needs in dependents.items():
        if name not in value:
            continue
        if isinstance(needs, list):
            if any(need not in value for need in needs):
                return False
        elif not here.accepts(Sub(needs, sub.scope), value):
            return False
    return True


def first_items(schema: Any) -> list[Any]:
    """The subschemas of single positions, in any draft's spelling."""
    prefix = schema.get("prefixItems")
    if not isinstance(prefix, list):
        prefix = schema.get("items")
    return prefix if isinstance(prefix, list) else []


def _items(here: Evaluator, value: Any, schema: Any, sub: Sub) -> bool:
    if not isinstance(value, list):
        return True
    if isinstance(schema, list):
        return _prefix(here, value, schema, sub)
    rest = value[len(first_items(sub.schema)) :]
    return all(here.accepts(Sub(schema, sub.scope), item) for item in rest)


def _prefix(here: Evaluator, value: Any, schemas: Any, sub: Sub) -> bool:
    pairs = zip(schemas, value, strict=False) if isinstance(value, list) else ()
    return all(here.accepts(Sub(schema, sub.scope), item) for schema, item in pairs)


def _additional_items(here: Evaluator, value: Any, schema: Any, sub: Sub) -> bool:
    first = sub.schema.get("items")
    if not isinstance(value, list) or not isinstance(first, list):
        return True
    return all(here.accepts(Sub(schema, sub.scope), item) for item in value[len(first) :])


def _contains(here: Evaluator, value: Any, schema: Any, sub: Sub) -> bool:
    if not isinstance(value, list):
        return True
    hits = sum(here.accepts(Sub(schema, sub.scope), item) for item in value)
    return bool(sub.schema.get("minContains", 1) <= hits <= sub.schema.get("maxContains", hits))


def _unique(here: Evaluator, value: Any, wanted: Any, sub: Sub) -> bool:
    return wanted is not True or not isinstance(value, list) or len({key_of(item) for item in value}) == len(value)


def _all_of(here: Evaluator, value: Any, schemas: Any, sub: Sub) -> bool:
    return here.all_admit(schemas, sub, value)


def _any_of(here: Evaluator, value: Any, schemas: Any, sub: Sub) -> bool:
    return any(here.accepts(Sub(schema, sub.scope), value) for schema in schemas)


def _one_of(here: Evaluator, value: Any, schemas: Any, sub: Sub) -> bool:
    return sum(here.accepts(Sub(schema, sub.scope), value) for schema in schemas) == 1


def _not(here: Evaluator, value: Any, schema: Any, sub: Sub) -> bool:
    return not here.accepts(Sub(schema, sub.scope), value)


def _if(here: Evaluator, value: Any, schema: Any, sub: Sub) -> bool:
    branch = "then" if here.accepts(Sub(schema, sub.scope), value) else "else"
    return here.accepts(Sub(sub.schema.get(branch, True), sub.scope), value)


SOME_PROPERTY = "\0someProperty"
"""Made by `negation` only: {"names": schema, "value": schema}; an object has a property that fits both."""


def _some_property(here: Evaluator, value: Any, wanted: Any, sub: Sub) -> bool:
    if not isinstance(value, dict):
        return False
    names, schema = Sub(wanted["names"], sub.scope), Sub(wanted["value"], sub.scope)
    return any(here.accepts(names, name) and here.accepts(schema, item) for name, item in value.items())


_CHECKS: dict[str, Check] = {
    "$ref": _reference, "$dynamicRef": _dynamic, "$recursiveRef": _recursive,
    "type": _type, "enum": _enum, "const": _const, "multipleOf": _multiple, "pattern": _pattern,
    "minimum": _bound(lambda value, limit: value >= limit, "exclusiveMinimum"),
    "maximum": _bound(lambda value, limit: value <= limit, "exclusiveMaximum"),
    "exclusiveMinimum": _bound(lambda value, limit: value > limit),
    "exclusiveMaximum": _bound(lambda value, limit: value < limit),
    "minLength": _size(str, lambda size, limit: size >= limit),
    "maxLength": _size(str, lambda size, limit: size <= limit),
    "minItems": _size(list, lambda size, limit: size >= limit),
    "maxItems": _size(list, lambda size, limit: size <= limit),
    "minProperties": _size(dict, lambda size, limit: size >= limit),
    "maxProperties": _size(dict, lambda size, limit: size <= limit),
    "required": _required, "properties": _properties, "patternProperties": _pattern_properties,
    "additionalProperties": _additional, "propertyNames": _names, "dependentRequired": _dependents,
    "dependentSchemas": _dependents, "dependencies": _dependents, "items": _items, "prefixItems": _prefix,
    "additionalItems": _additional_items, "contains": _contains, "uniqueItems": _unique,
    "allOf": _all_of, "anyOf": _any_of, "oneOf": _one_of, "not": _not, "if": _if, SOME_PROPERTY: _some_property,
}  # fmt: skip
_LEADING = ("$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf", "oneOf", "not", "if", "dependentSchemas")
_OWN_CHECKS = {keyword: check for keyword, check in _CHECKS.items() if keyword not in _LEADING}
