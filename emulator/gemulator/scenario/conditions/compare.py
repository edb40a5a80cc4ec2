"""How a condition compares: texts, numbers, and values inside JSON."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, Discriminator, Field, Tag, WithJsonSchema, field_validator, model_validator
from typing_extensions import TypeAliasType

from gemulator.core.json_types import JSON
from gemulator.core.strict_model import StrictModel
from gemulator.scenario.conditions.regex import checked, compiled
from gemulator.scenario.json_path import text_of

_LONGEST = 80  # letters of a text that are shown


class _Absent:
    """Stands for what is not in the request."""


ABSENT = _Absent()


class TextFields(StrictModel):
    """How a text is compared, spelled out. Given several ways, all must hold."""

    equals: Annotated[str | None, Field(description="The whole text, letter by letter.")] = None
    contains: Annotated[str | None, Field(description="Somewhere in the text, ignoring case.")] = None
    matches: Annotated[
        str | None, Field(description="A regular expression (RE2 syntax) that is found somewhere in the text.")
    ] = None
    glob: Annotated[str | None, Field(description="A pattern for the whole text: `*` is anything, `?` a letter.")] = (
        None
    )
    not_: Annotated["TextTest | None", Field(alias="not", description="This must not hold.")] = None

    _check = field_validator("matches")(checked)

    @model_validator(mode="after")
    def _one(self) -> "TextFields":
        if not self.model_fields_set:
            raise ValueError(f"a comparison needs one of {', '.join(keys_of(type(self)))}")
        return self

    @cached_property
    def pattern(self) -> Any:
        return compiled(self.matches) if self.matches is not None else None

    def holds(self, text: str) -> bool:
        return (self.equals is None or text == self.equals) and self.holds_partly(text)

    def holds_partly(self, text: str) -> bool:
        """Everything but `equals`."""
        return (
            (self.contains is None or self.contains.casefold() in text.casefold())
            and (self.pattern is None or self.pattern.search(text) is not None)
            and (self.glob is None or fnmatchcase(text, self.glob))
            and (self.not_ is None or not holds(self.not_, text))
        )

    def __str__(self) -> str:
        given = ((key, getattr(self, name)) for name, key in named_keys(type(self)) if name in self.model_fields_set)
        return " and ".join(
            f"not {wanted(value)}" if key == "not" else f"{key} {quoted(value)}" for key, value in given
        )


def quoted(value: JSON) -> str:
    """A text in words, cut to what a line can hold."""
    return repr(f"{value[: _LONGEST - 3]}..." if isinstance(value, str) and len(value) > _LONGEST else value)


def named_keys(kind: type[BaseModel]) -> Sequence[tuple[str, str]]:
    """The fields of a class with the keys under which they are written."""
    return [(name, field.alias or name) for name, field in kind.model_fields.items()]


def keys_of(kind: type[BaseModel]) -> Sequence[str]:
    return [key for _, key in named_keys(kind)]


def shape(value: Any) -> str:
    """The tag of a value in the unions below: tags stand in brackets, so that none is also a key."""
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
    "OneText", Annotated[Annotated[str, Tag("<words>")] | Annotated[TextFields, Tag("<fields>")], Discriminator(shape)]
)
TextTest = TypeAliasType(
    "TextTest",
    Annotated[
        Annotated[str, Tag("<words>")]
        | Annotated[TextFields, Tag("<fields>")]
        | Annotated[list[OneText], Field(min_length=1), Tag("<list>")],
        Discriminator(shape),
    ],
)
Presence = TypeAliasType(
    "Presence",
    Annotated[
        Annotated[bool, Tag("<flag>")]
        | Annotated[str, Tag("<words>")]
        | Annotated[TextFields, Tag("<fields>")]
        | Annotated[list[OneText], Field(min_length=1), Tag("<list>")],
        Discriminator(shape),
    ],
)


def holds(test: TextTest, text: str, *, glob: bool = False) -> bool:
    """Whether `text` passes. A plain string means: contains, ignoring case; a list: any of it."""
    if isinstance(test, str):
        return fnmatchcase(text, test) if glob and is_glob(test) else test.casefold() in text.casefold()
    if isinstance(test, list):
        return any(holds(one, text, glob=glob) for one in test)
    return test.holds(text)


def is_glob(text: str) -> bool:
    return "*" in text or "?" in text


def wanted(test: TextTest, *, glob: bool = False) -> str:
    """What a text had to be, in words."""
    if isinstance(test, str):
        return f"all of it like {quoted(test)}" if glob and is_glob(test) else f"{quoted(test)} in it"
    if isinstance(test, list):
        return " or ".join(wanted(one, glob=glob) for one in test)
    return str(test)


def spelled(test: TextTest | bool | None) -> Iterator[TextFields]:
    """The comparisons in a test that a text has passed when it holds."""
    for one in test if isinstance(test, list) else [test]:
        if isinstance(one, TextFields):
            yield one


# ---- numbers


# A whole number stays one: what was expected reads as it was written.
Numeral: TypeAlias = Annotated[int | float, WithJsonSchema({"type": "number"})]


class NumberFields(StrictModel):
    """Bounds of a number, both included."""

    at_least: Annotated[float | None, Field(description="The number or more.")] = None
    at_most: Annotated[float | None, Field(description="The number or less.")] = None

    def holds(self, number: float) -> bool:
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
        | Annotated[list[Numeral], Field(min_length=1), Tag("<list>")],
        Discriminator(shape),
    ],
)


def number_holds(test: NumberTest, number: float | None) -> bool:
    """Whether a number passes; what is not there passes nothing."""
    if number is None:
        return False
    if isinstance(test, list):
        return number in test
    return test.holds(number) if isinstance(test, NumberFields) else number == test


def number_wanted(test: NumberTest) -> str:
    if isinstance(test, list):
        return " or ".join(f"{number:g}" for number in test)
    return str(test) if isinstance(test, NumberFields) else f"{test:g}"


# ---- values inside JSON


class ValueFields(TextFields):
    """How a value inside JSON is compared. What is no text is compared as its JSON."""

    equals: Annotated[JSON, Field(description="The whole value.")] = None
    at_least: Annotated[float | None, Field(description="A number, this or more.")] = None
    at_most: Annotated[float | None, Field(description="A number, this or less.")] = None
    exists: Annotated[bool | None, Field(description="Whether there is a value at all.")] = None

    def holds_for(self, seen: JSON | _Absent) -> bool:
        if isinstance(seen, _Absent):
            return self.exists is False
        return (
            self.exists is not False
            and self._bounds(seen)
            and ("equals" not in self.model_fields_set or same(self.equals, seen))
            and self.holds_partly(text_of(seen))
        )

    def _bounds(self, seen: JSON) -> bool:
        if self.at_least is None and self.at_most is None:
            return True
        bounds = NumberFields(at_least=self.at_least, at_most=self.at_most)
        return isinstance(seen, int | float) and not isinstance(seen, bool) and bounds.holds(seen)


OneValue = TypeAliasType(
    "OneValue",
    Annotated[
        Annotated[bool, Tag("<flag>")]
        | Annotated[Numeral, Tag("<number>")]
        | Annotated[str, Tag("<words>")]
        | Annotated[ValueFields, Tag("<fields>")],
        Discriminator(shape),
    ],
)
ValueTest = TypeAliasType(
    "ValueTest",
    Annotated[
        Annotated[bool, Tag("<flag>")]
        | Annotated[Numeral, Tag("<number>")]
        | Annotated[str, Tag("<words>")]
        | Annotated[ValueFields, Tag("<fields>")]
        | Annotated[list[OneValue], Field(min_length=1), Tag("<list>")],
        Discriminator(shape),
    ],
)


def value_holds(test: ValueTest, seen: JSON | _Absent) -> bool:
    """Whether a value passes: a text by containing, numbers and truth values by being the same."""
    if isinstance(test, list):
        return any(value_holds(one, seen) for one in test)
    if isinstance(test, ValueFields):
        return test.holds_for(seen)
    if isinstance(seen, _Absent):
        return False
    return holds(test, text_of(seen)) if isinstance(test, str) else same(test, seen)


def value_wanted(test: ValueTest) -> str:
    if isinstance(test, list):
        return " or ".join(map(value_wanted, test))
    if isinstance(test, str | ValueFields):
        return wanted(test)
    return text_of(test)


def same(one: JSON, other: JSON) -> bool:
    """Equality of JSON: `1` is `1.0`, but never `true`."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    return bool(one == other)
