"""Function declarations: each kind refused, its neighbour accepted, and the declarations of real tools."""

import gzip
import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gemulator.core.seed import Seed
from gemulator.request.conversation import Conversation
from gemulator.request.parser import parse
from gemulator.request.target import Target
from gemulator.service.catalog import Model
from gemulator.service.rules import Policy, RuleContext, check_request, declarations
from gemulator.service.rules.declared_schema import SchemaFault, schema_faults
from tests.endpoint import CATALOG, GEMINI_3, Endpoint, rows

SHARED = Path(os.environ.get("GEMULATOR_SHARED", Path(__file__).parents[3].parent / "shared"))
CORPUS = SHARED / "corpora" / "schemas-open.jsonl.gz"
TARGET = Target("v1", "p", "global", "openapi")
STRICT = "strict"
SERVICE = "service"
STR = {"type": "string"}


def offer(*schemas: Any, name: str = "f") -> dict[str, Any]:
    """Return the tools with these parameters, named f0, f1 and so on."""
    return {
        "tools": [
            {"type": "function", "function": {"name": f"{name}{index}", "parameters": schema}}
            for index, schema in enumerate(schemas)
        ]
    }


def having(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def named(*names: str) -> dict[str, Any]:
    return {"tools": [{"type": "function", "function": {"name": name}} for name in names]}


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = dict(STR)
    for _ in range(levels):
        schema = having(a=schema)
    return schema


PLACE = "tools[0].function_declarations[0].parameters"
PROTO = "The GenerateContentRequest proto is invalid:\n  * "

# Row, mildest strictness that refuses, request fields, expected message up to the link.
REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("§15.1 empty", SERVICE, offer({}), "`f0` functionDeclaration parameters schema should be of type OBJECT."),
    ("§15.1 string", SERVICE, offer(having(), STR), "`f1` functionDeclaration parameters schema should be of type"),
    (
        "§15.1 functions",
        SERVICE,
        {"functions": [{"name": "g", "parameters": {}}]},
        "`g` functionDeclaration parameters",
    ),
    ("§15.1 allOf of none", SERVICE, offer({"allOf": [{"required": ["a"]}]}), "should be of type OBJECT."),
    ("§15.1 $ref to none", SERVICE, offer({"$ref": "#/$defs/A", "$defs": {"A": STR}}), "should be of type OBJECT."),
    ("§15.2", STRICT, offer(having(a={"anyOf": [STR], "description": "x"})), "`parameters.a` schema specified other f"),
    ("§15.2 oneOf", STRICT, offer(having(a={"oneOf": [STR], "default": 1})), "`parameters.a` schema specified other f"),
    ("§15.2 at the top", STRICT, offer({**having(a=STR), "anyOf": [having(a=STR)]}), "`parameters` schema specified"),
    ("§15.3", STRICT, offer(having(a=having(b={}))), "`parameters.a.b` schema didn't specify the schema type field."),
    ("§15.3 true", STRICT, offer(having(a=True)), "`parameters.a` schema didn't specify"),
    ("§15.3 items", STRICT, offer(having(a={"type": "ARRAY", "items": {}})), "`parameters.a.items` schema didn't spec"),
    (
        "§15.4",
        SERVICE,
        offer(having(a=having(b={"type": "object", "items": STR}))),
        "`parameters.a.b` schema specified",
    ),
    ("§15.5", SERVICE, offer(having(a={"type": "array"})), f"{PROTO}{PLACE}.properties[a].items: missing field"),
    (
        "§15.5 deeper",
        SERVICE,
        offer(having(a={"type": "array", "items": having(b={"type": "array"})})),
        f"{PROTO}{PLACE}.properties[a].items.properties[b].items: missing field",
    ),
    (
        "§15.5 several",
        SERVICE,
        offer(having(a={"type": "array"}), having(b={"type": "Array"})),
        f"{PLACE}.properties[a].items: missing field\n  * tools[0].function_declarations[1].parameters.properties[b].i",
    ),
    ("§15.5 prefixItems", STRICT, offer(having(a={"type": "array", "prefixItems": [STR]})), "[a].items: missing field"),
    (
        "§15.6",
        STRICT,
        offer(having(z=STR, a={"type": "integer", "enum": ["x", 6]})),
        f"Invalid value at '{PLACE}.properties[1].value.enum[1]' (TYPE_STRING), 6",
    ),
    (
        "§15.7",
        STRICT,
        offer(having(a={"type": ["array", "null"]})),
        f"\"type\" at '{PLACE}.properties[0].value': Proto field is not repeating, cannot start list.",
    ),
    ("§15.8", SERVICE, named("g", "h", "g"), "Duplicate function declaration found: g"),
    (
        "§15.8 functions",
        SERVICE,
        {**named("g"), "functions": [{"name": "g"}]},
        "Duplicate function declaration found: g",
    ),
    (
        "§15.9 several",
        SERVICE,
        named("a b", "ok", "9"),
        "with a maximum length of 64.\n  * tools[0].function_declarations[2].name: [FIELD_INVALID] Invalid function",
    ),
    ("§15.10", SERVICE, named(*(f"g{number}" for number in range(513))), "At most 512 function declarations can be"),
    ("§15.11", SERVICE, offer(nested(33)), "exceeds the maximum allowed nesting depth."),
]

ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    ("§15.1 none", offer(None)),
    ("§15.1 capitals", offer({"type": "OBJECT", "properties": {"a": {"type": "String"}}})),
    ("§15.1 $ref", offer({"$ref": "#/$defs/A", "$defs": {"A": having(a=STR)}})),
    ("§15.1 allOf", offer({"allOf": [{"required": ["a"]}, {"$ref": "#/$defs/A"}], "$defs": {"A": having(a=STR)}})),
    ("§15.2 alone", offer(having(a={"anyOf": [STR, {"type": "null"}], "$comment": "x"}))),
    ("§15.2 oneOf", offer(having(a={"oneOf": [STR, {"type": "array", "items": STR}]}))),
    ("§15.3 $ref", offer({**having(a={"$ref": "#/$defs/A"}), "$defs": {"A": STR}})),
    ("§15.3 enum of texts", offer(having(a={"enum": ["x", "y"]}))),
    ("§15.3 property named type", offer(having(type=STR, items=STR, enum=STR, anyOf=STR))),
    ("§15.4, §15.5", offer(having(a={"type": "array", "items": {"type": "array", "items": STR}}))),
    ("§15.6 texts", offer(having(a={"type": "string", "enum": ["6", "7"]}))),
    ("§15.8 similar", named("g", "G", "g1")),
    ("§15.9", named("_", "a.b:c-d", "x" * 64)),
    ("§15.10", named(*(f"g{number}" for number in range(512)))),
    ("§15.11", offer(nested(32))),
    ("§15 keywords", offer({**having(a={**STR, "const": "x"}), "$schema": "s", "additionalProperties": False})),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("mildest", "fields", "says"), rows(REFUSED))
