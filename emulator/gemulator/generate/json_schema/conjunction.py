"""Conjunctions of branch-free subschemas and their consistency."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from gemulator.generate.json_schema.backtracking import DeadEnd, NoObject
from gemulator.generate.json_schema.document import Scope, Sub
from gemulator.generate.json_schema.json_value import TYPES, key_of, type_of

_ENUM_KEYWORDS = frozenset({"enum", "const"})
_PROPERTY_KEYWORDS = frozenset({"properties"})
_SIZED_KEYWORDS = ("properties", "required", "enum")
_NOT_AN_OBJECT = Sub({"type": [name for name in TYPES if name != "object"]}, ("",))


class Option(Struct, eq=False, gc=False):
    """Outcome of a choice: subschemas that must accept the value, and some that must not.

    The latter are `others` without the one at `position`.
    """

    included: tuple[Any, ...]
    others: Sequence[Any] = ()
    position: int | None = None

    @property
    def excluded(self) -> Iterator[Any]:
        """Yield the subschemas that must not accept the value."""
        return (schema for position, schema in enumerate(self.others) if position != self.position)


class Choice(Struct, eq=False, gc=False):
    """Undecided branches of one part."""

    parent: Sub
    options: tuple[Option, ...]
    keyword: str


class Conjunction(Struct, eq=False):
    """Parts that must accept the value, exclusions that must not, and pending choices.

    `visits` is the number of subschemas that were joined, `known` those after the first hundreds.
    """

    parts: list[Sub]
    exclusions: list[Sub]
    pending: list[Choice]
    visits: int = 0
    known: set[tuple[int, Scope]] | None = None

    @property
    def size(self) -> int:
        """Return the number of properties, required names and enum members in all parts."""
        size = 0
        for part in self.parts:
            for keyword in _SIZED_KEYWORDS:
                if keyword in part.schema:
                    size += _length(part.schema[keyword])
        return size

    def values(self, keyword: str) -> list[Any]:
        """Return the values of a keyword, one per part that has it."""
        if len(self.parts) == 1:
            schema = self.parts[0].schema
            return [schema[keyword]] if keyword in schema else []
        return [part.schema[keyword] for part in self.parts if keyword in part.schema]

    def lacks(self, keywords: frozenset[str]) -> bool:
        """Return True if no part has any of the keywords."""
        if len(self.parts) == 1:
            return keywords.isdisjoint(self.parts[0].schema)
        return all(keywords.isdisjoint(part.schema) for part in self.parts)

    def first(self, keyword: str, kind: type) -> Any:
        """Return the first value of a keyword that is of type `kind`; None if there is none."""
        for part in self.parts:
            if keyword in part.schema and isinstance(found := part.schema[keyword], kind):
                return found
        return None


def _length(value: Any) -> int:
    return len(value) if isinstance(value, dict | list) else 0


def check_consistency(conjunction: Conjunction, loose: bool) -> None:
    """Raise DeadEnd if the parts contradict each other in their types, enums or properties.

    If only their properties do, raises NoObject, or, if `loose`, restricts the conjunction to the other types.
    """
    if len(conjunction.parts) < 2:
        return
    types = allowed_types(conjunction)
    if types == ():
        raise DeadEnd(("type",), "no type satisfies all of the schemas that apply")
    if candidates(conjunction) == []:
        raise DeadEnd(("enum",), "no value is in all of the enums that apply")
    if conjunction.lacks(_PROPERTY_KEYWORDS) or (types is not None and "object" not in types):
        return
    try:
        _check_properties(conjunction)
    except DeadEnd as stuck:
        if types == ("object",):
            raise
        if not loose:
            raise NoObject(stuck.path, stuck.reason) from None
        conjunction.parts.append(_NOT_AN_OBJECT)


def excludes_objects(conjunction: Conjunction) -> bool:
    """Return True if `check_consistency` has excluded objects."""
    return _NOT_AN_OBJECT in conjunction.parts


def _check_properties(conjunction: Conjunction) -> None:
    named: dict[str, set[Any]] = {}
    required = {name for names in conjunction.values("required") if isinstance(names, list) for name in names}
    for schemas in conjunction.values("properties"):
        for name, schema in schemas.items() if isinstance(schemas, dict) else ():
            if schema is False and name in required:
                raise DeadEnd(("properties", name), "the property is required and forbidden")
            if name in required and (own := _enum_values(schema)) is not None:
                keys = {key_of(item) for item in own}
                named[name] = named[name] & keys if name in named else keys
                if not named[name]:
                    raise DeadEnd(("properties", name), "no value is in all of the enums that apply")


def _enum_values(schema: Any) -> list[Any] | None:
    if not isinstance(schema, dict):
        return None
    if "const" in schema:
        return [schema["const"]]
    found = schema.get("enum")
    return found if isinstance(found, list) else None


def allowed_types(conjunction: Conjunction) -> tuple[str, ...] | None:
    """Return the types that all parts allow, in the order of the first list; None if no part names any."""
    if len(conjunction.parts) == 1:
        names = conjunction.parts[0].schema.get("type")
        return (names,) if isinstance(names, str) else tuple(names) if names is not None else None
    found: tuple[str, ...] | None = None
    for names in conjunction.values("type"):
        value_lists = (names,) if isinstance(names, str) else tuple(names)
        if found is None:
            found = value_lists
            continue
        both = [name for name in found if name in value_lists or (name == "integer" and "number" in value_lists)]
        if "number" in found and "integer" in value_lists and "integer" not in both:
            both.append("integer")
        found = tuple(both)
    return found


def candidates(conjunction: Conjunction) -> list[Any] | None:
    """Return the values that all enums and consts allow; None if there are no such keywords."""
    if conjunction.lacks(_ENUM_KEYWORDS):
        return None
    value_lists = [own for part in conjunction.parts if (own := _enum_values(part.schema)) is not None]
    if not value_lists:
        return None
    found = value_lists[0]
    for other in value_lists[1:]:
        if other is not found:
            keys = {key_of(item) for item in other}
            found = [item for item in found if key_of(item) in keys]
    types = allowed_types(conjunction)
    if types is None or not found:
        return found
    accepted = (*types, "integer") if "number" in types else types
    return [item for item in found if type_of(item) in accepted]
