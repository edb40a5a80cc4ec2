"""Draws objects: required properties first, optional ones by chance, and names where the schema gives none."""

import math
from collections.abc import Iterator
from typing import Any

from gemulator.generate.json_schema.backtracking import DeadEnd
from gemulator.generate.json_schema.conjunction import Conjunction
from gemulator.generate.json_schema.context import Generator, SchemaLocation
from gemulator.generate.json_schema.document import Sub
from gemulator.generate.json_schema.evaluator import SOME_PROPERTY, is_number, undeclared
from gemulator.generate.regex import matcher

_BY_DEPTH = (1.0, 0.6, 0.35, 0.15, 0.05)
_MANY = 8  # optional properties of one object, on average at most
# Keywords beside `properties` and `required` that put bounds on the object as a whole, or ask for more.
_RARE = frozenset({"minProperties", "maxProperties", "propertyNames", "dependentRequired", "dependencies",
                   "patternProperties", "unevaluatedProperties", SOME_PROPERTY})  # fmt: skip
_ENOUGH = 120  # values made so far, from which on optional properties are left out


def draw(drawing: Generator, here: Conjunction, place: SchemaLocation) -> dict[str, Any]:
    """An object that fits; Stuck where none was found."""
    return _Object(drawing, here, place).drawn()


