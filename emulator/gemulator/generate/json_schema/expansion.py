"""Work of a validator that follows each reference anew, counted without following any twice."""

from collections.abc import Iterator
from typing import Any

from gemulator.generate.json_schema.backtracking import DeadEnd
from gemulator.generate.json_schema.document import Document, Scope, Sub

_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLE = ("not", "if", "then", "else")
_MAPS = ("dependentSchemas", "dependencies")
_OF_VALUES = ("additionalProperties", "unevaluatedProperties")
_OF_ITEMS = ("items", "additionalItems", "contains", "unevaluatedItems")
_UNEVALUATED = ("unevaluatedProperties", "unevaluatedItems")
_OF_NAMES = ("properties", "patternProperties")
_IN_PLACE = frozenset(("$ref", "$dynamicRef", "$recursiveRef", *_LISTS, *_SINGLE, *_MAPS))
_INNER = frozenset((*_OF_NAMES, "propertyNames", "prefixItems", *_OF_VALUES, *_OF_ITEMS))


class Expansion:
    """Counter of the subschemas that a validator visits for one value, shared definitions once for each use."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._known: dict[tuple[int, int, Scope], int] = {}

    def steps(self, sub: Sub, value: Any) -> int:
        """Return the number of visits, an upper bound; raise RecursionError if references nest too deeply."""
        if not isinstance(sub.schema, dict):
            return 1
        key = (id(sub.schema), id(value), sub.scope)
        found = self._known.get(key)
        if found is None:
            self._known[key] = 0  # a validator ends a recursion that reads nothing of the value
            found = self._known[key] = self._count(self._document.with_inner_scope(sub), value)
        return found

    def compile_steps(self, sub: Sub) -> int:
        """Return the number of subschemas that are compiled for `unevaluated…`, an upper bound.

        Raises RecursionError if references nest too deeply.
        """
        if not isinstance(sub.schema, dict):
            return 1
        key = (id(sub.schema), 0, sub.scope)
        found = self._known.get(key)
        if found is None:
            self._known[key] = 0
            inner = self._document.with_inner_scope(sub)
            steps = 1 + sum([self.compile_steps(part) for part in (*self._in_place(inner), *_all_parts(inner))])
            found = self._known[key] = 2 * steps if any(keyword in sub.schema for keyword in _UNEVALUATED) else steps
        return found

    def _count(self, sub: Sub, value: Any) -> int:
        steps, schema = 1, sub.schema
        if not _IN_PLACE.isdisjoint(schema):
            steps += sum([self.steps(inner, value) for inner in self._in_place(sub)])
            if any(keyword in schema for keyword in _UNEVALUATED):
                steps *= 2  # it asks its neighbours again what they have evaluated
        if isinstance(value, dict | list) and not _INNER.isdisjoint(schema):
            steps += sum([self.steps(inner, part) for inner, part in _parts(sub, value)])
        return steps

    def _in_place(self, sub: Sub) -> Iterator[Sub]:
        """Yield the subschemas that apply to the same value."""
        schema = sub.schema
        if (target := self._target(sub)) is not None:
            yield target
        for keyword in _LISTS:
            if isinstance(listed := schema.get(keyword), list):
                yield from map(sub.sub, listed)
        for keyword in _SINGLE:
            if keyword in schema:
                yield sub.sub(schema[keyword])
        for keyword in _MAPS:
            if isinstance(named := schema.get(keyword), dict):
                yield from map(sub.sub, named.values())

    def _target(self, sub: Sub) -> Sub | None:
        document, schema = self._document, sub.schema
        try:
            if isinstance(ref := schema.get("$ref"), str):
                return document.resolve(ref, sub.scope)
            if isinstance(ref := schema.get("$dynamicRef"), str):
                return document.resolve_dynamic(ref, sub.scope)
        except DeadEnd:
            return None
        return document.resolve_recursive(sub.scope) if "$recursiveRef" in schema else None


def _parts(sub: Sub, value: Any) -> Iterator[tuple[Sub, Any]]:
    """Yield the subschemas that apply to members and items of the value, with these."""
    if isinstance(value, dict):
        yield from _members(sub, value)
    elif isinstance(value, list):
        schema = sub.schema
        for keyword in _OF_ITEMS:
            if isinstance(inner := schema.get(keyword), dict):
                yield from ((sub.sub(inner), item) for item in value)
        for keyword in ("prefixItems", "items"):
            if isinstance(listed := schema.get(keyword), list):
                yield from ((sub.sub(inner), item) for inner, item in zip(listed, value, strict=False))


def _members(sub: Sub, value: dict[str, Any]) -> Iterator[tuple[Sub, Any]]:
    schema = sub.schema
    if isinstance(properties := schema.get("properties"), dict):
        yield from ((sub.sub(properties[name]), item) for name, item in value.items() if name in properties)
    if isinstance(patterns := schema.get("patternProperties"), dict):
        yield from ((sub.sub(inner), item) for inner in patterns.values() for item in value.values())
    for keyword in _OF_VALUES:
        if isinstance(inner := schema.get(keyword), dict):
            yield from ((sub.sub(inner), item) for item in value.values())
    if isinstance(names := schema.get("propertyNames"), dict):
        yield from ((sub.sub(names), name) for name in value)


def _all_parts(sub: Sub) -> Iterator[Sub]:
    """Yield the subschemas that may apply to any member or item."""
    for keyword in _INNER:
        inner = sub.schema.get(keyword)
        if isinstance(inner, list):
            yield from map(sub.sub, inner)
        elif isinstance(inner, dict):
            yield from map(sub.sub, inner.values()) if keyword in _OF_NAMES else (sub.sub(inner),)
