"""How deep the smallest value of a subschema is: what a recursive schema needs to end."""

from typing import Any

from gemulator.generate.json_schema.backtracking import DeadEnd
from gemulator.generate.json_schema.document import Document, Sub
from gemulator.generate.json_schema.evaluator import first_items

_TALLEST = 9


class MinDepths:
    """Heights for one document, remembered by the identity of its subschemas."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._fits: dict[tuple[int, int], bool] = {}
        self._kept: list[Any] = []

    def of(self, sub: Sub) -> int:
        """Levels below the value: 0 for a leaf; a large number where it does not end soon."""
        return next((limit for limit in range(_TALLEST) if self._ends(sub, limit)), _TALLEST)

    def _ends(self, sub: Sub, limit: int) -> bool:
        schema = sub.schema
        if not isinstance(schema, dict):
            return schema is not False
        if limit < 0:
            return False
        key = (id(schema), limit)
        if key not in self._fits:
            self._kept.append(schema)
            self._fits[key] = False  # what needs itself does not end
            self._fits[key] = self._all_end(Sub(schema, self._document.enter(sub)), limit)
        return self._fits[key]

    def _all_end(self, sub: Sub, limit: int) -> bool:
        schema = sub.schema
        if "const" in schema or "enum" in schema:
            return True
        return (
            self._reference_ends(sub, limit)
            and all(self._ends(Sub(inner, sub.scope), limit) for inner in schema.get("allOf") or ())
            and self._some_branch_ends(sub, limit)
            and (_may_be_leaf(schema) or self._parts_end(sub, limit))
        )

    def _reference_ends(self, sub: Sub, limit: int) -> bool:
        ref = sub.schema.get("$ref") or sub.schema.get("$dynamicRef")
        try:
            return not isinstance(ref, str) or self._ends(self._document.resolve(ref, sub.scope), limit)
        except DeadEnd:
            return True

    def _some_branch_ends(self, sub: Sub, limit: int) -> bool:
        for keyword in ("anyOf", "oneOf"):
            branches = sub.schema.get(keyword)
            if isinstance(branches, list) and not any(self._ends(Sub(item, sub.scope), limit) for item in branches):
                return False
        return True

    def _parts_end(self, sub: Sub, limit: int) -> bool:
        parts = [Sub(inner, sub.scope) for inner in _needed(sub.schema)]
        return all(self._ends(part, limit - 1) for part in parts)


def _may_be_leaf(schema: dict[str, Any]) -> bool:
    names = schema.get("type", ())
    listed = (names,) if isinstance(names, str) else names
    return any(name not in ("object", "array") for name in listed)


def _needed(schema: dict[str, Any]) -> list[Any]:
    properties = schema.get("properties")
    names = schema.get("required")
    found: list[Any] = []
    if isinstance(properties, dict) and isinstance(names, list):
        found += [properties[name] for name in names if isinstance(name, str) and name in properties]
    if schema.get("minItems", 0):
        found += first_items(schema)[: schema["minItems"]]
        if isinstance(schema.get("items"), dict):
            found.append(schema["items"])
    return found
