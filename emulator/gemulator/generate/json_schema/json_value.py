"""JSON values as JSON Schema compares them: type, equality and hash key."""

from collections.abc import Hashable, Sequence
from fractions import Fraction
from typing import Any, TypeAlias, TypeGuard

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")


_TYPE_NAMES = {str: "string", int: "integer", bool: "boolean", dict: "object", list: "array", type(None): "null"}


def type_of(value: Any) -> str:
    """Return the narrowest JSON Schema type; an integral float is an integer."""
    return _TYPE_NAMES.get(type(value)) or _unusual_type(value)


def _unusual_type(value: Any) -> str:
    match value:
        case float():
            return "integer" if value.is_integer() else "number"
        case int():
            return "integer"
        case str():
            return "string"
        case dict():
            return "object"
        case _:
            return "array"


def has_type(value: Any, names: str | Sequence[str]) -> bool:
    """Return True if `value` is of one of the named types; unknown type names match nothing."""
    actual = type_of(value)
    if isinstance(names, str):
        return actual == names or (actual == "integer" and names == "number")
    return actual in names or (actual == "integer" and "number" in names)


def key_of(value: Any) -> Hashable:
    """Return a hashable key that is equal exactly for equal JSON values."""
    match value:
        case bool():
            return ("boolean", value)
        case dict():
            return ("object", frozenset((name, key_of(item)) for name, item in value.items()))
        case list():
            return ("array", tuple(key_of(item) for item in value))
        case _:
            return value  # type: ignore[no-any-return]


def equal(left: Any, right: Any) -> bool:
    """Return True for equal JSON values: 1 equals 1.0, true does not equal 1."""
    if isinstance(left, (dict, list, bool)) or isinstance(right, (dict, list, bool)):
        return type(left) is type(right) and key_of(left) == key_of(right)
    return bool(left == right)


def is_number(value: Any) -> TypeGuard[float]:
    """Return True for a JSON number, which a boolean is not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def exact(number: float) -> Fraction:
    """Return the decimal value as written: 0.1 is one tenth."""
    return Fraction(repr(number)) if isinstance(number, float) else Fraction(number)


def positional_items(schema: Any) -> list[Any]:
    """Return the subschemas of single positions, in any draft's spelling."""
    prefix = schema.get("prefixItems")
    if not isinstance(prefix, list):
        prefix = schema.get("items")
    return prefix if isinstance(prefix, list) else []
