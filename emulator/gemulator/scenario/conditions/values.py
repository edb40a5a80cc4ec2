"""Comparisons of numbers and JSON values."""

from typing import Annotated, Self, TypeAlias

from pydantic import Discriminator, Field, Tag, WithJsonSchema, model_validator
from typing_extensions import TypeAliasType

from gemulator.core.json_types import JSON
from gemulator.core.strict_model import StrictModel
from gemulator.scenario.conditions.compare import (
    ALTERNATIVES,
    TextFields,
    TextTest,
    expected_text,
    shape_tag,
    text_matches,
)
from gemulator.scenario.json_path import text_of


class Absent:
    """Type of the marker for a value that the request does not have."""


ABSENT = Absent()


# ---- numbers


# int stays int, so that messages show the number as it was written.
Numeral: TypeAlias = Annotated[int | float, WithJsonSchema({"type": "number"})]


def _within(number: float, at_least: float | None, at_most: float | None) -> bool:
    return (at_least is None or number >= at_least) and (at_most is None or number <= at_most)


def _require_order(at_least: float | None, at_most: float | None) -> None:
    """Raise ValueError for bounds between which there is no number."""
    if at_least is not None and at_most is not None and at_least > at_most:
        raise ValueError(f"no number is both at least {at_least:g} and at most {at_most:g}")


class NumberFields(StrictModel):
    """Inclusive bounds of a number."""

    at_least: Annotated[float | None, Field(description="Minimum.")] = None
    at_most: Annotated[float | None, Field(description="Maximum.")] = None

    @model_validator(mode="after")
    def _validate_order(self) -> Self:
        _require_order(self.at_least, self.at_most)
        return self

    def accepts(self, number: float) -> bool:
        return _within(number, self.at_least, self.at_most)

    def __str__(self) -> str:
        low = "" if self.at_least is None else f"at least {self.at_least:g}"
        high = "" if self.at_most is None else f"at most {self.at_most:g}"
        return " and ".join(filter(None, (low, high))) or "any number"


NumberTest = TypeAliasType(
    "NumberTest",
    Annotated[
        Annotated[Numeral, Tag("<number>")]
        | Annotated[NumberFields, Tag("<fields>")]
        | Annotated[list[Numeral], ALTERNATIVES, Tag("<list>")],
        Discriminator(shape_tag),
    ],
)


def number_matches(test: NumberTest, number: float | None) -> bool:
    """Return True if the number matches; None matches nothing."""
    if number is None:
        return False
    if isinstance(test, list):
        return number in test
    return test.accepts(number) if isinstance(test, NumberFields) else number == test


def expected_number(test: NumberTest) -> str:
    if isinstance(test, list):
        return " or ".join(f"{number:g}" for number in test)
    return str(test) if isinstance(test, NumberFields) else f"{test:g}"


# ---- JSON values


class ValueFields(TextFields):
    """Comparisons of a JSON value. Values other than strings are compared as JSON text."""

    equals: Annotated[JSON, Field(description="Equals the whole value.")] = None
    not_: Annotated[TextTest | None, Field(alias="not", description="Comparison that must not hold.")] = None
    at_least: Annotated[float | None, Field(description="Minimum of a number.")] = None
    at_most: Annotated[float | None, Field(description="Maximum of a number.")] = None
    exists: Annotated[bool | None, Field(description="`true`: the value exists; `false`: it does not.")] = None

    @model_validator(mode="after")
    def _validate_meaning(self) -> Self:
        _require_order(self.at_least, self.at_most)
        if self.exists is False and len(self.model_fields_set) > 1:
            raise ValueError("`exists: false` and another comparison never hold both: remove one of them")
        return self

    def accepts_value(self, seen: JSON | Absent) -> bool:
        if isinstance(seen, Absent):
            return self.exists is False
        return (
            self.exists is not False
            and self._within_bounds(seen)
            and ("equals" not in self.model_fields_set or self._equals_value(seen))
            and self.accepts_except_equals(text_of(seen))
        )

    def _equals_value(self, seen: JSON) -> bool:
        if isinstance(self.equals, str) and isinstance(seen, str):
            return self._is_equal(seen)
        return json_equal(self.equals, seen)

    def _within_bounds(self, seen: JSON) -> bool:
        if self.at_least is None and self.at_most is None:
            return True
        is_number = isinstance(seen, int | float) and not isinstance(seen, bool)
        return is_number and _within(seen, self.at_least, self.at_most)


OneValue = TypeAliasType(
    "OneValue",
    Annotated[
        Annotated[bool, Tag("<flag>")]
        | Annotated[Numeral, Tag("<number>")]
        | Annotated[str, Tag("<words>")]
        | Annotated[ValueFields, Tag("<fields>")],
        Discriminator(shape_tag),
    ],
)
ValueTest = TypeAliasType(
    "ValueTest",
    Annotated[
        Annotated[bool, Tag("<flag>")]
        | Annotated[Numeral, Tag("<number>")]
        | Annotated[str, Tag("<words>")]
        | Annotated[ValueFields, Tag("<fields>")]
        | Annotated[list[OneValue], ALTERNATIVES, Tag("<list>")],
        Discriminator(shape_tag),
    ],
)


def value_matches(test: ValueTest, seen: JSON | Absent) -> bool:
    """Return True if the value matches: strings by containment, numbers and booleans by equality."""
    if isinstance(test, list):
        return any(value_matches(one, seen) for one in test)
    if isinstance(test, ValueFields):
        return test.accepts_value(seen)
    if isinstance(seen, Absent):
        return False
    return text_matches(test, text_of(seen)) if isinstance(test, str) else json_equal(test, seen)


def expected_value(test: ValueTest) -> str:
    if isinstance(test, list):
        return " or ".join(map(expected_value, test))
    if isinstance(test, str | ValueFields):
        return expected_text(test)
    return text_of(test)


def json_equal(one: JSON, other: JSON) -> bool:
    """Compare JSON values: `1` equals `1.0`, but not `true`."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(json_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(json_equal(value, other[key]) for key, value in one.items())
    return bool(one == other)