def test_faulty_declaration_is_refused(mildest: str, fields: dict[str, Any], says: str, stream: bool) -> None:
    for word in {mildest, STRICT}:
        answer = Endpoint(strictness=word).ask(stream=stream, **fields)
        assert answer.status == 400
        assert says in answer.error["message"]
    if mildest == STRICT:
        answer = Endpoint().ask(stream=stream, **fields)
        assert answer.status == 200
        assert "function" in answer.headers["x-emulator-notes"]


@pytest.mark.parametrize("fields", rows(ACCEPTED))
def test_sound_declaration_passes_without_a_note(fields: dict[str, Any]) -> None:
    answer = Endpoint(strictness=STRICT).ask(**fields)
    assert answer.status == 200, answer.text
    assert "x-emulator-notes" not in answer.headers


def test_several_faults_of_a_kind_are_one_violation_each() -> None:
    fields = offer(having(a={"type": "number", "enum": [6, 7]}), having(b={"type": "integer", "enum": [True]}))
    error = Endpoint(strictness=STRICT).ask(**fields).error
    (details,) = error["details"]
    assert error["message"] == "\n".join(one["description"] for one in details["fieldViolations"])
    assert [one["field"][-8:] for one in details["fieldViolations"]] == [".enum[0]", ".enum[1]", ".enum[0]"]


def test_declarations_are_not_checked_for_partners() -> None:
    assert Endpoint().ask(model="zai-org/glm-4.7-maas", **offer({})).status == 200


def test_set_of_tools_is_walked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    walks = []

    def walk(schema: Any) -> list[SchemaFault]:
        walks.append(schema)
        return [*schema_faults(schema)]

    monkeypatch.setattr(declarations, "schema_faults", walk)
    endpoint = Endpoint()
    for text in ("one", "two", "three"):
        assert endpoint.ask(text, **offer(having(seen_once=STR))).status == 200
    assert len(walks) == 1