class _Object:
    def __init__(self, drawing: Generator, here: Conjunction, place: SchemaLocation) -> None:
        self.drawing = drawing
        self.here = here
        self.place = place
        self.parts = here.parts
        self.low = 0
        self.high: int | None = None
        self.names: list[Sub] = []
        self.dependents: list[dict[str, Any]] = []
        self.wanted: list[Any] = []
        if not here.lacks(_RARE):
            self._read_rare(here)
        self.declared = _declared(here)
        self.required = _required(here)
        self.drawn_values: dict[str, Any] = {}

    def _read_rare(self, here: Conjunction) -> None:
        self.low = max((math.ceil(n) for n in here.values("minProperties") if is_number(n)), default=0)
        self.high = min((math.floor(n) for n in here.values("maxProperties") if is_number(n)), default=None)
        self.names = [part.sub(part.schema["propertyNames"]) for part in self.parts if "propertyNames" in part.schema]
        needs = (*here.values("dependentRequired"), *here.values("dependencies"))
        self.dependents = [found for found in needs if isinstance(found, dict)]
        self.wanted = here.values(SOME_PROPERTY)

    def drawn(self) -> dict[str, Any]:
        if self.high is not None and max(self.low, len(self.required)) > self.high:
            raise self.place.stuck("maxProperties", "more properties are required than are allowed")
        for wanted in self.wanted:
            self._put_some(Sub(wanted["names"], self.parts[0].scope), Sub(wanted["value"], self.parts[0].scope))
        for name in self.required:
            self._put(name)
        self._put_optional()
        self._fill()
        return self._in_order()

    def _put(self, name: str, extra: tuple[Sub, ...] = ()) -> None:
        """Adds a property, and those that it needs."""
        values = self.drawn_values
        if name in values:
            return
        if self.high is not None and len(values) >= self.high:
            raise self.place.stuck("maxProperties", "more properties are required than are allowed")
        if self.names and not all(self.drawing.accepts(sub, name) for sub in self.names):
            raise self.place.stuck("propertyNames", f"the name {name} is not allowed")
        inside = self.place.inside("properties", name, name=name)
        values[name] = self.drawing.value([*self._subs(name), *extra], inside)
        for need in self._dependents(name) if self.dependents else ():
            self._put(need)

    def _try(self, name: str, extra: tuple[Sub, ...] = ()) -> bool:
        """Adds an optional property, unless that leads nowhere."""
        before = dict(self.drawn_values)
        try:
            self._put(name, extra)
        except DeadEnd:
            self.drawn_values = before
            return False
        return True

    def _put_optional(self) -> None:
        optional = [name for name in self.declared if name not in self.drawn_values]
        limit = self._chance(len(optional)) * 256
        if not limit and self.drawing.hints is None:
            return
        draws = self.place.seed.child("optional").bytes(len(optional)) if limit else b""
        for number, name in enumerate(optional):
            if self.high is not None and len(self.drawn_values) >= self.high:
                return
            if (limit and draws[number] < limit) or self._is_offered(name):
                self._try(name)

    def _chance(self, count: int) -> float:
        manner, depth = self.drawing.manner, self.place.depth
        if manner.optional >= 1:
            return 1.0
        if manner.brief or self.drawing.made > _ENOUGH or depth >= len(_BY_DEPTH):
            return 0.0
        return min(manner.optional * _BY_DEPTH[depth], _MANY / max(count, 1))

    def _is_offered(self, name: str) -> bool:
        """Whether the prompt has something for this property."""
        if (hints := self.drawing.hints) is None:
            return False
        schemas = [sub.schema for sub in self._subs(name) if isinstance(sub.schema, dict)]
        return bool(schemas) and any(True for _ in hints.suggest(name, schemas[0]))

    def _dependents(self, name: str) -> Iterator[str]:
        for dependents in self.dependents:
            needs = dependents.get(name)
            yield from needs if isinstance(needs, list) else ()

    def _subs(self, name: str) -> list[Sub]:
        """What all parts say about the property of that name."""
        found = []
        for part in self.parts:
            schema = part.schema
            if own := _named(part, name):
                found += own
            elif "additionalProperties" in schema:
                found.append(Sub(schema["additionalProperties"], part.scope))
            elif "unevaluatedProperties" in schema and not self._is_evaluated(part, name):
                found.append(Sub(schema["unevaluatedProperties"], part.scope))
        return found

    def _is_evaluated(self, whole: Sub, name: str) -> bool:
        return any(part is not whole and part.is_within(whole) and _speaks_of(part, name) for part in self.parts)

    def _fill(self) -> None:
        """Adds properties up to `minProperties`; an entry or two where the object is a map."""
        for name in self.declared if self.low else ():
            if len(self.drawn_values) >= self.low:
                break
            self._try(name)
        wanted = max(self.low, self._usual_entries())
        if len(self.drawn_values) >= wanted:
            return
        for attempt in range(3 * max(wanted - len(self.drawn_values), 0) + 3):
            if len(self.drawn_values) >= wanted:
                return
            if (invented := self._invented(attempt, ())) is not None:
                self._try(invented)
        if len(self.drawn_values) < self.low:
            raise self.place.stuck("minProperties", "no further property is possible")

    def _usual_entries(self) -> int:
        if self.declared or self.drawn_values:
            return 0
        brief = self.drawing.manner.brief or self.drawing.made > _ENOUGH or self.place.depth > 3
        is_map = any(
            isinstance(part.schema.get("additionalProperties"), dict) or any(part.schema.get("patternProperties") or ())
            for part in self.parts
        )
        if brief or not is_map:
            return 0
        usual = self.place.seed.child("entries").between(1, 2)
        return usual if self.high is None else min(usual, self.high)

    def _put_some(self, names: Sub, value: Sub) -> None:
        """Adds a property of which the name and the value fit, unless there is one."""
        fitting = [name for name in (*self.required, *self.declared) if self.drawing.accepts(names, name)]
        if any(name in self.drawn_values and self.drawing.accepts(value, self.drawn_values[name]) for name in fitting):
            return
        for name in dict.fromkeys(fitting):
            if name not in self.drawn_values and self._try(name, (value,)):
                return
        for attempt in range(4):
            found = self._invented(attempt, (names,))
            if found is not None and self._try(found, (value,)):
                return
        raise self.place.stuck("not", "no property was found that breaks what is ruled out")

    def _invented(self, attempt: int, extra: tuple[Sub, ...]) -> str | None:
        """A new name that the parts allow."""
        base = self.drawing.document.base
        subs = [Sub({"type": "string", "minLength": 1}, base), *self.names, *extra, *self._open_names()]
        if self.drawn_values:
            subs.append(Sub({"not": {"enum": list(self.drawn_values)}}, base))
        if attempt % 2 == 0 and not extra:
            subs += self._pattern_names()
        place = self.place.of_name(str(attempt), str(len(self.drawn_values)))
        try:
            name = self.drawing.value(subs, place)
        except DeadEnd:
            return None
        return name if isinstance(name, str) and name not in self.drawn_values else None

    def _open_names(self) -> Iterator[Sub]:
        """Names that no part forbids: listed ones where a part is closed, none whose schema is false."""
        for part in self.parts:
            patterns = part.schema.get("patternProperties") or {}
            if part.schema.get("additionalProperties") is False:
                listed = [{"pattern": pattern} for pattern in patterns]
                yield part.sub({"anyOf": [*listed, {"enum": list(part.schema.get("properties") or ())}]})
            for pattern, schema in patterns.items():
                if schema is False:
                    yield part.sub({"not": {"pattern": pattern}})

    def _pattern_names(self) -> Iterator[Sub]:
        for part in self.parts:
            patterns = [p for p, schema in (part.schema.get("patternProperties") or {}).items() if schema is not False]
            if patterns:
                yield part.sub({"pattern": self.place.seed.child("patterns").pick(patterns)})
                return

    def _in_order(self) -> dict[str, Any]:
        listed = [name for name in self.here.first("propertyOrdering", list) or () if isinstance(name, str)]
        values = self.drawn_values
        order = dict.fromkeys([*listed, *self.declared, *self.required, *values])
        return {name: values[name] for name in order if name in values}


def _named(part: Sub, name: str) -> list[Sub]:
    properties = part.schema.get("properties")
    found = [Sub(properties[name], part.scope)] if isinstance(properties, dict) and name in properties else []
    patterns = part.schema.get("patternProperties")
    if isinstance(patterns, dict):
        found += [part.sub(schema) for pattern, schema in patterns.items() if matcher(pattern)(name)]
    return found


def _speaks_of(part: Sub, name: str) -> bool:
    if "additionalProperties" in part.schema or "unevaluatedProperties" in part.schema:
        return True
    return not undeclared(part.schema, (name,))


def _declared(here: Conjunction) -> list[str]:
    schemas = [schemas for schemas in here.values("properties") if isinstance(schemas, dict)]
    return list(dict.fromkeys(name for named in schemas for name, schema in named.items() if schema is not False))


def _required(here: Conjunction) -> list[str]:
    listed = [names for names in here.values("required") if isinstance(names, list)]
    return list(dict.fromkeys(name for names in listed for name in names if isinstance(name, str)))
