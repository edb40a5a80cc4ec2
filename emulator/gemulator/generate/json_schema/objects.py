"""Object generation: required, optional and generated properties."""

import math
from collections.abc import Iterator
from typing import Any

from gemulator.generate.json_schema.backtracking import DeadEnd
from gemulator.generate.json_schema.conjunction import Conjunction
from gemulator.generate.json_schema.context import Generator, SchemaLocation
from gemulator.generate.json_schema.document import Sub
from gemulator.generate.json_schema.evaluator import SOME_PROPERTY, undeclared_names
from gemulator.generate.json_schema.json_value import is_number
from gemulator.generate.regex import matcher

_CHANCE_BY_DEPTH = (1.0, 0.6, 0.35, 0.15, 0.05)
_MAX_OPTIONAL = 8  # optional properties per object, on average
# Further keywords that limit the object or require properties.
_OBJECT_KEYWORDS = frozenset({"minProperties", "maxProperties", "propertyNames", "dependentRequired", "dependencies",
                              "patternProperties", "unevaluatedProperties", SOME_PROPERTY})  # fmt: skip
_MATCHES_PER_STEP = 16  # patterns that a name is compared with
_BRIEF_AFTER = 120  # number of values in the document after which optional properties are omitted


def generate(generator: Generator, conjunction: Conjunction, location: SchemaLocation) -> dict[str, Any]:
    """Return a valid object; raise DeadEnd if none was found."""
    return _ObjectBuilder(generator, conjunction, location).build()


