"""Expansion of subschemas into one conjunction per consistent choice of branches."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from gemulator.generate.json_schema.backtracking import Dangling, DeadEnd, NoObject
from gemulator.generate.json_schema.conjunction import Choice, Conjunction, Option, check_consistency, excludes_objects
from gemulator.generate.json_schema.document import Document, Sub
from gemulator.generate.json_schema.negation import negate

_APPLICATORS = frozenset({"$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf", "oneOf", "if", "not",
                          "dependentSchemas", "dependencies"})  # fmt: skip
_SHARED_AFTER = 200  # subschemas of one conjunction
_PER_STEP = 64  # options, properties or enum members that are looked through in one step
_DEPENDENT_KEYWORDS = ("dependentSchemas", "dependencies")

Order: TypeAlias = Callable[[Choice], Sequence[Option]]
"""Function that sorts the options of a choice, preferred ones first."""


class Branches:
    """Branch expansion for the subschemas of one document."""

    def __init__(self, document: Document, spend: Callable[[int], None]) -> None:
        self._document = document
        self._spend = spend
        self.dangling: Dangling | None = None  # the first unresolvable branch
        self._object_conflicts = 0  # conjunctions skipped because no object satisfies them

    def without_branches(self, subs: Sequence[Sub]) -> Conjunction | None:
        """Return the conjunction of a single subschema without branches, the most common case; None otherwise."""
        if len(subs) != 1 or not isinstance(subs[0].schema, dict) or not _APPLICATORS.isdisjoint(subs[0].schema):
            return None
        return Conjunction([self._document.with_inner_scope(subs[0])], [], [])

    def conjunctions(self, subs: Sequence[Sub], order: Order) -> Iterator[Conjunction]:
        """Yield the conjunction of every consistent choice; `order` sorts the options of each.

        Those that describe properties but accept no object come last, because other types are seldom intended.
        Raises DeadEnd on the first step if no choice can help.
        """
        start = Conjunction([], [], [])
        for sub in subs:
            self._add(start, sub, None, ())
        before = self._object_conflicts
        for loose in (False, True):
            try:
                check_consistency(start, loose)
                found = self._decide(start, order, loose)
                yield from (conjunction for conjunction in found if excludes_objects(conjunction)) if loose else found
            except NoObject:
                self._object_conflicts += 1
            if self._object_conflicts == before:
                return

    def excluding(self, conjunction: Conjunction, exclusion: Sub, order: Order) -> Iterator[Conjunction]:
        """Yield the conjunction with the exclusion replaced by each way to violate it."""
        others = [other for other in conjunction.exclusions if other is not exclusion]
        extended = Conjunction(list(conjunction.parts), others, [])
        try:
            self._add(extended, negate(self._document, exclusion), None, ())
            check_consistency(extended, True)
        except DeadEnd:
            return
        yield from self._decide(extended, order, True)

    def _decide(self, conjunction: Conjunction, order: Order, loose: bool) -> Iterator[Conjunction]:
        if not conjunction.pending:
            yield conjunction
            return
        self._spend(len(conjunction.pending[0].options) // _PER_STEP)
        for option in order(conjunction.pending[0]):
            if (extended := self._choose(conjunction, option, loose)) is not None:
                yield from self._decide(extended, order, loose)

    def _choose(self, conjunction: Conjunction, option: Option, loose: bool) -> Conjunction | None:
        """Return the conjunction with its first choice decided; None if that is a dead end."""
        parent = conjunction.pending[0].parent
        extended = Conjunction(
            list(conjunction.parts),
            list(conjunction.exclusions),
            conjunction.pending[1:],
            conjunction.visits,
            None if conjunction.known is None else set(conjunction.known),
        )
        self._spend(len(option.others) // _PER_STEP)
        try:
            for schema in option.excluded:
                _exclude(extended, parent.sub(schema))
            for schema in option.included:
                self._add(extended, parent.sub(schema), parent, ())
            if len(extended.parts) > len(conjunction.parts):
                self._spend(len(extended.parts) // 2 + extended.size // _PER_STEP)
                check_consistency(extended, loose)
        except NoObject:
            self._object_conflicts += 1
        except Dangling as dangling:
            self.dangling = self.dangling or dangling
        except DeadEnd:
            pass
        else:
            return extended
        return None

    def _add(self, into: Conjunction, sub: Sub, parent: Sub | None, seen: tuple[int, ...]) -> None:
        schema = sub.schema
        if not isinstance(schema, dict):
            if schema is False:
                raise DeadEnd((), "the schema false accepts no value")
            return
        self._spend(2)
        into.visits += 1
        if into.visits > _SHARED_AFTER and _is_known(into, sub):
            return
        part = Sub(schema, self._document.scope_inside(sub), parent)
        if _APPLICATORS.isdisjoint(schema):
            into.parts.append(part)
            return
        if not (self._document.draft <= 7 and "$ref" in schema):
            into.parts.append(part)
            self._add_choices(into, part)
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

    def _add_choices(self, into: Conjunction, part: Sub) -> None:
        schema = part.schema
        if any_of := _list(schema, "anyOf"):
            into.pending.append(Choice(part, tuple(Option((item,)) for item in any_of), "anyOf"))
        if one_of := _list(schema, "oneOf"):
            into.pending.append(Choice(part, tuple(_one_of_options(one_of)), "oneOf"))
        if "if" in schema and ("then" in schema or "else" in schema):
            into.pending.append(Choice(part, _if_options(schema), "if"))
        if "not" in schema:
            _exclude(into, part.sub(schema["not"]))
        for keyword in _DEPENDENT_KEYWORDS:
            if isinstance(dependents := schema.get(keyword), dict):
                schemas = [(name, needs) for name, needs in dependents.items() if not isinstance(needs, list)]
                into.pending += [Choice(part, _dependent_options(name, needs), keyword) for name, needs in schemas]


def _is_known(into: Conjunction, sub: Sub) -> bool:
    """Return True if the subschema was joined before: a definition that many others share is joined once."""
    if into.known is None:
        into.known = set()
    key = (id(sub.schema), sub.scope)
    if key in into.known:
        return True
    into.known.add(key)
    return False


def _exclude(into: Conjunction, sub: Sub) -> None:
    if sub.schema is True or sub.schema == {}:
        raise DeadEnd(("not",), "it excludes every value")
    if sub.schema is not False:
        into.exclusions.append(sub)


def _list(schema: dict[str, Any], keyword: str) -> list[Any]:
    found = schema.get(keyword)
    return found if isinstance(found, list) else []


def _one_of_options(branches: list[Any]) -> Iterator[Option]:
    for number, branch in enumerate(branches):
        yield Option((branch,), branches, number)


def _if_options(schema: dict[str, Any]) -> tuple[Option, ...]:
    condition = schema["if"]
    return Option((condition, schema.get("then", True))), Option((schema.get("else", True),), (condition,))


def _dependent_options(name: str, needs: Any) -> tuple[Option, ...]:
    return Option(({"properties": {name: False}},)), Option(({"required": [name]}, needs))
