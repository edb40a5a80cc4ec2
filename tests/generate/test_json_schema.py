"""Values for JSON Schemas: one case per construct, validated independently with `jsonschema`."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

from gemulator.core.seed import Seed
from gemulator.generate.json_schema import Unsatisfiable, normalise, problem_with, value_for

Schema = dict[str, Any]


def assert_valid(schema: Any, value: Any) -> None:
    """Validate with the draft of `$schema` and its format checker."""
    cls = validator_for(schema, default=Draft202012Validator)
    cls(schema, format_checker=cls.FORMAT_CHECKER).validate(value)


def obj(required: list[str] | None = None, **properties: Any) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties) if required is None else required}


TEXT, WHOLE, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
TREE = {
    "$ref": "#/$defs/node",
    "$defs": {"node": obj(["value"], value=WHOLE, children={"type": "array", "items": {"$ref": "#/$defs/node"}})},
}
EXPRESSION = {
    "$ref": "#/$defs/e",
    "$defs": {
        "e": {"anyOf": [{"$ref": "#/$defs/add"}, {"$ref": "#/$defs/neg"}, {"$ref": "#/$defs/lit"}]},
        "add": obj(left={"$ref": "#/$defs/e"}, right={"$ref": "#/$defs/e"}, op={"const": "add"}),
        "neg": obj(inner={"$ref": "#/$defs/e"}, op={"const": "neg"}),
        "lit": obj(value=NUMBER, op={"const": "lit"}),
    },
}

CONSTRUCTS: dict[str, Any] = {
    "true": True,
    "empty": {},
    "type list": {"type": ["string", "null"]},
    "enum": {"enum": ["a", 3, None, {"x": [1]}]},
    "enum and type": {"type": "integer", "enum": ["a", 3, None]},
    "const": {"const": {"a": [1, 2]}},
    "bounds": {"type": "integer", "minimum": 7, "exclusiveMaximum": 9},
    "narrow number": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001},
    "far bounds": {"type": "number", "minimum": 1e300},
    "draft 4 bounds": {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "integer", "minimum": 1, "exclusiveMinimum": True, "maximum": 3, "exclusiveMaximum": True,
    },
    "multipleOf": {"type": "number", "multipleOf": 0.01, "minimum": 100000},
    "several multipleOf": {"allOf": [{"multipleOf": 6}, {"multipleOf": 0.5}, {"multipleOf": 10}], "type": "integer"},
    "not multipleOf": {"type": "integer", "multipleOf": 3, "not": {"multipleOf": 2}, "minimum": 4, "maximum": 10},
    "lengths": {"type": "string", "minLength": 80, "maxLength": 82},
    "short": {"type": "string", "maxLength": 1, "minLength": 1},
    "pattern": {"type": "string", "pattern": "^[A-Z]{3}-\\d{4}$"},
    "pattern and length": {"type": "string", "pattern": "^[a-z]+$", "minLength": 40, "maxLength": 41},
    "several patterns": {"type": "string", "allOf": [{"pattern": "^hello"}, {"pattern": "cruel"}, {"pattern": "d$"}]},
    "prefix and suffix": {"type": "string", "allOf": [{"pattern": "^https:\\/\\/.*"}, {"pattern": ".*\\.com$"}]},
    "character classes": {"type": "string", "allOf": [{"pattern": kind} for kind in ("[a-z]", "[A-Z]", "\\d", "\\W")]},
    "pattern ruled out": {"type": "string", "pattern": "^[ab]{3}$", "not": {"pattern": "a"}},
    "lookahead": {"type": "string", "pattern": "^(?=.*\\d)(?=.*[A-Z])(?!.*x)[a-zA-Z\\d]{8,}$"},
    "lookbehind": {"type": "string", "pattern": "^[a-z]+(?<!a)$"},
    "back reference": {"type": "string", "pattern": "^(['\"])[a-z]+\\1$"},
    "unanchored": {"type": "string", "pattern": "(^|,)x{2}(,|$)"},
    "format with pattern": {"type": "string", "format": "date", "pattern": "^20"},
    "content": {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "string", "contentMediaType": "application/json", "contentEncoding": "base64",
    },
    "items": {"type": "array", "items": WHOLE, "minItems": 4},
    "prefixItems": {"type": "array", "prefixItems": [TEXT, WHOLE], "items": {"type": "boolean"}, "minItems": 3},
    "items of draft 7": {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "array", "items": [TEXT, WHOLE], "additionalItems": False, "minItems": 2,
    },
    "unique booleans": {"type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "minItems": 2},
    "unique from enum": {"type": "array", "items": {"enum": ["a", "b", "c"]}, "uniqueItems": True, "minItems": 3},
    "unique formats": {
        "type": "array", "items": {"type": "string", "format": "json-pointer"}, "uniqueItems": True, "minItems": 9
    },
    "unique small range": {
        "type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 4}, "uniqueItems": True, "minItems": 4
    },
    "contains": {"type": "array", "items": WHOLE, "contains": {"const": 42}, "minContains": 2, "maxContains": 2,
                 "minItems": 5},
    "several contains": {"type": "array", "allOf": [{"contains": {"minimum": 5}}, {"contains": {"multipleOf": 7}}],
                         "items": WHOLE, "maxItems": 1},
    "required without schema": {"type": "object", "required": ["a", "b"]},
    "closed object": {**obj(a=TEXT), "additionalProperties": False},
    "map": {"type": "object", "additionalProperties": WHOLE, "minProperties": 3},
    "patternProperties": {
        "type": "object", "patternProperties": {"^x-[a-z]+$": WHOLE}, "additionalProperties": False, "minProperties": 3
    },
    "patternProperties meet properties": {
        **obj(abc=WHOLE), "patternProperties": {"^a": {"minimum": 50}, "c$": {"maximum": 51}}
    },
    "propertyNames": {"type": "object", "propertyNames": {"pattern": "^[A-Z]{2}$"}, "minProperties": 2},
    "propertyNames from enum": {"type": "object", "propertyNames": {"enum": ["a", "b"]}, "minProperties": 2},
    "maxProperties": {**obj([], a=TEXT, b=TEXT, c=TEXT), "minProperties": 2, "maxProperties": 2},
    "dependentRequired": {**obj(["a"], a=TEXT, b=TEXT, c=TEXT), "dependentRequired": {"a": ["b"], "b": ["c"]}},
    "dependentSchemas": {**obj(["a"], a=TEXT), "dependentSchemas": {"a": obj(b=WHOLE)}},
    "dependencies": {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **obj(["a"], a=TEXT), "dependencies": {"a": {"required": ["z"]}},
    },
    "unevaluatedProperties": {
        "type": "object", "allOf": [obj(a=TEXT)], "anyOf": [obj(b=WHOLE), obj(c=WHOLE)],
        "unevaluatedProperties": False, "minProperties": 2,
    },
    "unevaluatedItems": {
        "type": "array", "allOf": [{"prefixItems": [TEXT, WHOLE]}], "unevaluatedItems": False, "minItems": 2
    },
    "allOf": {"allOf": [obj(a={"minimum": 3}), obj(a={**WHOLE, "maximum": 3}), {"required": ["b"]}]},
    "anyOf with siblings": {
        **obj(kind={"enum": ["a", "b"]}), "anyOf": [obj(kind={"const": "b"}, x=WHOLE), obj(kind={"const": "c"})]
    },
    "oneOf by discriminator": {"oneOf": [obj(kind={"const": "a"}, x=WHOLE), obj(kind={"const": "b"}, y=TEXT)]},
    "oneOf that overlaps": {"oneOf": [{"type": "integer", "minimum": 0}, {"type": "integer", "maximum": 10}]},
    "oneOf of number and integer": {"oneOf": [NUMBER, WHOLE]},
    "oneOf of required": {**obj([], a=TEXT, b=TEXT), "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
    "oneOf with an empty schema": {"oneOf": [obj(a=WHOLE), {}], "type": "object"},
    "not const": {"type": "boolean", "not": {"const": True}},
    "not type": {"not": {"type": ["string", "object", "array", "null", "boolean"]}},
    "not required": {**obj(["b"], a=TEXT, b=TEXT), "not": {"required": ["a"]}},
    "not properties": {"type": "object", "not": {"properties": {"a": {"type": "string"}}}},
    "not items": {"type": "array", "not": {"items": {"type": "string"}}},
    "not propertyNames": {"type": "object", "not": {"propertyNames": {"not": {"const": "here"}}}},
    "not not": {"not": {"not": {"const": "0"}}},
    "not anyOf": {"type": "string", "not": {"anyOf": [{"maxLength": 3}, {"minLength": 5}, {"pattern": "^a"}]}},
    "not allOf": {"type": "integer", "not": {"allOf": [{"minimum": 1}, {"maximum": 99}]}},
    "not oneOf": {"type": "integer", "minimum": 0, "maximum": 9, "not": {"oneOf": [{"minimum": 3}, {"maximum": 6}]}},
    "if, then": {**obj(a={"const": 1}), "if": {"properties": {"a": {"const": 1}}}, "then": {"required": ["b"]}},
    "if, else": {**obj(a={"const": 2}), "if": {"properties": {"a": {"const": 1}}}, "else": {"required": ["b"]}},
    "if without then": {"type": "integer", "if": {"minimum": 10}, "else": {"multipleOf": 7}, "maximum": 9},
    "recursion": TREE,
    "recursion that must branch": EXPRESSION,
    "recursion through the root": obj(["name"], name=TEXT, parent={"$ref": "#"}),
    "nullable recursion": {
        "$ref": "#/$defs/n",
        "$defs": {"n": obj(next={"anyOf": [{"$ref": "#/$defs/n"}, {"type": "null"}]})},
    },
    "reference with siblings": {"$ref": "#/$defs/a", "maxLength": 3, "$defs": {"a": {**TEXT, "minLength": 3}}},
    "escaped pointer": {"$ref": "#/$defs/a~1b%25", "$defs": {"a/b%": {"const": 5}}},
    "$anchor": {"$ref": "#here", "$defs": {"a": {"$anchor": "here", "const": 5}}},
    "$id": {
        "$id": "https://example.com/root.json", "$ref": "item.json#/$defs/x",
        "$defs": {"i": {"$id": "item.json", "$defs": {"x": {"const": 9}}}},
    },
    "$dynamicRef": {
        "$id": "https://example.com/strings", "$ref": "list",
        "$defs": {
            "text": {"$dynamicAnchor": "item", "type": "string"},
            "list": {
                "$id": "list", "type": "array", "minItems": 2, "items": {"$dynamicRef": "#item"},
                "$defs": {"any": {"$dynamicAnchor": "item"}},
            },
        },
    },
    "$recursiveRef": {
        "$schema": "https://json-schema.org/draft/2019-09/schema", "$recursiveAnchor": True,
        **obj(["a"], a=TEXT, b={"$recursiveRef": "#"}),
    },
    "a meta-schema": {"$ref": "https://json-schema.org/draft/2020-12/schema"},
    "a property called $ref": {"type": "object", "properties": {"$ref": TEXT}, "required": ["$ref"]},
}  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", CONSTRUCTS)
def test_constructs(name: str, seed: int) -> None:
    assert_valid(CONSTRUCTS[name], value_for(CONSTRUCTS[name], seed))


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_schema_is_not_modified(name: str) -> None:
    before = json.dumps(CONSTRUCTS[name])
    value_for(CONSTRUCTS[name])
    assert json.dumps(CONSTRUCTS[name]) == before


FORMATS = sorted(Draft202012Validator.FORMAT_CHECKER.checkers)


@pytest.mark.parametrize("name", FORMATS)
def test_formats(name: str) -> None:
    schema = {"type": "array", "items": {"type": "string", "format": name}, "minItems": 8, "uniqueItems": True}
    value = value_for(schema, 1)
    assert_valid(schema, value)


UNSATISFIABLE: dict[str, tuple[Any, str]] = {
    "false": (False, ""),
    "an impossible property": (
        obj(city=obj(name={**TEXT, "pattern": "^a$", "minLength": 2})), "properties.city.properties.name.pattern"
    ),
    "types that never meet": (obj(a={"allOf": [TEXT, WHOLE]}), "properties.a.type"),
    "enums that never meet": ({"allOf": [{"enum": [1, 2]}, {"enum": [3]}]}, "enum"),
    "an empty interval": (obj(n={"type": "integer", "minimum": 3, "maximum": 2}), "properties.n.minimum"),
    "no integer in between": ({"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 4}, "minimum"),
    "lengths": (obj(s={**TEXT, "minLength": 3, "maxLength": 2}), "properties.s.minLength"),
    "items": ({"type": "array", "items": False, "minItems": 1}, "items"),
    "item counts": ({"type": "array", "minItems": 3, "maxItems": 2}, "minItems"),
    "required and forbidden": ({**obj(a=False)}, "properties.a"),
    "more required than allowed": ({**obj(a=TEXT, b=TEXT), "maxProperties": 1}, "maxProperties"),
    "a name that is not allowed": ({**obj(a=TEXT), "propertyNames": {"maxLength": 0}}, "propertyNames"),
    "recursion without an end": ({"$ref": "#/$defs/a", "$defs": {"a": obj(a={"$ref": "#/$defs/a"})}}, "properties.a"),
    "not of everything": (obj(a={"not": {}}), "properties.a.not"),
    "all branches the same": ({"oneOf": [True, True]}, ""),
    "a reference to nowhere": (obj(a={"$ref": "#/$defs/gone"}), "properties.a"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNSATISFIABLE)
def test_unsatisfiable_error_names_the_path(name: str) -> None:
    schema, path = UNSATISFIABLE[name]
    with pytest.raises(Unsatisfiable) as caught:
        value_for(schema)
    assert caught.value.path.startswith(path)
    assert caught.value.reason in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    "schema",
    [
        None, 3, "text", [], {"type": 5}, {"type": []}, {"enum": 3}, {"required": "a"}, {"properties": 3}, {"allOf": 3},
        {"minimum": "low", "type": "integer"}, {"anyOf": []}, {"items": 3, "type": "array"}, {1: 2}, {"$ref": 3},
        {"prefixItems": 5, "type": "array"}, {"contains": {}, "minContains": "x", "type": "array"}, {"not": 5},
        {"pattern": "("}, {"patternProperties": {"(": True}, "minProperties": 1}, {"minimum": 10**400},
        {"const": float("inf")}, {"type": "string", "enum": ["\ud800"]}, {"$schema": "https://example.com/own"},
        {"$ref": "#"}, {"allOf": [{"$ref": "#"}]}, {"required": [1], "type": "object"}, {"type": "dict"},
    ],
    ids=repr,
)  # fmt: skip
def test_malformed_schema_gets_a_value(schema: Any) -> None:
    assert isinstance(json.dumps(value_for(schema), allow_nan=False), str)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "minItems": 10**7},
        {"type": "string", "minLength": 10**10},
        {"type": "string", "pattern": "^(a+)+$", "not": {"pattern": "^a+$"}},
        {"type": "string", "pattern": "^(([a-z])+.)+[A-Z]([a-z])+$", "minLength": 2000, "maxLength": 2001},
        {"allOf": [{"anyOf": [{"multipleOf": a}, {"multipleOf": a + 1}]} for a in range(2, 40)], "type": "integer",
         "minimum": 1, "maximum": 40},
    ],
    ids=["items", "length", "repeats", "long pattern", "choices"],
)  # fmt: skip
def test_adversarial_schema_terminates(schema: Any) -> None:
    """Work is bounded. Validated with `problem_with`, because `jsonschema` hangs on some of these."""
    with contextlib.suppress(Unsatisfiable):
        assert problem_with(schema, value_for(schema)) is None


@pytest.mark.parametrize("fragment", ["", "#/definitions/a"])
def test_external_reference_accepts_any_value(fragment: str) -> None:
    schema = obj(a={"$ref": "https://example.com/schema.json" + fragment}, b=WHOLE)
    value = value_for(schema)
    assert isinstance(value, dict)
    assert set(value) == {"a", "b"}
    assert problem_with(schema, {"a": [1], "b": 1}) is None
    assert problem_with(schema, {"a": 1, "b": "x"}) == 'b: "x" is not of type "integer"'


def test_siblings_of_external_reference_apply() -> None:
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$ref": "https://example.com/thing.json",
        **obj(a=WHOLE),
    }
    value = value_for(schema)
    assert isinstance(value, dict)
    assert isinstance(value["a"], int)


def test_unresolvable_reference_is_named() -> None:
    with pytest.raises(Unsatisfiable, match="#/definitions/none cannot be resolved"):
        value_for(obj(a={"anyOf": [{"$ref": "#/definitions/none"}, {"$ref": "#/definitions/nowhere"}]}))


def test_contradictory_properties_leave_other_types() -> None:
    schema = {"required": ["a"], "allOf": [{"properties": {"a": False}}]}
    assert not isinstance(value_for(schema), dict)
    either = {"required": ["a"], "anyOf": [{"properties": {"a": False}}, {"properties": {"a": TEXT}}]}
    assert {type(value_for(either, seed)) for seed in range(9)} == {dict}


def test_expensive_schema_is_retried_briefly() -> None:
    """Every level has many properties, each of which must match exactly one of many branches."""
    names = [f"p{number}" for number in range(16)]
    node = {"oneOf": [{**TEXT, "pattern": f"^{name}"} for name in names] + [{"$ref": "#/$defs/node"}]}
    lists: dict[str, Any] = {name: {"type": "array", "items": node} for name in names}
    schema = {"$ref": "#/$defs/node", "$defs": {"node": obj(**lists)}}
    assert_valid(schema, value_for(schema))


def test_costly_alternative_leaves_steps_for_the_others() -> None:
    """All texts of the first array are excluded by another array, which takes long to find out."""
    texts = {"type": "array", "items": {**TEXT, "pattern": "^[a-z]{1}$"}, "minItems": 0, "maxItems": 1}
    zeros = {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 0}, "minItems": 0, "maxItems": 1}
    pairs = {"type": "array", "items": TEXT, "minItems": 2, "maxItems": 2}
    letters = {"type": "array", "items": {**TEXT, "minLength": 1, "maxLength": 1}, "minItems": 0, "maxItems": 1}
    anything = {"type": "object", "properties": {"a": TEXT}, "required": []}
    schema = {"oneOf": [{"anyOf": [texts, zeros, {"type": "null"}]}, {"anyOf": [pairs, letters, anything]}]}
    for seed in range(20):
        assert_valid(schema, value_for(schema, seed))


@pytest.mark.parametrize(("keyword", "levels"), [("allOf", 60), ("allOf", 200), ("anyOf", 60)])
def test_definitions_that_double_are_solved_once(keyword: str, levels: int) -> None:
    nodes: Schema = {f"d{n}": {keyword: [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(levels)}
    schema = {"$ref": "#/$defs/d0", "$defs": {**nodes, f"d{levels}": {**TEXT, "minLength": 3}}}
    value = value_for(schema)
    assert isinstance(value, str)
    assert len(value) >= 3


GEMINI: dict[str, tuple[Schema, Schema]] = {
    "upper case": ({"type": "STRING"}, {"type": "string"}),
    "nullable": ({"type": "INTEGER", "nullable": True}, {"type": ["integer", "null"]}),
    "nullable enum": (
        {"type": "string", "enum": ["a"], "nullable": True},
        {"type": ["string", "null"], "enum": ["a", None]},
    ),
    "nullable reference": ({"$ref": "#/x", "nullable": True}, {"anyOf": [{"$ref": "#/x"}, {"type": "null"}]}),
    "sizes as text": ({"type": "ARRAY", "minItems": "2"}, {"type": "array", "minItems": 2}),
    "bounds as text": ({"type": "NUMBER", "minimum": "0.5"}, {"type": "number", "minimum": 0.5}),
    "snake case": ({"any_of": [{"type": "STRING"}]}, {"anyOf": [{"type": "string"}]}),
    "integers in an enum": ({"type": "INTEGER", "enum": ["1", "2"]}, {"type": "integer", "enum": [1, 2]}),
    "unspecified": ({"type": "TYPE_UNSPECIFIED"}, {}),
    "a property's name": (
        {"properties": {"any_of": {"type": "STRING"}, "nullable": {"type": "BOOLEAN"}}},
        {"properties": {"any_of": {"type": "string"}, "nullable": {"type": "boolean"}}},
    ),
    "a language's types": ({"type": "dict", "properties": {"a": {"type": "float"}}},
                           {"type": "object", "properties": {"a": {"type": "number"}}}),
    "standard": ({"type": "string", "title": "nullable"}, {"type": "string", "title": "nullable"}),
}  # fmt: skip


@pytest.mark.parametrize("name", GEMINI)
def test_normalised(name: str) -> None:
    schema, standard = GEMINI[name]
    before = json.dumps(schema)
    assert normalise(schema) == standard
    assert json.dumps(schema) == before


def test_property_ordering_takes_precedence() -> None:
    schema = {**obj(a=TEXT, b=TEXT, c=TEXT), "propertyOrdering": ["c", "a"]}
    value, plain = value_for(schema), value_for(obj(b=TEXT, a=TEXT))
    assert isinstance(value, dict)
    assert isinstance(plain, dict)
    assert list(value) == ["c", "a", "b"]
    assert list(plain) == ["b", "a"]


def test_optional_properties_appear_by_chance() -> None:
    schema = obj(["a"], a=TEXT, b=TEXT)
    kinds = {tuple(value) for seed in range(20) if isinstance(value := value_for(schema, seed), dict)}
    assert kinds == {("a",), ("a", "b")}


def test_given_values_are_completed() -> None:
    schema = {**obj(["city", "days"], city=TEXT, days={**WHOLE, "maximum": 9}, tags={"type": "array"})}
    value = value_for(schema, given={"city": "Bonn", "tags": [1, {"x": 2}]})
    assert isinstance(value, dict)
    assert value["city"] == "Bonn"
    assert value["tags"] == [1, {"x": 2}]
    assert_valid(schema, value)


def test_given_values_select_the_branch() -> None:
    schema = {
        "oneOf": [
            obj(["kind", kind], **{"kind": {"const": kind}, kind: WHOLE}) for kind in ("circle", "square", "line")
        ]
    }
    for seed in range(5):
        value = value_for(schema, seed, given={"kind": "square"})
        assert isinstance(value, dict)
        assert set(value) == {"kind", "square"}


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"city": 5}, "properties.city"),
        ({"town": "Bonn"}, "properties.town"),
        ({"where": {"zip": True}}, "properties.where.properties.zip"),
    ],
)
def test_invalid_given_value_is_named(given: dict[str, Any], path: str) -> None:
    schema = {**obj([], city=TEXT, where=obj([], zip=TEXT)), "additionalProperties": False}
    with pytest.raises(Unsatisfiable) as caught:
        value_for(schema, given=given)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("schema", "value", "problem"),
    [
        (obj(a=TEXT), {"a": "x"}, None),
        (True, 3, None),
        (obj(a=TEXT), {"a": 1}, 'a: 1 is not of type "string"'),
        (obj(a=TEXT), {}, '"a" is a required property'),
        (obj(a={"type": "array", "items": WHOLE}), {"a": [1, "x"]}, 'a.1: "x" is not of type "integer"'),
        ({"type": "STRING", "nullable": True}, None, None),
        ({"type": "string", "format": "date"}, "tomorrow", '"tomorrow" is not a "date"'),
    ],
)
def test_problem_with(schema: Any, value: Any, problem: str | None) -> None:
    assert problem_with(schema, value) == problem


def test_values_do_not_share_state_with_schema() -> None:
    schema = obj(a={"enum": [{"x": [1]}]}, b={"const": [1]})
    before = json.dumps(schema)
    first = value_for(schema)
    assert isinstance(first, dict)
    first["a"]["x"].append(2)  # type: ignore[index, union-attr, call-overload]
    first["b"].append(2)  # type: ignore[union-attr]
    assert json.dumps(schema) == before
    assert value_for(schema) == {"a": {"x": [1]}, "b": [1]}


class FixedHints:
    """Hint source with fixed values per property name."""

    def __init__(self, offers: Mapping[str, list[Any]]) -> None:
        self.offers = {name: list(values) for name, values in offers.items()}
        self.origin = offers
        self.asked: list[tuple[str, Any]] = []

    def suggest(self, name: str, schema: Mapping[str, Any]) -> Iterable[Any]:
        self.asked.append((name, schema.get("type")))
        return list(self.offers.get(name, []))

    def take(self, value: Any) -> None:
        for values in self.offers.values():
            if value in values:
                values.remove(value)

    def fresh(self) -> "FixedHints":
        return FixedHints(self.origin)


def test_hints_are_used_if_valid() -> None:
    schema = obj(
        ["city", "unit", "days", "stops"],
        city=TEXT,
        unit={"enum": ["celsius", "kelvin"]},
        days={**WHOLE, "maximum": 9},
        stops={"type": "array", "items": TEXT},
        email={**TEXT, "format": "email"},
    )
    hints = FixedHints(
        {
            "city": ["Boston"],
            "unit": ["mile", "kelvin"],
            "days": ["x", 12, 5],
            "stops": [["Rome", "Oslo"]],
            "email": ["a@b.io"],
        }
    )
    for seed in range(3):
        assert value_for(schema, seed, hints=hints) == {
            "city": "Boston", "unit": "kelvin", "days": 5, "stops": ["Rome", "Oslo"], "email": "a@b.io",
        }  # fmt: skip
    assert hints.offers["city"] == ["Boston"]


def test_a_hint_is_used_once() -> None:
    schema = {"type": "array", "items": obj(city=TEXT), "minItems": 3, "maxItems": 3}
    value = value_for(schema, hints=FixedHints({"city": ["Boston", "Delhi"]}))
    assert isinstance(value, list)
    assert [item["city"] for item in value if isinstance(item, dict)][:2] == ["Boston", "Delhi"]
    assert value[2] not in value[:2]


def test_value_depends_on_the_seed() -> None:
    schema = obj(name=TEXT, price=NUMBER, tags={"type": "array", "items": TEXT})
    assert value_for(schema, 7) == value_for(schema, 7)
    assert value_for(schema, Seed.root("a")) == value_for(schema, Seed.root("a"))
    assert len({json.dumps(value_for(schema, seed)) for seed in range(8)}) > 4


_SCRIPT = """
import json, sys
from gemulator.generate.json_schema import value_for
for line in sys.stdin:
    print(json.dumps(value_for(json.loads(line), 11)))
"""


@pytest.mark.slow
def test_value_is_independent_of_hash_seed() -> None:
    schemas = [schema for name, schema in CONSTRUCTS.items() if schema is not True]
    lines = "\n".join(map(json.dumps, schemas))
    outputs = []
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        ran = subprocess.run(
            [sys.executable, "-c", _SCRIPT], input=lines, env=environment, capture_output=True, text=True, check=True
        )
        outputs.append(ran.stdout)
    assert outputs[0] == outputs[1]
    assert [json.loads(line) for line in outputs[0].splitlines()] == [value_for(schema, 11) for schema in schemas]


def test_dates_lie_around_the_reference_day() -> None:
    schema = obj(due_date={**TEXT, "format": "date"}, created_at={**TEXT, "format": "date-time"})
    for seed in range(10):
        value = value_for(schema, seed, reference_day=date(2031, 5, 5))
        assert isinstance(value, dict)
        assert "2031-05-05" < str(value["due_date"]) < "2031-08-01"
        assert "2031-01-01" < str(value["created_at"]) < "2031-05-06"
