"""Property tests: any schema gets a valid value, or a refusal if it has none."""

import contextlib
import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis_jsonschema import from_schema
from jsonschema import Draft7Validator, Draft202012Validator
from referencing.exceptions import Unresolvable

from gemulator.generate.json_schema import Unsatisfiable, problem_with, value_for

pytestmark = pytest.mark.slow

NAMES = st.sampled_from(["a", "b", "city", "x1"])
LEAVES: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries({"type": st.sampled_from(["string", "integer", "number", "boolean", "null"])}),
    st.fixed_dictionaries({"enum": st.lists(st.sampled_from(["a", "b", 1, 2.5, None, True]), min_size=1, max_size=3)}),
    st.builds(
        lambda low, size: {"type": "integer", "minimum": low, "maximum": low + size},
        st.integers(-1000, 1000),
        st.integers(0, 50),
    ),
    st.builds(
        lambda low, size: {"type": "number", "exclusiveMinimum": low, "exclusiveMaximum": low + size},
        st.floats(-1e6, 1e6, allow_nan=False),
        st.floats(1, 1e6, allow_nan=False),
    ),
    st.builds(
        lambda low, size: {"type": "string", "minLength": low, "maxLength": low + size},
        st.integers(0, 30),
        st.integers(0, 5),
    ),
    st.builds(
        lambda kind, count: {"type": "string", "pattern": f"^{kind}{{{count}}}$"},
        st.sampled_from(["[a-z]", "\\d", "(ab|c)", "[^a-z]", "\\w"]),
        st.integers(1, 9),
    ),
    st.fixed_dictionaries(
        {"type": st.just("string"), "format": st.sampled_from(["date", "email", "uuid", "uri", "time"])}
    ),
)


def _object(properties: dict[str, Any], required: list[str], closed: bool) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": [name for name in required if name in properties]}
    return {**schema, "additionalProperties": False} if closed else schema


def _array(items: dict[str, Any], low: int, size: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": low, "maxItems": low + size}


def _wider(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.builds(_object, st.dictionaries(NAMES, inner, max_size=4), st.lists(NAMES, unique=True), st.booleans()),
        st.builds(_array, inner, st.integers(0, 3), st.integers(0, 3)),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=3)}),
    )


SATISFIABLE = st.recursive(LEAVES, _wider, max_leaves=8)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SATISFIABLE, st.integers(0, 2**32))
def test_satisfiable_schema_gets_a_value(schema: dict[str, Any], seed: int) -> None:
    value = value_for(schema, seed)
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)
    assert value_for(schema, seed) == value
    json.dumps(value, allow_nan=False)


def _joined(keyword: str, left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    match keyword:
        case "allOf" | "oneOf":
            return {keyword: [left, right]}
        case "if":
            return {"if": left, "then": right, "else": {"type": "object"}}
        case _:
            return {**left, "not": right}


CONFLICTING = st.builds(_joined, st.sampled_from(["allOf", "oneOf", "not", "if"]), SATISFIABLE, SATISFIABLE)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CONFLICTING, st.lists(SATISFIABLE, min_size=4, max_size=4))
def test_refused_schema_has_no_value(schema: dict[str, Any], others: list[dict[str, Any]]) -> None:
    """After a refusal, no value generated for the parts or for unrelated schemas is valid.

    Formats are not checked, because they yield if they contradict the rest of a schema.
    """
    validator = Draft202012Validator(schema)
    try:
        value = value_for(schema)
    except Unsatisfiable:
        parts = [part for item in schema.values() for part in (item if isinstance(item, list) else [item])]
        candidates = [
            value_for(part, seed) for part in (*parts, *others) if isinstance(part, dict) for seed in range(3)
        ]
        assert not [candidate for candidate in candidates if validator.is_valid(candidate)]
    else:
        validator.validate(value)


NUMBERS = st.integers(-9, 20)
SIZES = st.integers(0, 4)
TYPES = st.sampled_from(["object", "array", "string", "integer", "number", "boolean", "null"])
VALUES = st.sampled_from(["a", "ab", 1, 2.5, 0, None, True, [], [1, "a"], {}, {"a": 1}])
PATTERNS = st.sampled_from(["^a", "b$", "^[a-c]{2,3}$", "\\d", "^x?1"])


def _meeting(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Combine independent keywords of draft 07, of which some contradict each other."""
    several = st.lists(inner, min_size=1, max_size=3)
    named = st.dictionaries(NAMES, inner, max_size=3)
    keywords: dict[str, st.SearchStrategy[Any]] = {
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
        "enum": st.lists(VALUES, min_size=1, max_size=4), "const": VALUES,
        "minimum": NUMBERS, "maximum": NUMBERS, "exclusiveMinimum": NUMBERS, "exclusiveMaximum": NUMBERS,
        "multipleOf": st.sampled_from([1, 2, 3, 0.5, 0.25]),
        "minLength": SIZES, "maxLength": SIZES, "pattern": PATTERNS,
        "items": inner | several, "additionalItems": inner, "contains": inner,
        "minItems": SIZES, "maxItems": SIZES, "uniqueItems": st.booleans(),
        "properties": named, "patternProperties": st.dictionaries(PATTERNS, inner, max_size=2),
        "additionalProperties": inner, "propertyNames": inner, "required": st.lists(NAMES, max_size=2, unique=True),
        "minProperties": SIZES, "maxProperties": SIZES, "dependencies": named,
        "allOf": several, "anyOf": several, "oneOf": several, "not": inner,
        "if": inner, "then": inner, "else": inner,
    }  # fmt: skip
    names = st.lists(st.sampled_from(sorted(keywords)), min_size=1, max_size=5, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: keywords[name] for name in chosen}))


ANY = st.recursive(st.booleans() | LEAVES | st.just({"$ref": "#/definitions/shared"}), _meeting, max_leaves=8)


@pytest.mark.filterwarnings("ignore:jsonschema:DeprecationWarning")  # its reference resolution
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data(), ANY.filter(lambda schema: isinstance(schema, dict)), LEAVES | _meeting(LEAVES))
def test_schema_satisfied_by_hypothesis_gets_a_value(
    data: st.DataObject, schema: dict[str, Any], shared: dict[str, Any]
) -> None:
    whole = {"$schema": "http://json-schema.org/draft-07/schema#", **schema, "definitions": {"shared": shared}}
    validator = Draft7Validator(whole)
    try:
        witness = data.draw(_witnesses(whole))
    except (AssertionError, InvalidArgument):  # raised by hypothesis-jsonschema for contradictory schemas
        reject()
    assume(_is_valid(validator, witness))
    value = value_for(whole)
    assert _is_valid(validator, value), (witness, value)


def _is_valid(validator: Draft7Validator, value: Any) -> bool:
    try:
        return bool(validator.is_valid(value))
    except TypeError:  # jsonschema crashes on `additionalItems` beside a boolean `items`
        reject()


def _witnesses(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for values by hypothesis-jsonschema; empty if it cannot handle the schema."""
    try:
        return from_schema(deepcopy(schema))
    except (InvalidArgument, Unresolvable, RecursionError):
        return st.nothing()


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["type", "properties", "items", "required", "enum", "anyOf", "not", "$ref", "minimum", "pattern", "$id",
             "maxLength", "if", "then", "contains", "additionalProperties", "dependencies", "nullable", "any_of"]
        )
        | st.text(max_size=3),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JUNK)
def test_malformed_schema_does_not_crash(schema: Any) -> None:
    with contextlib.suppress(Unsatisfiable):
        json.dumps(value_for(schema), allow_nan=False)
    problem_with(schema, {"a": [1]})
