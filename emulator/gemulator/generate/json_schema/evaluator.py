"""Inline validator of subschemas, for `not`, `oneOf` and `if` during generation.

Ignores `unevaluated*` and `format`; jsonschema-rs validates the finished value.
"""

from collections.abc import Callable, Hashable, Iterator, Sized
from contextlib import suppress
from typing import Any

from gemulator.generate.json_schema.backtracking import DeadEnd
from gemulator.generate.json_schema.document import REFERENCES, Document, Scope, Sub
from gemulator.generate.json_schema.json_value import equal, exact, has_type, is_number, key_of, positional_items
from gemulator.generate.regex import matcher

Check = Callable[["Evaluator", Any, Any, Sub], bool]

_MAX_DEPTH = 64
_MEMO_AFTER = 200  # visits for one value, after which results are kept: definitions may be used many times
_MATCHES_PER_STEP = 16
_LONG = 16  # items of an enum that is searched by hash


class Evaluator:
    """Validator for one document; calls `spend` once per subschema to charge the caller's budget.

    `is_cut` is set if a value was accepted because its check nests too deeply.
    """

    def __init__(self, document: Document, spend: Callable[[int], None]) -> None:
        self.document = document
        self.spend = spend
        self.is_cut = False
        self._depth = 0
        self._visits = 0
        self._known: dict[tuple[int, int, Scope], bool] = {}
        self._enums: dict[int, tuple[list[Any], frozenset[Hashable]]] = {}

    def accepts(self, sub: Sub, value: Any) -> bool:
        """Return True if `value` is valid against `sub`."""
        schema = sub.schema
        if not isinstance(schema, dict):
            return schema is not False
        if self._depth > _MAX_DEPTH:
            self.is_cut = True
            return True
        self.spend(1)
        if not self._depth:
            self._visits = 0
            self._known.clear()
        self._visits += 1
        self._depth += 1
        try:
            if self._visits <= _MEMO_AFTER:
                return self._check(sub, value)
            key = (id(schema), id(value), sub.scope)
            if key not in self._known:
                self._known[key] = self._check(sub, value)
            return self._known[key]
        finally:
            self._depth -= 1

    def _check(self, sub: Sub, value: Any) -> bool:
        inner = self.document.with_inner_scope(sub)
        if _JOINING.isdisjoint(inner.schema):
            return self._check_keywords(_CHECKS, inner, value)
        return self._check_joined(inner, value)

    def _check_joined(self, sub: Sub, value: Any) -> bool:
        """Check the schemas that references and `allOf` join, each once: definitions may be shared."""
        pending, seen = [sub], set[tuple[int, Scope]]()
        while pending:
            part = self.document.with_inner_scope(pending.pop())
            key = (id(part.schema), part.scope)
            if key in seen:
                continue
            seen.add(key)
            if not self._is_lone_reference(part.schema) and not self._check_keywords(_CHECKS, part, value):
                return False
            for joined in self._joined(part):
                if isinstance(joined.schema, dict):
                    self.spend(1)
                    pending.append(joined)
                elif joined.schema is False:
                    return False
        return True

    def _is_lone_reference(self, schema: dict[str, Any]) -> bool:
        return "$ref" in schema and (self.document.draft <= 7 or len(schema) == 1)

    def _joined(self, part: Sub) -> Iterator[Sub]:
        schema, scope, document = part.schema, part.scope, self.document
        with suppress(DeadEnd):
            if isinstance(ref := schema.get("$ref"), str):
                yield document.resolve(ref, scope)
        if self._is_lone_reference(schema):
            return
        if isinstance(listed := schema.get("allOf"), list):
            yield from map(part.sub, listed)
        with suppress(DeadEnd):
            if isinstance(ref := schema.get("$dynamicRef"), str):
                yield document.resolve_dynamic(ref, scope)
        if "$recursiveRef" in schema:
            yield document.resolve_recursive(scope)

    def is_listed(self, value: Any, items: list[Any]) -> bool:
        """Return True if `value` equals one of the items."""
        if len(items) <= _LONG:
            return any(equal(value, item) for item in items)
        known = self._enums.get(id(items))
        if known is None:
            self.spend(len(items) // 64)
            known = self._enums[id(items)] = (items, frozenset(map(key_of, items)))
        return key_of(value) in known[1]

    def accepts_own_keywords(self, sub: Sub, value: Any) -> bool:
        """Return True if `value` is valid against the keywords of `sub`, in-place applicators left out."""
        return self._check_keywords(_OWN_KEYWORD_CHECKS, sub, value)

    def _check_keywords(self, checks: dict[str, Check], sub: Sub, value: Any) -> bool:
        for keyword, wanted in sub.schema.items():
            if keyword in checks and not checks[keyword](self, value, wanted, sub):
                return False
        return True


def _type(evaluator: Evaluator, value: Any, names: Any, sub: Sub) -> bool:
    return has_type(value, names)


def _enum(evaluator: Evaluator, value: Any, items: Any, sub: Sub) -> bool:
    return not isinstance(items, list) or evaluator.is_listed(value, items)


def _const(evaluator: Evaluator, value: Any, wanted: Any, sub: Sub) -> bool:
    return equal(value, wanted)


def _bound(holds: Callable[[Any, Any], bool], strict: str | None = None) -> Check:
    def check(evaluator: Evaluator, value: Any, limit: Any, sub: Sub) -> bool:
        if not is_number(value) or not is_number(limit):
            return True
        return holds(value, limit) and not (strict and sub.schema.get(strict) is True and value == limit)

    return check


def _size(kind: type[Sized], holds: Callable[[int, Any], bool]) -> Check:
    def check(evaluator: Evaluator, value: Any, limit: Any, sub: Sub) -> bool:
        return not isinstance(value, kind) or not is_number(limit) or holds(len(value), limit)

    return check


def _multiple(evaluator: Evaluator, value: Any, step: Any, sub: Sub) -> bool:
    if not is_number(value) or not is_number(step) or step == 0:
        return True
    return (exact(value) / exact(step)).denominator == 1


def _pattern(evaluator: Evaluator, value: Any, pattern: Any, sub: Sub) -> bool:
    return not isinstance(value, str) or matcher(pattern)(value)


def _required(evaluator: Evaluator, value: Any, names: Any, sub: Sub) -> bool:
    return not isinstance(value, dict) or not isinstance(names, list) or all(name in value for name in names)


def _properties(evaluator: Evaluator, value: Any, schemas: Any, sub: Sub) -> bool:
    if not isinstance(value, dict):
        return True
    return all(evaluator.accepts(Sub(schemas[name], sub.scope), value[name]) for name in value if name in schemas)


def _pattern_properties(evaluator: Evaluator, value: Any, schemas: Any, sub: Sub) -> bool:
    if not isinstance(value, dict):
        return True
    evaluator.spend(len(schemas) * len(value) // _MATCHES_PER_STEP)
    return all(
        evaluator.accepts(Sub(schema, sub.scope), item)
        for pattern, schema in schemas.items()
        for name, item in value.items()
        if matcher(pattern)(name)
    )


def undeclared_names(schema: Any, names: Any) -> list[str]:
    """Return the names that neither `properties` nor `patternProperties` of `schema` cover."""
    declared = schema.get("properties") or {}
    patterns = [matcher(pattern) for pattern in schema.get("patternProperties") or ()]
    return [name for name in names if name not in declared and not any(matches(name) for matches in patterns)]


def _additional(evaluator: Evaluator, value: Any, schema: Any, sub: Sub) -> bool:
    if not isinstance(value, dict):
        return True
    evaluator.spend(len(sub.schema.get("patternProperties") or ()) * len(value) // _MATCHES_PER_STEP)
    return all(evaluator.accepts(Sub(schema, sub.scope), value[name]) for name in undeclared_names(sub.schema, value))


def _names(evaluator: Evaluator, value: Any, schema: Any, sub: Sub) -> bool:
    return not isinstance(value, dict) or all(evaluator.accepts(Sub(schema, sub.scope), name) for name in value)


def _dependents(evaluator: Evaluator, value: Any, dependents: Any, sub: Sub) -> bool:
    if not isinstance(value, dict) or not isinstance(dependents, dict):
        return True
    for name, needs in dependents.items():
        if name not in value:
            continue
        if isinstance(needs, list):
            if any(need not in value for need in needs):
                return False
        elif not evaluator.accepts(Sub(needs, sub.scope), value):
            return False
    return True


def _items(evaluator: Evaluator, value: Any, schema: Any, sub: Sub) -> bool:
    if not isinstance(value, list):
        return True
    if isinstance(schema, list):
        return _prefix(evaluator, value, schema, sub)
    rest = value[len(positional_items(sub.schema)) :]
    return all(evaluator.accepts(Sub(schema, sub.scope), item) for item in rest)


def _prefix(evaluator: Evaluator, value: Any, schemas: Any, sub: Sub) -> bool:
    pairs = zip(schemas, value, strict=False) if isinstance(value, list) else ()
    return all(evaluator.accepts(Sub(schema, sub.scope), item) for schema, item in pairs)


def _additional_items(evaluator: Evaluator, value: Any, schema: Any, sub: Sub) -> bool:
    first = sub.schema.get("items")
    if not isinstance(value, list) or not isinstance(first, list):
        return True
    return all(evaluator.accepts(Sub(schema, sub.scope), item) for item in value[len(first) :])


def _contains(evaluator: Evaluator, value: Any, schema: Any, sub: Sub) -> bool:
    if not isinstance(value, list):
        return True
    hits = sum(evaluator.accepts(Sub(schema, sub.scope), item) for item in value)
    return bool(sub.schema.get("minContains", 1) <= hits <= sub.schema.get("maxContains", hits))


def _unique(evaluator: Evaluator, value: Any, wanted: Any, sub: Sub) -> bool:
    return wanted is not True or not isinstance(value, list) or len({key_of(item) for item in value}) == len(value)


def _any_of(evaluator: Evaluator, value: Any, schemas: Any, sub: Sub) -> bool:
    return any(evaluator.accepts(Sub(schema, sub.scope), value) for schema in schemas)


def _one_of(evaluator: Evaluator, value: Any, schemas: Any, sub: Sub) -> bool:
    return sum(evaluator.accepts(Sub(schema, sub.scope), value) for schema in schemas) == 1


def _not(evaluator: Evaluator, value: Any, schema: Any, sub: Sub) -> bool:
    return not evaluator.accepts(Sub(schema, sub.scope), value)


def _if(evaluator: Evaluator, value: Any, schema: Any, sub: Sub) -> bool:
    branch = "then" if evaluator.accepts(Sub(schema, sub.scope), value) else "else"
    return evaluator.accepts(Sub(sub.schema.get(branch, True), sub.scope), value)


SOME_PROPERTY = "\0someProperty"
"""Internal keyword of `negation`: {"names": schema, "value": schema}; some property must satisfy both."""


def _some_property(evaluator: Evaluator, value: Any, wanted: Any, sub: Sub) -> bool:
    if not isinstance(value, dict):
        return False
    names, schema = Sub(wanted["names"], sub.scope), Sub(wanted["value"], sub.scope)
    return any(evaluator.accepts(names, name) and evaluator.accepts(schema, item) for name, item in value.items())


_CHECKS: dict[str, Check] = {
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
    "anyOf": _any_of, "oneOf": _one_of, "not": _not, "if": _if, SOME_PROPERTY: _some_property,
}  # fmt: skip
_JOINING = frozenset((*REFERENCES, "allOf"))
_IN_PLACE = ("anyOf", "oneOf", "not", "if", "dependentSchemas")
_OWN_KEYWORD_CHECKS = {keyword: check for keyword, check in _CHECKS.items() if keyword not in _IN_PLACE}
