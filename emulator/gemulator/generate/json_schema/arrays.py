"""Array generation: positional items, `contains` and `uniqueItems`."""

import math
from typing import Any

from gemulator.generate.json_schema.backtracking import DeadEnd
from gemulator.generate.json_schema.conjunction import Conjunction
from gemulator.generate.json_schema.context import Generator, SchemaLocation
from gemulator.generate.json_schema.document import Sub
from gemulator.generate.json_schema.json_value import is_number, key_of, positional_items
from gemulator.generate.json_schema.property_semantics import singular

_RETRIES = 4
_ITEMS_PER_STEP = 16  # items that a new one is compared with
_SIZE_KEYWORDS = frozenset({"minItems", "maxItems", "uniqueItems", "contains"})
_SHORT_AFTER = 150  # number of values in the document after which arrays are as short as possible


def generate(generator: Generator, conjunction: Conjunction, location: SchemaLocation) -> list[Any]:
    """Return a valid array; raise DeadEnd if none was found."""
    found = generator.suggestion(conjunction, "array", location)
    return found if isinstance(found, list) else _ArrayBuilder(generator, conjunction, location).build()


class _ArrayBuilder:
    def __init__(self, generator: Generator, conjunction: Conjunction, location: SchemaLocation) -> None:
        self.generator = generator
        self.location = location
        self.parts = conjunction.parts
        self.low = 0
        self.high: int | None = None
        self.unique = False
        self.contains: list[Sub] = []
        if not conjunction.lacks(_SIZE_KEYWORDS):
            self._read_bounds(conjunction)
        self.prefix = max([len(positional_items(part.schema)) for part in self.parts], default=0)
        self.items: list[Any] = []
        self.keys: set[Any] = set()

    def _read_bounds(self, conjunction: Conjunction) -> None:
        self.low = max((math.ceil(n) for n in conjunction.values("minItems") if is_number(n)), default=0)
        self.high = min((math.floor(n) for n in conjunction.values("maxItems") if is_number(n)), default=None)
        self.unique = True in conjunction.values("uniqueItems")
        self.contains = [part for part in self.parts if "contains" in part.schema]

    def build(self) -> list[Any]:
        if self.high is not None and self.low > self.high:
            raise self.location.dead_end("minItems", "minItems is greater than maxItems")
        self._add_contained()
        size = self._size()
        while len(self.items) < size:
            try:
                self._append(self._exclusions())
            except DeadEnd:
                if len(self.items) >= self.low:
                    break
                raise
        return self.items

    def _size(self) -> int:
        brief = self.generator.options.brief or self.generator.value_count > _SHORT_AFTER
        if brief:
            default = 0
        elif self.prefix:
            default = self.prefix
        else:
            default = self.location.seed.child("size").between(1, 3 if self.location.depth < 3 else 1)
        size = max(self.low, default)
        return size if self.high is None else min(size, self.high)

    def _add_contained(self) -> None:
        for part in self.contains:
            required = part.sub(part.schema["contains"])
            needed = part.schema.get("minContains", 1)
            while self._match_count(required) < needed:
                if self.high is not None and len(self.items) >= self.high:
                    raise self.location.dead_end("contains", "maxItems leaves no room for the items it requires")
                self._add_matching(required)

    def _add_matching(self, required: Sub) -> None:
        others = [sub for sub in self._unmet_contains() if sub.schema is not required.schema]
        ways = [[required, *others], [required, *self._other_exclusions(required)], [required]]
        if len(self.items) < self.prefix:
            ways.append([])  # this position may rule out such an item; a later one may allow it
        for extra in ways:
            try:
                self._append(extra)
                return
            except DeadEnd as dead_end:
                last = dead_end
        raise last

    def _unmet_contains(self) -> list[Sub]:
        """Return the unmet `contains` subschemas, of which one item may satisfy several."""
        subs = [(part, part.sub(part.schema["contains"])) for part in self.contains]
        return [sub for part, sub in subs if self._match_count(sub) < part.schema.get("minContains", 1)]

    def _other_exclusions(self, required: Sub) -> list[Sub]:
        return [sub for sub in self._exclusions() if sub.schema["not"] is not required.schema]

    def _exclusions(self) -> list[Sub]:
        """Return exclusions for further items where `maxContains` is, or may be, reached."""
        return [
            part.sub({"not": part.schema["contains"]})
            for part in self.contains
            if is_number(most := part.schema.get("maxContains"))
            if self._match_count(part.sub(part.schema["contains"])) >= most
            or part.schema.get("minContains", 1) <= self._match_count(part.sub(part.schema["contains"]))
        ]

    def _match_count(self, required: Sub) -> int:
        return sum(self.generator.accepts(required, item) for item in self.items)

    def _append(self, extra: list[Sub]) -> None:
        position = len(self.items)
        subs = [*self._item_subs(position), *extra]
        location = self.location.item(position, singular(self.location.name))
        value = self._unique_value(subs, location) if self.unique else self._unrepeated_value(subs, location)
        self.items.append(value)
        if self.unique:
            self.keys.add(key_of(value))

    def _unrepeated_value(self, subs: list[Sub], location: SchemaLocation) -> Any:
        """Return an item, avoiding repeated strings within a few retries, because repetition looks implausible."""
        for attempt in range(_RETRIES):
            value = self.generator.value(subs, location.retry(attempt))
            if not isinstance(value, str) or value not in self.items:
                break
        return value

    def _unique_value(self, subs: list[Sub], location: SchemaLocation) -> Any:
        for attempt in range(_RETRIES):
            value = self.generator.value(subs, location.retry(attempt))
            if key_of(value) not in self.keys:
                return value
        self.generator.spend(len(self.items) // _ITEMS_PER_STEP)
        others = Sub({"not": {"enum": list(self.items)}}, self.generator.document.base)
        return self.generator.value([*subs, others], location.retry(_RETRIES))

    def _item_subs(self, position: int) -> list[Sub]:
        found = []
        for part in self.parts:
            schema = part.schema
            first = positional_items(schema)
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
            part is not whole and part.is_within(whole) and _evaluates(part.schema, position) for part in self.parts
        )


def _evaluates(schema: dict[str, Any], position: int) -> bool:
    if position < len(positional_items(schema)) or isinstance(schema.get("items"), (dict, bool)):
        return True
    return "additionalItems" in schema or "unevaluatedItems" in schema
