"""Published JSON Schema and reference page, compared with the models."""

import re
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest

import gemulator
from gemulator.core import located_yaml as yaml
from gemulator.core.errors import ScenarioError
from gemulator.core.folders import shipped_scenarios
from gemulator.scenario.authoring.errors_page import errors_reference
from gemulator.scenario.authoring.json_schema import scenario_schema
from gemulator.scenario.authoring.reference_page import reference, to_flow_yaml
from gemulator.scenario.conditions.match import Match
from gemulator.scenario.model import Turn
from gemulator.scenario.replies import KINDS
from gemulator.service.refusals import REFUSALS
from tests.asking import read
from tests.scenario.test_match import CONDITIONS
from tests.scenario.test_replies import PLANNED

PAGE = Path(gemulator.__file__).parents[2] / "docs" / "scenarios.md"
SCHEMA = scenario_schema()
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
REFERENCE = reference()
FILES = sorted(shipped_scenarios().rglob("[!_]*.yaml"))


def test_the_published_schema_is_the_one_of_the_classes() -> None:
    published = orjson.loads((shipped_scenarios() / "scenario.schema.json").read_bytes())
    assert published == SCHEMA, "run: gemulator schema > scenarios/scenario.schema.json"


@pytest.mark.skipif(not PAGE.is_file(), reason="the installed package has no docs")
def test_the_published_reference_is_the_one_of_the_classes() -> None:
    assert PAGE.read_text() == REFERENCE, "run: gemulator schema --format markdown > docs/scenarios.md"


@pytest.mark.skipif(not PAGE.is_file(), reason="the installed package has no docs")
def test_the_published_errors_are_those_of_the_classes() -> None:
    published = PAGE.with_name("errors.md").read_text()
    assert published == errors_reference(), "run: gemulator schema --format errors > docs/errors.md"


def test_each_error_lists_all_values_of_its_message() -> None:
    of_the_request = {"project", "location", "endpoint", "version", "publisher", "model"}
    for refusal in REFUSALS.values():
        assert set(refusal.parameters) <= {*of_the_request, *(refusal.defaults or {})}


def test_the_schema_is_one() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_every_shipped_scenario_is_valid(file: Path) -> None:
    VALIDATOR.validate(yaml.read(file.read_text(), file).data)
    assert "$schema=" in file.read_text().partition("\n")[0]


@pytest.mark.parametrize("turn", [{"when": {n: test}, "reply": "x"} for n, test, *_ in CONDITIONS], ids=str)
def test_what_can_be_loaded_is_valid(turn: dict[str, Any]) -> None:
    VALIDATOR.validate({"turns": [turn]})


@pytest.mark.parametrize("reply", [reply for reply, _ in PLANNED], ids=str)
def test_every_reply_that_can_be_loaded_is_valid(reply: Any) -> None:
    VALIDATOR.validate({"turns": [{"reply": reply}]})


@pytest.mark.parametrize(
    "turn",
    [
        {"when": {"usr": "x"}, "reply": "x"},
        {"when": {"user": {"containz": "x"}}, "reply": "x"},
        {"when": {"user": 5}, "reply": "x"},
        {"when": {"user": None}, "reply": "x"},
        {"when": {"user": []}, "reply": "x"},
        {"when": {"tool_result": {"jsn": {}}}, "reply": "x"},
        {"reply": {"txt": "x"}},
        {"reply": {"call": "f", "wth": {}}},
        {"reply": [{"error": 500}]},
        {"reply": ["x"]},
        {"reply": 5},
        {"reply": {"error": 200}},
        {"reply": "x", "times": 0},
        {"reply": "x", "finish": "lenght"},
        {"reply": "x", "pacing": {"first_token": 5}},
        {"when": {"user": "x"}},
    ],
    ids=str,
)
def test_schema_and_loader_refuse_the_same(turn: dict[str, Any]) -> None:
    data = {"turns": [turn]}
    assert list(VALIDATOR.iter_errors(data))
    with pytest.raises(ScenarioError):
        read(orjson.dumps(data).decode())


def test_every_key_is_described() -> None:
    for name, definition in SCHEMA["$defs"].items():
        for key, schema in definition.get("properties", {}).items():
            assert schema.get("description"), f"{name}.{key}"


# ---- the page


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.*?)```", REFERENCE, re.S))
def test_every_block_of_the_page_can_be_loaded(text: str) -> None:
    scenario = read(text if "turns:" in text else f"turns:\n  - {text}")
    assert isinstance(scenario.turns[0], Turn)


@pytest.mark.parametrize("name", list(Match.model_fields))
def test_every_condition_has_examples_that_can_be_loaded(name: str) -> None:
    field = Match.model_fields[name]
    assert field.examples
    for example in field.examples:
        when = f"{{ {field.alias or name}: {to_flow_yaml(example)} }}"
        assert read(f"turns: [{{ when: {when}, reply: x }}]").turns[0].conditional


@pytest.mark.parametrize(
    "row", re.findall(r"^\| (`.*`) \| ", REFERENCE.split("## Comparisons")[1].split("##")[0], re.M)
)
def test_every_comparison_of_the_page_can_be_loaded(row: str) -> None:
    for condition in re.findall("`(.*?)`", row):
        assert read(f"turns:\n  - when:\n      {condition}\n    reply: x\n").turns[0].conditional


def test_the_page_has_every_kind() -> None:
    assert all(f"### `{key}`" in REFERENCE for key in KINDS)
