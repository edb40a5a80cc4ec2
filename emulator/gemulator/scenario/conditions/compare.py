"""Comparisons of texts, numbers and JSON values."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, Discriminator, Field, Tag, WithJsonSchema, field_validator, model_validator
from typing_extensions import TypeAliasType

from gemulator.core.json_types import JSON
from gemulator.core.strict_model import StrictModel
from gemulator.scenario.conditions.glob import glob_matches
from gemulator.scenario.conditions.regex import compile_regex, compile_test, validate_regex
from gemulator.scenario.conditions.texts import fold, quote, shorten
from gemulator.scenario.json_path import text_of

MAX_ALTERNATIVES = 1_000  # each is compared on its own
ALTERNATIVES = Field(min_length=1, max_length=MAX_ALTERNATIVES)
_MAX_GLOB = 1_000  # characters
_MAX_SINGLE = 100  # `?` and `[…]` in a glob


class _Absent:
    """Type of the marker for a value that the request does not have."""


ABSENT = _Absent()


class TextFields(StrictModel):
    """Comparisons of a text. All given ones must hold."""

    equals: Annotated[str | None, Field(description="Equals the whole text, case-sensitive.")] = None
    contains: Annotated[str | None, Field(description="Is contained in the text, ignoring case.")] = None
    matches: Annotated[str | None, Field(description="Regular expression (RE2 syntax), searched in the text.")] = None
    glob: Annotated[
        str | None, Field(description="Pattern for the whole text: `*` is any text, `?` one character.")
    ] = None
    not_: Annotated["TextTest | None", Field(alias="not", description="Comparison that must not hold.")] = None

    _check = field_validator("matches")(validate_regex)

    @field_validator("glob")
    @classmethod
    def _validate_glob(cls, glob: str | None) -> str | None:
        if glob is not None and (len(glob) > _MAX_GLOB or glob.count("?") + glob.count("[") > _MAX_SINGLE):
            limits = f"{_MAX_GLOB:,} characters, {_MAX_SINGLE} of them `?` or `[`"
            raise ValueError(f"a glob has at most {limits}: use `contains` or `matches`")
        return glob

    @model_validator(mode="after")
    def _require_a_comparison(self) -> "TextFields":
        if not self.model_fields_set:
            raise ValueError(f"a comparison needs one of {', '.join(keys_of(type(self)))}")
        return self

    @cached_property
    def pattern(self) -> Any:
        return compile_regex(self.matches) if self.matches is not None else None

    def accepts(self, text: str) -> bool:
        return (self.equals is None or text == self.equals) and self.accepts_except_equals(text)

    def accepts_except_equals(self, text: str) -> bool:
        """Return True if all comparisons but `equals` hold."""
        return (
            (self.contains is None or self.contains.casefold() in fold(text))
            and (self.matches is None or compile_test(self.matches).search(text) is not None)
            and (self.glob is None or glob_matches(self.glob, text))
            and (self.not_ is None or not text_matches(self.not_, text))
        )

    def __str__(self) -> str:
        given = ((key, getattr(self, name)) for name, key in named_keys(type(self)) if name in self.model_fields_set)
        return " and ".join(
            f"not {expected_text(value)}" if key == "not" else f"{key} {quote(value)}" for key, value in given
        )


def named_keys(kind: type[BaseModel]) -> Sequence[tuple[str, str]]:
    """Return pairs of attribute name and YAML key."""
    return [(name, field.alias or name) for name, field in kind.model_fields.items()]


def keys_of(kind: type[BaseModel]) -> Sequence[str]:
    return [key for _, key in named_keys(kind)]


def shape_tag(value: Any) -> str:
    """Return the union tag of a value. The brackets distinguish a tag from a key."""
    match value:
        case list():
            return "<list>"
        case dict() | BaseModel():
            return "<fields>"
        case bool():
            return "<flag>"
        case int() | float():
            return "<number>"
    return "<words>"


OneText = TypeAliasType(
    "OneText",
    Annotated[Annotated[str, Tag("<words>")] | Annotated[TextFields, Tag("<fields>")], Discriminator(shape_tag)],
)
TextTest = TypeAliasType(
    "TextTest",
    Annotated[
        Annotated[str, Tag("<words>")]
        | Annotated[TextFields, Tag("<fields>")]
        | Annotated[list[OneText], ALTERNATIVES, Tag("<list>")],
        Discriminator(shape_tag),
    ],
)
Presence = TypeAliasType(
    "Presence",
    Annotated[
        Annotated[bool, Tag("<flag>")]
        | Annotated[str, Tag("<words>")]
        | Annotated[TextFields, Tag("<fields>")]
        | Annotated[list[OneText], ALTERNATIVES, Tag("<list>")],
        Discriminator(shape_tag),
    ],
)


def text_matches(test: TextTest, text: str, *, glob: bool = False) -> bool:
    """Return True if `text` matches: a string is contained, ignoring case; a list matches if any of its tests does."""
    if isinstance(test, str):
        return glob_matches(test, text) if glob and is_glob(test) else test.casefold() in fold(text)
    if isinstance(test, list):
        return any(text_matches(one, text, glob=glob) for one in test)
    return test.accepts(text)


def is_glob(text: str) -> bool:
    return "*" in text or "?" in text


def expected_text(test: TextTest, *, glob: bool = False) -> str:
    """Describe the expected text for a message."""
    if isinstance(test, str):
        return f"all of it like {quote(test)}" if glob and is_glob(test) else f"{quote(test)} in it"
    if isinstance(test, list):
        return shorten(" or ", (expected_text(one, glob=glob) for one in test), len(test))
    return str(test)


def text_fields_in(test: TextTest | bool | None) -> Iterator[TextFields]:
    """Yield the `TextFields` in a test."""
    for one in test if isinstance(test, list) else [test]:
        if isinstance(one, TextFields):
            yield one


# ---- numbers


# int stays int, so that messages show the number as it was written.
Numeral: TypeAlias = Annotated[int | float, WithJsonSchema({"type": "number"})]


class NumberFields(StrictModel):
    """Inclusive bounds of a number."""

    at_least: Annotated[float | None, Field(description="Minimum.")] = None
    at_most: Annotated[float | None, Field(description="Maximum.")] = None

    def accepts(self, number: float) -> bool:
        return (self.at_least is None or number >= self.at_least) and (self.at_most is None or number <= self.at_most)

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
    at_least: Annotated[float | None, Field(description="Minimum of a number.")] = None
    at_most: Annotated[float | None, Field(description="Maximum of a number.")] = None
    exists: Annotated[bool | None, Field(description="`true`: the value exists; `false`: it does not.")] = None

    def accepts_value(self, seen: JSON | _Absent) -> bool:
        if isinstance(seen, _Absent):
            return self.exists is False
        return (
            self.exists is not False
            and self._within_bounds(seen)
            and ("equals" not in self.model_fields_set or json_equal(self.equals, seen))
            and self.accepts_except_equals(text_of(seen))
        )

    def _within_bounds(self, seen: JSON) -> bool:
        if self.at_least is None and self.at_most is None:
            return True
        bounds = NumberFields(at_least=self.at_least, at_most=self.at_most)
        return isinstance(seen, int | float) and not isinstance(seen, bool) and bounds.accepts(seen)


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


def value_matches(test: ValueTest, seen: JSON | _Absent) -> bool:
    """Return True if the value matches: strings by containment, numbers and booleans by equality."""
    if isinstance(test, list):
        return any(value_matches(one, seen) for one in test)
    if isinstance(test, ValueFields):
        return test.accepts_value(seen)
    if isinstance(seen, _Absent):
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
