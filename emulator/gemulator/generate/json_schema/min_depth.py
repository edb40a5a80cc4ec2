"""Minimum value depth of subschemas, which lets recursion end."""

from typing import Any

from gemulator.generate.json_schema.backtracking import DeadEnd
from gemulator.generate.json_schema.document import Document, Sub
from gemulator.generate.json_schema.json_value import is_number, positional_items

_MAX_DEPTH = 9
_MAX_ITEMS = 1_000_000


class MinDepths:
    """Minimum depths for one document, cached by the identity of its subschemas."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._ends: dict[tuple[int, int], bool] = {}
        self._alive: list[Any] = []

    def of(self, sub: Sub) -> int:
        """Return the levels below the value: 0 for a leaf, at most 9, also for endless recursion."""
        return next((limit for limit in range(_MAX_DEPTH) if self._ends_within(sub, limit)), _MAX_DEPTH)

    def _ends_within(self, sub: Sub, limit: int) -> bool:
        schema = sub.schema
        if not isinstance(schema, dict):
            return schema is not False
        if limit < 0:
            return False
        key = (id(schema), limit)
        if key not in self._ends:
            self._alive.append(schema)
            self._ends[key] = False  # a subschema that requires itself never ends
            self._ends[key] = self._all_end_within(Sub(schema, self._document.scope_inside(sub)), limit)
        return self._ends[key]

    def _all_end_within(self, sub: Sub, limit: int) -> bool:
        schema = sub.schema
        if "const" in schema or "enum" in schema:
            return True
        return (
            self._reference_ends_within(sub, limit)
            and all(self._ends_within(Sub(inner, sub.scope), limit) for inner in schema.get("allOf") or ())
            and self._a_branch_ends_within(sub, limit)
            and (_may_be_leaf(schema) or self._parts_end_within(sub, limit))
        )

    def _reference_ends_within(self, sub: Sub, limit: int) -> bool:
        ref = sub.schema.get("$ref") or sub.schema.get("$dynamicRef")
        try:
            return not isinstance(ref, str) or self._ends_within(self._document.resolve(ref, sub.scope), limit)
        except DeadEnd:
            return True

    def _a_branch_ends_within(self, sub: Sub, limit: int) -> bool:
        for keyword in ("anyOf", "oneOf"):
            branches = sub.schema.get(keyword)
            if isinstance(branches, list) and not any(
                self._ends_within(Sub(item, sub.scope), limit) for item in branches
            ):
                return False
        return True

    def _parts_end_within(self, sub: Sub, limit: int) -> bool:
        parts = [Sub(inner, sub.scope) for inner in _required_parts(sub.schema)]
        return all(self._ends_within(part, limit - 1) for part in parts)


def _may_be_leaf(schema: dict[str, Any]) -> bool:
    names = schema.get("type", ())
    listed = (names,) if isinstance(names, str) else names
    return any(name not in ("object", "array") for name in listed)


def _required_parts(schema: dict[str, Any]) -> list[Any]:
    properties = schema.get("properties")
    names = schema.get("required")
    found: list[Any] = []
    if isinstance(properties, dict) and isinstance(names, list):
        found += [properties[name] for name in names if isinstance(name, str) and name in properties]
    if is_number(least := schema.get("minItems")) and least > 0:
        found += positional_items(schema)[: int(min(least, _MAX_ITEMS))]
        if isinstance(schema.get("items"), dict):
            found.append(schema["items"])
    return found
