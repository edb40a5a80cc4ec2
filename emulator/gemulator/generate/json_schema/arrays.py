"""Draws arrays: single positions, the items that `contains` asks for, and no item twice where that is ruled out."""

import math
from typing import Any

from gemulator.generate.json_schema.backtracking import DeadEnd
from gemulator.generate.json_schema.conjunction import Conjunction
from gemulator.generate.json_schema.context import Generator, SchemaLocation
from gemulator.generate.json_schema.document import Sub
from gemulator.generate.json_schema.evaluator import first_items, is_number
from gemulator.generate.json_schema.json_value import key_of
from gemulator.generate.json_schema.property_semantics import singular

_REDRAWS = 4
_BOUNDING = frozenset({"minItems", "maxItems", "uniqueItems", "contains"})
_ENOUGH = 150  # values made so far, from which on arrays are as short as they may be


def draw(drawing: Generator, here: Conjunction, place: SchemaLocation) -> list[Any]:
    """An array that fits; Stuck where none was found."""
    found = drawing.suggested(here, "array", place)
    return found if isinstance(found, list) else _Array(drawing, here, place).drawn()


class _Array:
    def __init__(self, drawing: Generator, here: Conjunction, place: SchemaLocation) -> None:
        self.drawing = drawing
        self.place = place
        self.parts = here.parts
        self.low = 0
        self.high: int | None = None
        self.unique = False
        self.containing: list[Sub] = []
        if not here.lacks(_BOUNDING):
            self._read_bounds(here)
        self.prefix = max([len(first_items(part.schema)) for part in self.parts], default=0)
        self.items: list[Any] = []
        self.keys: set[Any] = set()

    def _read_bounds(self, here: Conjunction) -> None:
        self.low = max((math.ceil(n) for n in here.values("minItems") if is_number(n)), default=0)
        self.high = min((math.floor(n) for n in here.values("maxItems") if is_number(n)), default=None)
        self.unique = True in here.values("uniqueItems")
        self.containing = [part for part in self.parts if "contains" in part.schema]

    def drawn(self) -> list[Any]:
        if self.high is not None and self.low > self.high:
            raise self.place.stuck("minItems", "its bounds leave no array")
        self._draw_contained()
        wanted = self._size()
        while len(self.items) < wanted:
            try:
                self._append(self._barred())
            except DeadEnd:
                if len(self.items) >= self.low:
                    break
                raise
        return self.items

    def _size(self) -> int:
        brief = self.drawing.manner.brief or self.drawing.made > _ENOUGH
        if brief:
            usual = 0
        elif self.prefix:
            usual = self.prefix
        else:
            usual = self.place.seed.child("size").between(1, 3 if self.place.depth < 3 else 1)
        size = max(self.low, usual)
        return size if self.high is None else min(size, self.high)

    def _draw_contained(self) -> None:
        for part in self.containing:
            wanted = part.sub(part.schema["contains"])
            needed = part.schema.get("minContains", 1)
            while self._hits(wanted) < needed:
                if self.high is not None and len(self.items) >= self.high:
                    raise self.place.stuck("contains", "there is no room for the items it asks for")
                self._append_contained(wanted)

    def _append_contained(self, wanted: Sub) -> None:
        others = [sub for sub in self._containments() if sub.schema is not wanted.schema]
        ways = [[wanted, *others], [wanted, *self._full(wanted)], [wanted]]
        if len(self.items) < self.prefix:
            ways.append([])  # a single position that cannot be such an item: a later one may
        for extra in ways:
            try:
                self._append(extra)
                return
            except DeadEnd as stuck:
                last = stuck
        raise last

    def _containments(self) -> list[Sub]:
        """What `contains` still asks for: one item may do for several."""
        subs = [(part, part.sub(part.schema["contains"])) for part in self.containing]
        return [sub for part, sub in subs if self._hits(sub) < part.schema.get("minContains", 1)]

    def _full(self, wanted: Sub) -> list[Sub]:
        return [sub for sub in self._barred() if sub.schema["not"] is not wanted.schema]

    def _barred(self) -> list[Sub]:
        """What a further item must not be: `maxContains` is reached."""
        return [
            part.sub({"not": part.schema["contains"]})
            for part in self.containing
            if is_number(most := part.schema.get("maxContains"))
            if self._hits(part.sub(part.schema["contains"])) >= most
            or part.schema.get("minContains", 1) <= self._hits(part.sub(part.schema["contains"]))
        ]

    def _hits(self, wanted: Sub) -> int:
        return sum(self.drawing.accepts(wanted, item) for item in self.items)

    def _append(self, extra: list[Sub]) -> None:
        position = len(self.items)
        subs = [*self._subs(position), *extra]
        place = self.place.item(position, singular(self.place.name))
        value = self._distinct(subs, place) if self.unique else self._fresh(subs, place)
        self.items.append(value)
        if self.unique:
            self.keys.add(key_of(value))

    def _fresh(self, subs: list[Sub], place: SchemaLocation) -> Any:
        """An item that is not there yet, if that is easy to have: lists that say a thing twice look odd."""
        for attempt in range(_REDRAWS):
            value = self.drawing.value(subs, place.again(attempt))
            if not isinstance(value, str) or value not in self.items:
                break
        return value

    def _distinct(self, subs: list[Sub], place: SchemaLocation) -> Any:
        for attempt in range(_REDRAWS):
            value = self.drawing.value(subs, place.again(attempt))
            if key_of(value) not in self.keys:
                return value
        others = Sub({"not": {"enum": list(self.items)}}, self.drawing.document.base)
        return self.drawing.value([*subs, others], place.again(_REDRAWS))

    def _subs(self, position: int) -> list[Sub]:
        found = []
        for part in self.parts:
            schema = part.schema
            first = first_items(schema)
            if position < len(first):
                found.append(part.sub(first[position]))
            elif isinstance(schema.get("items"), (dict, bool)):
                found.append(part.sub(schema["items"]))
            elif isinstance(schema.get("items"), list) and "additionalItems" in schema:
                found.append(part.sub(schema["additionalItems"]))
            elif "unevaluatedItems" in schema and not self._is_evaluated(part, position):
                found.append(part.sub(schema["unevaluatedItems"]))
        return found

    def _is_evaluated(self, whole: Sub, position: int) -> bool:
        return any(
            part is not whole and part.is_within(whole) and _speaks_of(part.schema, position) for part in self.parts
        )


def _speaks_of(schema: dict[str, Any], position: int) -> bool:
    if position < len(first_items(schema)) or isinstance(schema.get("items"), (dict, bool)):
        return True
    return "additionalItems" in schema or "unevaluatedItems" in schema