class _ObjectBuilder:
    def __init__(self, generator: Generator, conjunction: Conjunction, location: SchemaLocation) -> None:
        self.generator = generator
        self.conjunction = conjunction
        self.location = location
        self.parts = conjunction.parts
        self.low = 0
        self.high: int | None = None
        self.names: list[Sub] = []
        self.dependents: list[dict[str, Any]] = []
        self.some_property: list[Any] = []
        if not conjunction.lacks(_OBJECT_KEYWORDS):
            self._read_object_keywords(conjunction)
        self.declared = _declared_names(conjunction)
        self.required = _required_names(conjunction)
        self.values: dict[str, Any] = {}

    def _read_object_keywords(self, conjunction: Conjunction) -> None:
        self.low = max((math.ceil(n) for n in conjunction.values("minProperties") if is_number(n)), default=0)
        self.high = min((math.floor(n) for n in conjunction.values("maxProperties") if is_number(n)), default=None)
        self.names = [part.sub(part.schema["propertyNames"]) for part in self.parts if "propertyNames" in part.schema]
        needs = (*conjunction.values("dependentRequired"), *conjunction.values("dependencies"))
        self.dependents = [found for found in needs if isinstance(found, dict)]
        self.some_property = conjunction.values(SOME_PROPERTY)

    def build(self) -> dict[str, Any]:
        if self.high is not None and max(self.low, len(self.required)) > self.high:
            raise self.location.dead_end("maxProperties", "more properties are required than maxProperties allows")
        for wanted in self.some_property:
            self._add_matching(Sub(wanted["names"], self.parts[0].scope), Sub(wanted["value"], self.parts[0].scope))
        for name in self.required:
            self._add(name)
        self._add_optional()
        self._fill()
        return self._in_order()

    def _add(self, name: str, extra: tuple[Sub, ...] = ()) -> None:
        """Add a property and the properties that it requires."""
        values = self.values
        if name in values:
            return
        if self.high is not None and len(values) >= self.high:
            raise self.location.dead_end("maxProperties", "more properties are required than maxProperties allows")
        if self.names and not all(self.generator.accepts(sub, name) for sub in self.names):
            raise self.location.dead_end("propertyNames", f"the property name {name} is not allowed")
        child = self.location.child("properties", name, name=name)
        values[name] = self.generator.value([*self._subs_of(name), *extra], child)
        for need in self._dependents(name) if self.dependents else ():
            self._add(need)

    def _try_add(self, name: str, extra: tuple[Sub, ...] = ()) -> bool:
        """Add an optional property; return False and undo on a dead end."""
        saved = dict(self.values)
        try:
            self._add(name, extra)
        except DeadEnd:
            self.values = saved
            return False
        return True

    def _add_optional(self) -> None:
        optional = [name for name in self.declared if name not in self.values]
        limit = self._chance(len(optional)) * 256
        if not limit and self.generator.hints is None:
            return
        draws = self.location.seed.child("optional").bytes(len(optional)) if limit else b""
        for number, name in enumerate(optional):
            if self.high is not None and len(self.values) >= self.high:
                return
            if (limit and draws[number] < limit) or self._is_suggested(name):
                self._try_add(name)

    def _chance(self, count: int) -> float:
        options, depth = self.generator.options, self.location.depth
        if options.optional >= 1:
            return 1.0
        if options.brief or self.generator.value_count > _BRIEF_AFTER or depth >= len(_CHANCE_BY_DEPTH):
            return 0.0
        return min(options.optional * _CHANCE_BY_DEPTH[depth], _MAX_OPTIONAL / max(count, 1))

    def _is_suggested(self, name: str) -> bool:
        """Return True if the prompt has a candidate for this property."""
        if (hints := self.generator.hints) is None:
            return False
        schemas = [sub.schema for sub in self._subs_of(name) if isinstance(sub.schema, dict)]
        return bool(schemas) and any(True for _ in hints.suggest(name, schemas[0]))

    def _dependents(self, name: str) -> Iterator[str]:
        for dependents in self.dependents:
            needs = dependents.get(name)
            yield from needs if isinstance(needs, list) else ()

    def _subs_of(self, name: str) -> list[Sub]:
        """Return the subschemas that apply to a property."""
        found = []
        for part in self.parts:
            schema = part.schema
            if "patternProperties" in schema:
                self.generator.spend(_length(schema["patternProperties"]) // _MATCHES_PER_STEP)
            if own := _property_subs(part, name):
                found += own
            elif "additionalProperties" in schema:
                found.append(Sub(schema["additionalProperties"], part.scope))
            elif "unevaluatedProperties" in schema and not self._is_evaluated(part, name):
                found.append(Sub(schema["unevaluatedProperties"], part.scope))
        return found

    def _is_evaluated(self, whole: Sub, name: str) -> bool:
        self.generator.spend(len(self.parts) // _MATCHES_PER_STEP)
        return any(part is not whole and part.is_within(whole) and _evaluates(part, name) for part in self.parts)

    def _fill(self) -> None:
        """Add properties up to `minProperties`, and one or two entries if the object is a map."""
        for name in self.declared if self.low else ():
            if len(self.values) >= self.low:
                break
            self._try_add(name)
        wanted = max(self.low, self._default_entries())
        if len(self.values) >= wanted:
            return
        for attempt in range(3 * max(wanted - len(self.values), 0) + 3):
            if len(self.values) >= wanted:
                return
            self.generator.spend(len(self.values) // _MATCHES_PER_STEP)
            if (new_name := self._invent_name(attempt, ())) is not None:
                self._try_add(new_name)
        if len(self.values) < self.low:
            raise self.location.dead_end("minProperties", "no further property was found that is valid")

    def _default_entries(self) -> int:
        if self.declared or self.values:
            return 0
        brief = self.generator.options.brief or self.generator.value_count > _BRIEF_AFTER or self.location.depth > 3
        is_map = any(
            isinstance(part.schema.get("additionalProperties"), dict) or any(part.schema.get("patternProperties") or ())
            for part in self.parts
        )
        if brief or not is_map:
            return 0
        default = self.location.seed.child("entries").between(1, 2)
        return default if self.high is None else min(default, self.high)

    def _add_matching(self, names: Sub, value: Sub) -> None:
        """Add a property whose name and value match, unless there is one."""
        fitting = [name for name in (*self.required, *self.declared) if self.generator.accepts(names, name)]
        if any(name in self.values and self.generator.accepts(value, self.values[name]) for name in fitting):
            return
        for name in dict.fromkeys(fitting):
            if name not in self.values and self._try_add(name, (value,)):
                return
        for attempt in range(4):
            found = self._invent_name(attempt, (names,))
            if found is not None and self._try_add(found, (value,)):
                return
        raise self.location.dead_end("not", "no property was found that violates the excluded schema")

    def _invent_name(self, attempt: int, extra: tuple[Sub, ...]) -> str | None:
        """Return a new name that the parts allow; None if none was found."""
        base = self.generator.document.base
        subs = [Sub({"type": "string", "minLength": 1}, base), *self.names, *extra, *self._open_names()]
        if self.values:
            subs.append(Sub({"not": {"enum": list(self.values)}}, base))
        if attempt % 2 == 0 and not extra:
            subs += self._pattern_names()
        location = self.location.property_name(str(attempt), str(len(self.values)))
        try:
            name = self.generator.value(subs, location)
        except DeadEnd:
            return None
        return name if isinstance(name, str) and name not in self.values else None

    def _open_names(self) -> Iterator[Sub]:
        """Yield subschemas for allowed names: listed ones in closed objects, none whose schema is false."""
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
                yield part.sub({"pattern": self.location.seed.child("patterns").pick(patterns)})
                return

    def _in_order(self) -> dict[str, Any]:
        listed = [name for name in self.conjunction.first("propertyOrdering", list) or () if isinstance(name, str)]
        values = self.values
        order = dict.fromkeys([*listed, *self.declared, *self.required, *values])
        return {name: values[name] for name in order if name in values}


def _length(value: Any) -> int:
    return len(value) if isinstance(value, dict | list) else 0


def _property_subs(part: Sub, name: str) -> list[Sub]:
    properties = part.schema.get("properties")
    found = [Sub(properties[name], part.scope)] if isinstance(properties, dict) and name in properties else []
    patterns = part.schema.get("patternProperties")
    if isinstance(patterns, dict):
        found += [part.sub(schema) for pattern, schema in patterns.items() if matcher(pattern)(name)]
    return found


def _evaluates(part: Sub, name: str) -> bool:
    if "additionalProperties" in part.schema or "unevaluatedProperties" in part.schema:
        return True
    return not undeclared_names(part.schema, (name,))


def _declared_names(conjunction: Conjunction) -> list[str]:
    schemas = [schemas for schemas in conjunction.values("properties") if isinstance(schemas, dict)]
    return list(dict.fromkeys(name for named in schemas for name, schema in named.items() if schema is not False))


def _required_names(conjunction: Conjunction) -> list[str]:
    listed = [names for names in conjunction.values("required") if isinstance(names, list)]
    return list(dict.fromkeys(name for names in listed for name in names if isinstance(name, str)))
