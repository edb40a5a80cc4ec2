"""Draws one value: takes subschemas apart, picks a type, and has it made; backs out of choices that lead nowhere."""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from itertools import islice
from typing import Any

from gemulator.generate.json_schema import arrays, numbers, objects, strings
from gemulator.generate.json_schema.backtracking import Budget, DeadEnd
from gemulator.generate.json_schema.conjunction import Choice, Conjunction, Option, candidates, types_of
from gemulator.generate.json_schema.context import GenerationContext, GenerationOptions, SchemaLocation, leaf
from gemulator.generate.json_schema.disjunction import Branches, Order
from gemulator.generate.json_schema.document import Document, Sub
from gemulator.generate.json_schema.evaluator import Evaluator
from gemulator.generate.json_schema.json_value import TYPES
from gemulator.generate.json_schema.min_depth import MinDepths
from gemulator.generate.json_schema.negation import is_atom

_DEEPEST = 40
_DEEP = 3  # from here on, branches that end soonest go first
_ROUNDS = 12
_REDRAWS = 4
_MOST_CONJUNCTIONS = 40


class ValueGenerator:
    """One try at a value for a document, within a budget of work."""

    def __init__(
        self,
        document: Document,
        heights: MinDepths,
        setting: GenerationContext,
        manner: GenerationOptions,
        budget: Budget,
    ) -> None:
        self.document = document
        self.setting = setting
        self.manner = manner
        self.hints = setting.hints.fresh() if setting.hints else None
        self.made = 0
        self.spend: Callable[[int], None] = budget.spend
        self._heights = heights
        self._members = Evaluator(document, budget.spend)
        self._branches = Branches(document, budget.spend)

    def value(self, subs: Sequence[Sub], place: SchemaLocation) -> Any:
        """A value that all of `subs` admit; Stuck where none was found."""
        if place.depth > _DEEPEST:
            raise place.stuck("", "it needs more levels than can be drawn")
        self.made += 1
        self.spend(3)
        if (plain := self._branches.plain(subs)) is not None:
            return self._of_some_type(plain, place)
        order = self._order(place)
        try:
            return self._first(self._branches.conjunctions(subs, order), place, order, _ROUNDS)
        except DeadEnd as stuck:
            if stuck.path[: len(place.path)] != place.path:
                raise DeadEnd((*place.path, *stuck.path), stuck.reason) from None
            raise

    def accepts(self, sub: Sub, value: Any) -> bool:
        """Whether `value` fits `sub`."""
        return self._members.accepts(sub, value)

    def fits(self, here: Conjunction, value: Any) -> bool:
        """Whether `value` fits all parts, and is not one that a bar names: what else bars say, `value` breaks up."""
        for part in here.parts:
            if not self._members.admits_by_own(part, value):
                return False
        return not here.bars or not any(is_atom(bar.schema) and self.accepts(bar, value) for bar in here.bars)

    def suggested(self, here: Conjunction, kind: str, place: SchemaLocation) -> Any:
        """A value that the prompt offers and the parts admit; None where there is none."""
        if self.hints is None or not place.name:
            return None
        for value in self.hints.suggest(place.name, {**leaf(here), "type": kind}):
            if value is not None and self.fits(here, value):
                self.hints.take(value)
                return value
        return None

    def _first(self, found: Iterator[Conjunction], place: SchemaLocation, order: Order, rounds: int) -> Any:
        """A value of the first conjunction for which one can be drawn."""
        last: DeadEnd | None = None
        for here in islice(found, _MOST_CONJUNCTIONS):
            try:
                return self._unbarred(here, place, order, rounds)
            except DeadEnd as stuck:
                last = last or stuck
        raise last or self._branches.dangling or place.stuck("", "its branches contradict each other")

    def _unbarred(self, here: Conjunction, place: SchemaLocation, order: Order, rounds: int) -> Any:
        """A value of the conjunction that no bar admits. A bar that admits what was drawn is broken up."""
        if not here.bars:
            return self._of_some_type(here, place)
        for attempt in range(_REDRAWS):
            value = self._of_some_type(here, place.again(attempt))
            bar = next((bar for bar in here.bars if self.accepts(bar, value)), None)
            if bar is None:
                return value
            if not is_atom(bar.schema) and rounds:
                narrowed = self._branches.excluding(here, bar, order)
                return self._first(narrowed, place, order, rounds - 1)
        raise place.stuck("not", "every value that was drawn is one that is ruled out")

    def _order(self, place: SchemaLocation) -> Order:
        deep = place.depth >= _DEEP or self.manner.brief

        def order(choice: Choice) -> Sequence[Option]:
            options = choice.options
            if choice.keyword in ("dependentSchemas", "dependencies"):
                return options
            if deep:
                return sorted(options, key=lambda option: self._height(option, choice))
            start = place.seed.child(choice.keyword).below(len(options)) if options else 0
            turned = (*options[start:], *options[:start])
            return sorted(turned, key=_is_null) if choice.keyword != "if" else turned

        return order

    def _height(self, option: Option, choice: Choice) -> tuple[int, bool]:
        height = max((self._heights.of(choice.parent.sub(schema)) for schema in option.wanted), default=0)
        return height, _is_null(option)

    def _of_some_type(self, here: Conjunction, place: SchemaLocation) -> Any:
        listed = candidates(here)
        if listed is not None:
            return self._member(here, listed, place)
        last: DeadEnd | None = None
        for kind in _kinds(here, place, self._is_deep(place)):
            try:
                return self._of_type(kind, here, place)
            except DeadEnd as stuck:
                last = last or stuck
        raise last or place.stuck("type", "no type satisfies all of the schemas that apply")

    def _is_deep(self, place: SchemaLocation) -> bool:
        return self.manner.brief or place.depth >= _DEEP

    def _member(self, here: Conjunction, listed: list[Any], place: SchemaLocation) -> Any:
        kind = next((type_name for type_name in types_of(here) or ("string",)), "string")
        if (found := self.suggested(here, kind, place)) is not None:
            return found
        start = place.seed.child("enum").below(len(listed)) if len(listed) > 1 else 0
        turned = listed[start:] + listed[:start]
        if turned and turned[0] is None:
            turned = turned[1:] + turned[:1]
        for value in turned:
            if self.fits(here, value):
                return deepcopy(value) if isinstance(value, (dict, list)) else value  # the schema is shared
        raise place.stuck("enum", "none of its values fits the other schemas that apply")

    def _of_type(self, kind: str, here: Conjunction, place: SchemaLocation) -> Any:
        match kind:
            case "object":
                return objects.draw(self, here, place)
            case "array":
                return arrays.draw(self, here, place)
            case "string":
                return strings.draw(self, here, place)
            case "integer" | "number":
                return numbers.draw(self, here, place, kind)
            case "boolean":
                return self._boolean(here, place)
            case _:
                return None

    def _boolean(self, here: Conjunction, place: SchemaLocation) -> bool:
        if isinstance(default := here.first("default", bool), bool) and place.seed.child("default").below(2):
            first = default
        else:
            first = place.seed.child("boolean").below(10) < 7
        return first if not here.bars or self.fits(here, first) else not first


