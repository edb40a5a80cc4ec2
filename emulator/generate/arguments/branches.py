"""Takes a list of subschemas apart into conjunctions of plain ones: one for each consistent choice of branches."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from emulator.generate.arguments.document import Document, Sub
from emulator.generate.arguments.json_value import key_of, type_of
from emulator.generate.arguments.negation import negated
from emulator.generate.arguments.refusal import Dangling, Stuck

_APPLICATORS = frozenset({"$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf", "oneOf", "if", "not",
                          "dependentSchemas", "dependencies"})  # fmt: skip
_LISTING = frozenset({"enum", "const"})
_NAMING = frozenset({"properties"})
_DEPENDING = ("dependentSchemas", "dependencies")


class Option(NamedTuple):
    """One way to decide a choice: subschemas that shall hold, and some that shall not."""

    wanted: tuple[Any, ...]
    barred: tuple[Any, ...] = ()


class Choice(NamedTuple):
    """An open decision of one part."""

    parent: Sub
    options: tuple[Option, ...]
    keyword: str


Order: TypeAlias = Callable[[Choice], Sequence[Option]]
"""Puts the options of a choice in order of liking."""


class Conjunction:
    """Parts whose plain keywords must hold, and subschemas (`bars`) that must not; `pending` choices are still open."""

    __slots__ = ("bars", "parts", "pending")

    def __init__(self, parts: list[Sub], bars: list[Sub], pending: list[Choice]) -> None:
        self.parts = parts
        self.bars = bars
        self.pending = pending

    def values(self, keyword: str) -> list[Any]:
        """What the parts say under a keyword."""
        if len(self.parts) == 1:
            schema = self.parts[0].schema
            return [schema[keyword]] if keyword in schema else []
        return [part.schema[keyword] for part in self.parts if keyword in part.schema]

    def lacks(self, keywords: frozenset[str]) -> bool:
        """Whether no part says anything under any of the keywords."""
        if len(self.parts) == 1:
            return keywords.isdisjoint(self.parts[0].schema)
        return all(keywords.isdisjoint(part.schema) for part in self.parts)

    def first(self, keyword: str, kind: type) -> Any:
        """What the first part says under a keyword, if it is of that kind."""
        for part in self.parts:
            if keyword in part.schema and isinstance(found := part.schema[keyword], kind):
                return found
        return None


class Branches:
    """The conjunctions of one document's subschemas."""

    def __init__(self, document: Document, spend: Callable[[int], None]) -> None:
        self._document = document
        self._spend = spend
        self.dangling: Dangling | None = None  # a branch that no choice can take

    def plain(self, subs: Sequence[Sub]) -> Conjunction | None:
        """The conjunction of a single subschema that leads to no others: most are like that."""
        if len(subs) != 1 or not isinstance(subs[0].schema, dict) or not _APPLICATORS.isdisjoint(subs[0].schema):
            return None
        return Conjunction([self._document.entered(subs[0])], [], [])

    def conjunctions(self, subs: Sequence[Sub], order: Order) -> Iterator[Conjunction]:
        """Every consistent choice, lazily; `order` puts the options of a choice in order of liking.

        Stuck is raised by the first step where no choice can help.
        """
        start = Conjunction([], [], [])
        for sub in subs:
            self._add(start, sub, None, ())
        _agree(start)
        yield from self._decide(start, order)

    def narrowed(self, here: Conjunction, bar: Sub, order: Order) -> Iterator[Conjunction]:
        """The ways to break a bar of the conjunction."""
        there = Conjunction(list(here.parts), [other for other in here.bars if other is not bar], [])
        try:
            self._add(there, negated(self._document, bar), None, ())
            _agree(there)
        except Stuck:
            return
        yield from self._decide(there, order)

    def _decide(self, here: Conjunction, order: Order) -> Iterator[Conjunction]:
        if not here.pending:
            yield here
            return
        choice = here.pending[0]
        for option in order(choice):
            there = Conjunction(list(here.parts), list(here.bars), here.pending[1:])
            scope = choice.parent.scope
            try:
                for schema in option.barred:
                    _bar(there, Sub(schema, scope))
                for schema in option.wanted:
                    self._add(there, Sub(schema, scope), choice.parent, ())
                if len(there.parts) > len(here.parts):
                    self._spend(len(there.parts) // 2)
                    _agree(there)
            except Dangling as dangling:
                self.dangling = self.dangling or dangling
                continue
            except Stuck:
                continue
            yield from self._decide(there, order)

    def _add(self, into: Conjunction, sub: Sub, parent: Sub | None, seen: tuple[int, ...]) -> None:
        schema = sub.schema
        if not isinstance(schema, dict):
            if schema is False:
                raise Stuck((), "false admits no value")
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
        raise Stuck(("not",), "every value is ruled out")
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


def _agree(here: Conjunction) -> None:
    """Stuck where the parts plainly contradict each other: in their types, enums, or those of their properties."""
    if len(here.parts) < 2:
        return
    if types_of(here) == ():
        raise Stuck(("type",), "no type satisfies all of the schemas that apply")
    if candidates(here) == []:
        raise Stuck(("enum",), "no value is in all of the enums that apply")
    _properties_agree(here)


def _properties_agree(here: Conjunction) -> None:
    if here.lacks(_NAMING):
        return
    named: dict[str, set[Any]] = {}
    required = {name for names in here.values("required") if isinstance(names, list) for name in names}
    for schemas in here.values("properties"):
        for name, schema in schemas.items() if isinstance(schemas, dict) else ():
            if schema is False and name in required:
                raise Stuck(("properties", name), "it is required and forbidden at once")
            if name in required and (own := _members(schema)) is not None:
                keys = {key_of(item) for item in own}
                named[name] = named[name] & keys if name in named else keys
                if not named[name]:
                    raise Stuck(("properties", name), "no value is in all of the enums that apply")


def _members(schema: Any) -> list[Any] | None:
    if not isinstance(schema, dict):
        return None
    if "const" in schema:
        return [schema["const"]]
    found = schema.get("enum")
    return found if isinstance(found, list) else None


def types_of(here: Conjunction) -> tuple[str, ...] | None:
    """The types that all parts allow, in the order of the first that names any; None where none does."""
    if len(here.parts) == 1:
        names = here.parts[0].schema.get("type")
        return (names,) if isinstance(names, str) else tuple(names) if names is not None else None
    found: tuple[str, ...] | None = None
    for names in here.values("type"):
        listed = (names,) if isinstance(names, str) else tuple(names)
        if found is None:
            found = listed
            continue
        both = [name for name in found if name in listed or (name == "integer" and "number" in listed)]
        if "number" in found and "integer" in listed and "integer" not in both:
            both.append("integer")
        found = tuple(both)
    return found


def candidates(here: Conjunction) -> list[Any] | None:
    """The values that all enums and consts allow; None where there are none of these."""
    if here.lacks(_LISTING):
        return None
    listed = [own for part in here.parts if (own := _members(part.schema)) is not None]
    if not listed:
        return None
    found = listed[0]
    for other in listed[1:]:
        if other is not found:
            keys = {key_of(item) for item in other}
            found = [item for item in found if key_of(item) in keys]
    types = types_of(here)
    if types is None or not found:
        return found
    wanted = (*types, "integer") if "number" in types else types
    return [item for item in found if type_of(item) in wanted]
