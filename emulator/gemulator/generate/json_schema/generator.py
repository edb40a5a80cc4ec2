"""Backtracking value generator: chooses branches and a type, then generates."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from itertools import islice
from typing import Any

from gemulator.core.budget import Budget, ShareExceeded
from gemulator.generate.json_schema import arrays, numbers, objects, strings
from gemulator.generate.json_schema.backtracking import DeadEnd, OutOfWork, TooDeep
from gemulator.generate.json_schema.conjunction import Choice, Conjunction, Option, allowed_types, candidates
from gemulator.generate.json_schema.context import GenerationContext, GenerationOptions, SchemaLocation, leaf
from gemulator.generate.json_schema.disjunction import Branches, Order
from gemulator.generate.json_schema.document import Document, Sub
from gemulator.generate.json_schema.evaluator import Evaluator
from gemulator.generate.json_schema.json_value import TYPES
from gemulator.generate.json_schema.min_depth import MinDepths
from gemulator.generate.json_schema.negation import is_atom

_MAX_DEPTH = 40
_DEEP = 3  # from this depth on, the shallowest branches come first
_EXCLUSION_ROUNDS = 12
_RETRIES = 4
_MAX_CONJUNCTIONS = 40
_PER_STEP = 64  # enum members that are compared in one step
_FREE_TRIES = 8  # enum members that are validated in one step
_UNLIMITED = nullcontext()


class ValueGenerator:
    """Attempt at a value for a document, within a work budget."""

    def __init__(
        self,
        document: Document,
        min_depths: MinDepths,
        context: GenerationContext,
        options: GenerationOptions,
        budget: Budget,
    ) -> None:
        self.document = document
        self.context = context
        self.options = options
        self.hints = context.hints.fresh() if context.hints else None
        self.value_count = 0
        self.spend: Callable[[int], None] = budget.spend
        self._budget = budget
        self._min_depths = min_depths
        self._evaluator = Evaluator(document, budget.spend)
        self._listed: dict[int, tuple[Any, list[Any] | None]] = {}
        self._branches = Branches(document, budget.spend)

    def value(self, subs: Sequence[Sub], location: SchemaLocation) -> Any:
        """Return a value that all of `subs` accept; raise DeadEnd if none was found."""
        if location.depth > _MAX_DEPTH:
            raise TooDeep(location.path, f"values nest deeper than the limit of {_MAX_DEPTH} levels")
        self.value_count += 1
        self.spend(3)
        if (without_branches := self._branches.without_branches(subs)) is not None:
            return self._value_of_any_type(without_branches, location)
        order = self._order(location)
        try:
            return self._first_value(self._branches.conjunctions(subs, order), location, order, _EXCLUSION_ROUNDS)
        except DeadEnd as dead_end:
            if dead_end.path[: len(location.path)] != location.path:
                raise DeadEnd((*location.path, *dead_end.path), dead_end.reason) from None
            raise

    def accepts(self, sub: Sub, value: Any) -> bool:
        """Return True if `value` is valid against `sub`."""
        return self._evaluator.accepts(sub, value)

    def fits(self, conjunction: Conjunction, value: Any) -> bool:
        """Return True if `value` is valid against all parts and no atomic exclusion; `value()` breaks up the others."""
        for part in conjunction.parts:
            if not self._evaluator.accepts_own_keywords(part, value):
                return False
        return not any(is_atom(sub.schema) and self.accepts(sub, value) for sub in conjunction.exclusions)

    def suggestion(self, conjunction: Conjunction, kind: str, location: SchemaLocation) -> Any:
        """Return a value that the prompt offers and the parts accept; None if there is none."""
        if self.hints is None or not location.name:
            return None
        for value in self.hints.suggest(location.name, {**leaf(conjunction), "type": kind}):
            if value is not None and self.fits(conjunction, value):
                self.hints.take(value)
                return value
        return None

    def _first_value(self, found: Iterator[Conjunction], location: SchemaLocation, order: Order, rounds: int) -> Any:
        """Return a value of the first conjunction that does not end in a dead end."""
        last: DeadEnd | None = None
        for conjunction in islice(found, _MAX_CONJUNCTIONS):
            try:
                with self._share():
                    return self._value_with_exclusions(conjunction, location, order, rounds)
            except ShareExceeded:
                last = last or OutOfWork()
            except DeadEnd as dead_end:
                last = last or dead_end
        raise last or self._branches.dangling or location.dead_end("", "its subschemas contradict each other")

    def _share(self) -> AbstractContextManager[None]:
        """Return the limit of one alternative; ShareExceeded is raised if it needs more."""
        return _UNLIMITED if self.options.share is None else self._budget.share(self.options.share)

    def _value_with_exclusions(
        self, conjunction: Conjunction, location: SchemaLocation, order: Order, rounds: int
    ) -> Any:
        """Return a value that no exclusion accepts; an exclusion that accepts the generated value is broken up."""
        if not conjunction.exclusions:
            return self._value_of_any_type(conjunction, location)
        for attempt in range(_RETRIES):
            value = self._value_of_any_type(conjunction, location.retry(attempt))
            exclusion = next((sub for sub in conjunction.exclusions if self.accepts(sub, value)), None)
            if exclusion is None:
                return value
            if not is_atom(exclusion.schema) and rounds:
                narrowed = self._branches.excluding(conjunction, exclusion, order)
                return self._first_value(narrowed, location, order, rounds - 1)
        raise location.dead_end("not", "it excludes every generated value")

    def _order(self, location: SchemaLocation) -> Order:
        prefer_shallow = location.depth >= _DEEP or self.options.brief

        def order(choice: Choice) -> Sequence[Option]:
            options = choice.options
            if choice.keyword in ("dependentSchemas", "dependencies"):
                return options
            if prefer_shallow:
                return sorted(options, key=lambda option: self._option_depth(option, choice))
            start = location.seed.child(choice.keyword).below(len(options)) if options else 0
            rotated = (*options[start:], *options[:start])
            return sorted(rotated, key=_is_null) if choice.keyword != "if" else rotated

        return order

    def _option_depth(self, option: Option, choice: Choice) -> tuple[int, bool]:
        depth = max((self._min_depths.of(choice.parent.sub(schema)) for schema in option.included), default=0)
        return depth, _is_null(option)

    def _value_of_any_type(self, conjunction: Conjunction, location: SchemaLocation) -> Any:
        listed = self._candidates(conjunction)
        if listed is not None:
            return self._enum_member(conjunction, listed, location)
        last: DeadEnd | None = None
        for kind in _types_to_try(conjunction, location, self._is_deep(location)):
            try:
                with self._share():
                    return self._value_of_type(kind, conjunction, location)
            except ShareExceeded:
                last = last or OutOfWork()
            except DeadEnd as dead_end:
                last = last or dead_end
        raise last or location.dead_end("type", "no type satisfies all of the schemas that apply")

    def _candidates(self, conjunction: Conjunction) -> list[Any] | None:
        """Return the enum members that all parts allow, computed once for a single part; None if there is no enum."""
        if len(conjunction.parts) != 1:
            if (listed := candidates(conjunction)) is not None:
                self.spend(conjunction.size // _PER_STEP)
            return listed
        schema = conjunction.parts[0].schema
        if "enum" not in schema:
            return candidates(conjunction) if "const" in schema else None
        if id(schema) not in self._listed:
            self._listed[id(schema)] = schema, candidates(conjunction)
        return self._listed[id(schema)][1]

    def _is_deep(self, location: SchemaLocation) -> bool:
        return self.options.brief or location.depth >= _DEEP

    def _enum_member(self, conjunction: Conjunction, listed: list[Any], location: SchemaLocation) -> Any:
        kind = next((type_name for type_name in allowed_types(conjunction) or ("string",)), "string")
        if (found := self.suggestion(conjunction, kind, location)) is not None:
            return found
        start = location.seed.child("enum").below(len(listed)) if len(listed) > 1 else 0
        if listed and listed[start] is None:
            start += 1
        for offset in range(len(listed)):
            value = listed[(start + offset) % len(listed)]
            if offset % _FREE_TRIES == _FREE_TRIES - 1:
                self.spend(1)
            if self.fits(conjunction, value):
                return deepcopy(value) if isinstance(value, (dict, list)) else value  # the cached schema is shared
        raise location.dead_end("enum", "none of its values is valid under the other schemas that apply")

    def _value_of_type(self, kind: str, conjunction: Conjunction, location: SchemaLocation) -> Any:
        match kind:
            case "object":
                return objects.generate(self, conjunction, location)
            case "array":
                return arrays.generate(self, conjunction, location)
            case "string":
                return strings.generate(self, conjunction, location)
            case "integer" | "number":
                return numbers.generate(self, conjunction, location, kind)
            case "boolean":
                return self._boolean(conjunction, location)
            case _:
                return None

    def _boolean(self, conjunction: Conjunction, location: SchemaLocation) -> bool:
        if isinstance(default := conjunction.first("default", bool), bool) and location.seed.child("default").below(2):
            first = default
        else:
            first = location.seed.child("boolean").below(10) < 7
        return first if not conjunction.exclusions or self.fits(conjunction, first) else not first


_KEYWORDS = {
    "object": frozenset({"properties", "required", "additionalProperties", "patternProperties", "minProperties",
                         "maxProperties", "propertyNames", "dependentRequired", "unevaluatedProperties",
                         "\0someProperty"}),
    "array": frozenset({"items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains", "additionalItems",
                        "unevaluatedItems"}),
    "string": frozenset({"pattern", "minLength", "maxLength", "format"}),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
}  # fmt: skip


def _types_to_try(conjunction: Conjunction, location: SchemaLocation, prefer_shallow: bool) -> Sequence[str]:
    """Return the types to try, in order: the named ones, or those that keywords imply and then all others."""
    named = allowed_types(conjunction)
    if named is not None and len(named) == 1:
        return named
    if named is None:
        parts = conjunction.parts
        implied = [kind for kind, words in _KEYWORDS.items() if any(not words.isdisjoint(p.schema) for p in parts)]
        return list(dict.fromkeys([*implied, "string", "integer", *TYPES]))
    kinds = [kind for kind in named if kind != "null"]
    if len(kinds) > 1:
        if "number" in kinds and "integer" in kinds:
            kinds.remove("integer")
        start = location.seed.child("type").below(len(kinds))
        kinds = kinds[start:] + kinds[:start]
        if prefer_shallow:
            kinds.sort(key=lambda kind: kind in ("object", "array"))
    return [*kinds, "null"] if "null" in named else kinds


def _is_null(option: Option) -> bool:
    schema = option.included[0] if option.included else None
    return isinstance(schema, dict) and (schema.get("type") == "null" or schema.get("const", 0) is None)
