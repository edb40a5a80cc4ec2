"""A conjunction of plain subschemas: what its parts say together, and whether they agree."""

from typing import Any

from msgspec import Struct

from gemulator.generate.json_schema.backtracking import DeadEnd, NoObject
from gemulator.generate.json_schema.document import Sub
from gemulator.generate.json_schema.json_value import TYPES, key_of, type_of

_LISTING = frozenset({"enum", "const"})
_NAMING = frozenset({"properties"})
_ANYTHING_ELSE = Sub({"type": [name for name in TYPES if name != "object"]}, ("",))


class Option(Struct, eq=False, gc=False):
    """One way to decide a choice: subschemas that shall hold, and some that shall not."""

    wanted: tuple[Any, ...]
    barred: tuple[Any, ...] = ()


class Choice(Struct, eq=False, gc=False):
    """An open decision of one part."""

    parent: Sub
    options: tuple[Option, ...]
    keyword: str


class Conjunction(Struct, eq=False):
    """Parts whose plain keywords must hold, and subschemas (`bars`) that must not; `pending` choices are still open."""

    parts: list[Sub]
    bars: list[Sub]
    pending: list[Choice]

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


def agree(here: Conjunction, loose: bool) -> None:
    """Stuck where the parts plainly contradict each other: in their types, enums, or those of their properties.

    Where the latter only leave no object, NoObject is raised, or if `loose` all other types are left.
    """
    if len(here.parts) < 2:
        return
    types = types_of(here)
    if types == ():
        raise DeadEnd(("type",), "no type satisfies all of the schemas that apply")
    if candidates(here) == []:
        raise DeadEnd(("enum",), "no value is in all of the enums that apply")
    if here.lacks(_NAMING) or (types is not None and "object" not in types):
        return
    try:
        _properties_agree(here)
    except DeadEnd as stuck:
        if types == ("object",):
            raise
        if not loose:
            raise NoObject(stuck.path, stuck.reason) from None
        here.parts.append(_ANYTHING_ELSE)


def is_without_objects(here: Conjunction) -> bool:
    """Whether `agree` has ruled objects out."""
    return _ANYTHING_ELSE in here.parts


def _properties_agree(here: Conjunction) -> None:
    named: dict[str, set[Any]] = {}
    required = {name for names in here.values("required") if isinstance(names, list) for name in names}
    for schemas in here.values("properties"):
        for name, schema in schemas.items() if isinstance(schemas, dict) else ():
            if schema is False and name in required:
                raise DeadEnd(("properties", name), "it is required and forbidden at once")
            if name in required and (own := _members(schema)) is not None:
                keys = {key_of(item) for item in own}
                named[name] = named[name] & keys if name in named else keys
                if not named[name]:
                    raise DeadEnd(("properties", name), "no value is in all of the enums that apply")


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