_KEYWORDS = {
    "object": frozenset({"properties", "required", "additionalProperties", "patternProperties", "minProperties",
                         "maxProperties", "propertyNames", "dependentRequired", "unevaluatedProperties",
                         "\0someProperty"}),
    "array": frozenset({"items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains", "additionalItems",
                        "unevaluatedItems"}),
    "string": frozenset({"pattern", "minLength", "maxLength", "format"}),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
}  # fmt: skip


def _kinds(here: Conjunction, place: SchemaLocation, deep: bool) -> Sequence[str]:
    """The types to try, in order: those that are named, else those that the keywords speak of, else any."""
    named = types_of(here)
    if named is not None and len(named) == 1:
        return named
    if named is None:
        implied = [kind for kind, words in _KEYWORDS.items() if any(not words.isdisjoint(p.schema) for p in here.parts)]
        return list(dict.fromkeys([*implied, "string", "integer", *TYPES]))
    kinds = [kind for kind in named if kind != "null"]
    if len(kinds) > 1:
        if "number" in kinds and "integer" in kinds:
            kinds.remove("integer")
        start = place.seed.child("type").below(len(kinds))
        kinds = kinds[start:] + kinds[:start]
        if deep:
            kinds.sort(key=lambda kind: kind in ("object", "array"))
    return [*kinds, "null"] if "null" in named else kinds


def _is_null(option: Option) -> bool:
    schema = option.wanted[0] if option.wanted else None
    return isinstance(schema, dict) and (schema.get("type") == "null" or schema.get("const", 0) is None)