# ---- properties


def refused_by(fields: dict[str, Any], policy: Policy, model: Model) -> str | None:
    """Return the rule of a declaration that refuses a request, `other` for another one, None if it passes."""
    body = {"model": GEMINI_3, "messages": [{"role": "user", "content": "Hi"}], **fields}
    conversation = Conversation(parse(json.dumps(body).encode()), TARGET, {})
    context = RuleContext.of(conversation, model, policy, lambda name, sign: True)
    failure = check_request(context).failure
    if failure is None:
        return None
    checked = ((rule.name, rule.check(context)) for rule in declarations.RULES)
    return next((name for name, found in checked if found and found.message == failure.message), "other")


def model() -> Model:
    found = CATALOG.lookup(GEMINI_3, TARGET)
    assert isinstance(found, Model)
    return found


def corpus() -> list[Any]:
    if not CORPUS.is_file():
        pytest.skip(f"{CORPUS} is not on this machine")
    with gzip.open(CORPUS, "rt") as lines:
        return [entry["schema"] for entry in map(json.loads, lines) if entry["tool"]]


@pytest.mark.slow
def test_real_declarations_are_refused_by_these_rules_only(capsys: pytest.CaptureFixture[str]) -> None:
    schemas, card = [schema for schema in corpus() if isinstance(schema, dict)], model()
    for word in (SERVICE, STRICT):
        policy = Policy(strictness="strict" if word == STRICT else "service")
        counts = Counter(refused_by(offer(schema), policy, card) for schema in schemas)
        with capsys.disabled():
            print(f"\n{word}: {len(schemas)} declarations, {counts.pop(None, 0)} accepted; {dict(counts)}")
        assert "other" not in counts


def _property(schema: dict[str, Any], seed: Seed, put: Callable[[Seed], Any]) -> dict[str, Any]:
    return {**schema, "properties": {**schema["properties"], f"p{seed.between(0, 99)}": put(seed)}}


def _texts(seed: Seed) -> list[Any]:
    return ["x", seed.between(1, 999), seed.between(1, 999)]


FAULTS: dict[str, Callable[[dict[str, Any], Seed], dict[str, Any]]] = {
    "list-type": lambda schema, seed: _property(schema, seed, lambda _: {"type": ["string", "null"]}),
    "enum-number": lambda schema, seed: _property(schema, seed, lambda s: {"type": "integer", "enum": _texts(s)}),
    "array-items": lambda schema, seed: _property(schema, seed, lambda s: having(a={"type": "array"})),
    "tuple-items": lambda schema, seed: _property(schema, seed, lambda s: {"type": "array", "prefixItems": [STR]}),
    "nesting": lambda schema, seed: _property(schema, seed, lambda s: nested(40 + s.between(0, 9))),
    "parameters-object": lambda schema, seed: {key: value for key, value in schema.items() if key != "type"},
    "items-type": lambda schema, seed: _property(schema, seed, lambda _: {"type": "string", "items": STR}),
    "any-of-alone": lambda schema, seed: _property(schema, seed, lambda _: {"anyOf": [STR], "title": "T"}),
    "type-missing": lambda schema, seed: _property(schema, seed, lambda _: {"description": "d"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("rule", FAULTS)
def test_mutated_declarations_are_refused_by_the_rule(rule: str) -> None:
    card, policy = model(), Policy(strictness="strict")
    sound = [
        schema
        for schema in corpus()[:1500]
        if isinstance(schema, dict)
        and isinstance(schema.get("properties"), dict)
        and not [*schema_faults(schema)]
        and schema.get("type") == "object"
    ][:200]
    assert len(sound) == 200
    for number, schema in enumerate(sound):
        mutated = FAULTS[rule](schema, Seed.root(rule, str(number)))
        assert refused_by(offer(mutated), policy, card) == rule, mutated


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["function-name", "duplicate-function", "too-many-functions"])
def test_mutated_names_are_refused_by_the_rule(rule: str) -> None:
    card, policy = model(), Policy()
    for number in range(200):
        mutated = {
            "function-name": [f"f{number}", f"{number}{chr(0x21 + number % 14)}f"],
            "duplicate-function": ["other", f"f{number}", f"f{number}"],
            "too-many-functions": [f"f{index}" for index in range(513 + number)],
        }[rule]
        assert refused_by(named(*mutated), policy, card) == rule
