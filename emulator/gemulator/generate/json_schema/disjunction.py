"""Takes a list of subschemas apart into conjunctions of plain ones: one for each consistent choice of branches."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from gemulator.generate.json_schema.backtracking import Dangling, DeadEnd, NoObject
from gemulator.generate.json_schema.conjunction import Choice, Conjunction, Option, agree, is_without_objects
from gemulator.generate.json_schema.document import Document, Sub
from gemulator.generate.json_schema.negation import negated

_APPLICATORS = frozenset({"$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf", "oneOf", "if", "not",
                          "dependentSchemas", "dependencies"})  # fmt: skip
_DEPENDING = ("dependentSchemas", "dependencies")

Order: TypeAlias = Callable[[Choice], Sequence[Option]]
"""Puts the options of a choice in order of liking."""


class Branches:
    """The conjunctions of one document's subschemas."""

    def __init__(self, document: Document, spend: Callable[[int], None]) -> None:
        self._document = document
        self._spend = spend
        self.dangling: Dangling | None = None  # a branch that no choice can take
        self._without_objects = 0  # how many conjunctions were passed over, for no object fits them

    def plain(self, subs: Sequence[Sub]) -> Conjunction | None:
        """The conjunction of a single subschema that leads to no others: most are like that."""
        if len(subs) != 1 or not isinstance(subs[0].schema, dict) or not _APPLICATORS.isdisjoint(subs[0].schema):
            return None
        return Conjunction([self._document.entered(subs[0])], [], [])

    def conjunctions(self, subs: Sequence[Sub], order: Order) -> Iterator[Conjunction]:
        """Every consistent choice, lazily; `order` puts the options of a choice in order of liking.

        What speaks of properties and admits no object comes last: that other values fit it is seldom meant.
        Stuck is raised by the first step where no choice can help.
        """
        start = Conjunction([], [], [])
        for sub in subs:
            self._add(start, sub, None, ())
        before = self._without_objects
        for loose in (False, True):
            try:
                agree(start, loose)
                found = self._decide(start, order, loose)
                yield from (here for here in found if is_without_objects(here)) if loose else found
            except NoObject:
                self._without_objects += 1
            if self._without_objects == before:
                return

    def excluding(self, here: Conjunction, bar: Sub, order: Order) -> Iterator[Conjunction]:
        """The ways to break a bar of the conjunction."""
        there = Conjunction(list(here.parts), [other for other in here.bars if other is not bar], [])
        try:
            self._add(there, negated(self._document, bar), None, ())
            agree(there, True)
        except DeadEnd:
            return
        yield from self._decide(there, order, True)

    def _decide(self, here: Conjunction, order: Order, loose: bool) -> Iterator[Conjunction]:
        if not here.pending:
            yield here
            return
        for option in order(here.pending[0]):
            if (there := self._taken(here, option, loose)) is not None:
                yield from self._decide(there, order, loose)

    def _taken(self, here: Conjunction, option: Option, loose: bool) -> Conjunction | None:
        """The conjunction once its first choice is made; None where that leads nowhere."""
        parent = here.pending[0].parent
        there = Conjunction(list(here.parts), list(here.bars), here.pending[1:])
        try:
            for schema in option.barred:
                _bar(there, parent.sub(schema))
            for schema in option.wanted:
                self._add(there, parent.sub(schema), parent, ())
            if len(there.parts) > len(here.parts):
                self._spend(len(there.parts) // 2)
                agree(there, loose)
        except NoObject:
            self._without_objects += 1
        except Dangling as dangling:
            self.dangling = self.dangling or dangling
        except DeadEnd:
            pass
        else:
            return there
        return None

    def _add(self, into: Conjunction, sub: Sub, parent: Sub | None, seen: tuple[int, ...]) -> None:
        schema = sub.schema
        if not isinstance(schema, dict):
            if schema is False:
                raise DeadEnd((), "false admits no value")
            return
        self._spend(2)
        part = Sub(schema, self._document.enter(sub), parent)
        if _APPLICATORS.isdisjoint(schema):
            into.parts.append(part)
            return
        if not (self._document.draft <= 7 and "$ref" in schema):
            into.parts.append(part)
            self._open_choices(into, part)
            for inner in _list(schema, "allOf"):
                self._add(into, part.sub(inner), part, seen)
        target = self._target(part)
        if target is not None and id(target.schema) not in seen:
            self._add(into, target, part, (*seen, id(target.schema)))

    def _target(self, part: Sub) -> Sub | None:
        schema = part.schema
        if isinstance(ref := schema.get("$ref"), str):
            return self._document.resolve(ref, part.scope)
        if isinstance(ref := schema.get("$dynamicRef"), str):
            return self._document.resolve_dynamic(ref, part.scope)
        if isinstance(schema.get("$recursiveRef"), str):
            return self._document.resolve_recursive(part.scope)
        return None

    def _open_choices(self, into: Conjunction, part: Sub) -> None:
        schema = part.schema
        if any_of := _list(schema, "anyOf"):
            into.pending.append(Choice(part, tuple(Option((item,)) for item in any_of), "anyOf"))
        if one_of := _list(schema, "oneOf"):
            into.pending.append(Choice(part, tuple(_exclusive(one_of)), "oneOf"))
        if "if" in schema and ("then" in schema or "else" in schema):
            into.pending.append(Choice(part, _conditional(schema), "if"))
        if "not" in schema:
            _bar(into, part.sub(schema["not"]))
        for keyword in _DEPENDING:
            if isinstance(dependents := schema.get(keyword), dict):
                schemas = [(name, needs) for name, needs in dependents.items() if not isinstance(needs, list)]
                into.pending += [Choice(part, _dependent(name, needs), keyword) for name, needs in schemas]


def _bar(into: Conjunction, sub: Sub) -> None:
    if sub.schema is True or sub.schema == {}:
        raise DeadEnd(("not",), "every value is ruled out")
    if sub.schema is not False:
        into.bars.append(sub)


def _list(schema: dict[str, Any], keyword: str) -> list[Any]:
    found = schema.get(keyword)
    return found if isinstance(found, list) else []


def _exclusive(branches: list[Any]) -> Iterator[Option]:
    for number, branch in enumerate(branches):
        yield Option((branch,), (*branches[:number], *branches[number + 1 :]))


def _conditional(schema: dict[str, Any]) -> tuple[Option, ...]:
    condition = schema["if"]
    return Option((condition, schema.get("then", True))), Option((schema.get("else", True),), (condition,))


def _dependent(name: str, needs: Any) -> tuple[Option, ...]:
    return Option(({"properties": {name: False}},)), Option(({"required": [name]}, needs))
