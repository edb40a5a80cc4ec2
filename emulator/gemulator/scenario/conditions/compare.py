"""Comparisons of texts, numbers and JSON values."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Discriminator, Field, Tag, field_validator, model_validator
from typing_extensions import TypeAliasType

from gemulator.core.strict_model import StrictModel
from gemulator.scenario.conditions.glob import glob_matches
from gemulator.scenario.conditions.like import compile_like
from gemulator.scenario.conditions.regex import compile_regex, compile_test, validate_regex
from gemulator.scenario.conditions.text_tests import (
    TextPredicate,
    contained,
    contained_exactly,
    equal,
    equal_exactly,
    has_word,
    has_word_exactly,
    like_glob,
    like_glob_exactly,
)
from gemulator.scenario.conditions.texts import quote, shorten

MAX_ALTERNATIVES = 1_000  # each is compared on its own
ALTERNATIVES = Field(min_length=1, max_length=MAX_ALTERNATIVES)
_MAX_GLOB = 1_000  # characters
_MAX_SINGLE = 100  # `?` and `[…]` in a glob
_LITERAL = {"equals", "contains", "word", "like", "glob"}  # comparisons of which `exact` says how


def _require_text(text: str) -> str:
    """Return a text that is searched in others. Raises ValueError for an empty one, which all of them contain."""
    if not text:
        raise ValueError(
            'an empty text is part of every text: write `true` for any, or `{ equals: "" }` for an empty one'
        )
    return text


SoughtText = Annotated[str, AfterValidator(_require_text)]


class TextFields(StrictModel):
    """Comparisons of a text. All given ones must hold."""

    equals: Annotated[str | None, Field(description="Equals the whole text.")] = None
    contains: Annotated[SoughtText | None, Field(description="Is contained in the text, ignoring case.")] = None
    word: Annotated[
        str | None, Field(min_length=1, description="Is contained in the text as whole words, ignoring case.")
    ] = None
    like: Annotated[
        str | None,
        Field(
            min_length=1,
            description=(
                "The whole text, with holes: {date}, {time}, {uuid}, {id}, {number}, {any}; {since:date} names one."
            ),
        ),
    ] = None
    matches: Annotated[str | None, Field(description="Regular expression (RE2 syntax), searched in the text.")] = None
    glob: Annotated[
        str | None, Field(description="Pattern for the whole text: `*` is any text, `?` one character.")
    ] = None
    not_: Annotated["TextTest | None", Field(alias="not", description="Comparison that must not hold.")] = None
    exact: Annotated[
        bool, Field(description="Case and white space count. Default: white space compares as one space.")
    ] = False

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
        if not self.model_fields_set - {"exact"}:
            keys = (key for key in keys_of(type(self)) if key != "exact")
            raise ValueError(f"a comparison needs one of {', '.join(keys)}")
        if self.exact and not self.model_fields_set & _LITERAL:
            raise ValueError(f"`exact` needs one of {', '.join(sorted(_LITERAL))}: an expression is always exact")
        _ = self._text_tests
        return self

    @cached_property
    def patterns(self) -> Sequence[Any]:
        """Return the compiled patterns whose groups a reply may use."""
        expression = [] if self.matches is None else [compile_regex(self.matches)]
        return expression if self.like is None else [*expression, compile_like(self.like, exact=self.exact).pattern]

    @cached_property
    def _text_tests(self) -> Sequence[TextPredicate]:
        """Return the comparisons with texts, compiled; all but `equals`, `matches` and `not`."""
        exact, tests = self.exact, list[TextPredicate]()
        if self.contains is not None:
            tests.append(contained_exactly(self.contains) if exact else contained(self.contains))
        if self.word is not None:
            tests.append(has_word_exactly(self.word) if exact else has_word(self.word))
        if self.glob is not None:
            tests.append(like_glob_exactly(self.glob) if exact else like_glob(self.glob))
        if self.like is not None:
            tests.append(compile_like(self.like, exact=exact).accepts)
        return tests

    @cached_property
    def _is_equal(self) -> TextPredicate:
        return equal_exactly(self.equals or "") if self.exact else equal(self.equals or "")

    def accepts(self, text: str) -> bool:
        return (self.equals is None or self._is_equal(text)) and self.accepts_except_equals(text)

    def accepts_except_equals(self, text: str) -> bool:
        """Return True if all comparisons but `equals` hold."""
        for test in self._text_tests:
            if not test(text):
                return False
        return (self.matches is None or compile_test(self.matches).search(text) is not None) and (
            self.not_ is None or not text_matches(self.not_, text)
        )

    def __str__(self) -> str:
        given = ((key, getattr(self, name)) for name, key in named_keys(type(self)) if name in self.model_fields_set)
        shown = " and ".join(
            f"not {expected_text(value)}" if key == "not" else f"{key} {quote(value)}"
            for key, value in given
            if key != "exact"
        )
        return f"{shown} exactly" if self.exact else shown


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
    Annotated[Annotated[SoughtText, Tag("<words>")] | Annotated[TextFields, Tag("<fields>")], Discriminator(shape_tag)],
)
TextTest = TypeAliasType(
    "TextTest",
    Annotated[
        Annotated[SoughtText, Tag("<words>")]
        | Annotated[TextFields, Tag("<fields>")]
        | Annotated[list[OneText], ALTERNATIVES, Tag("<list>")],
        Discriminator(shape_tag),
    ],
)
Presence = TypeAliasType(
    "Presence",
    Annotated[
        Annotated[bool, Tag("<flag>")]
        | Annotated[SoughtText, Tag("<words>")]
        | Annotated[TextFields, Tag("<fields>")]
        | Annotated[list[OneText], ALTERNATIVES, Tag("<list>")],
        Discriminator(shape_tag),
    ],
)


def text_matches(test: TextTest, text: str, *, glob: bool = False) -> bool:
    """Return True if `text` matches: a string is contained, ignoring case; a list matches if any of its tests does."""
    if isinstance(test, str):
        return glob_matches(test, text) if glob and is_glob(test) else contained(test)(text)
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
