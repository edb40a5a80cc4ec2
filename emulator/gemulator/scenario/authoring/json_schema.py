"""JSON Schema of scenario files, for editors."""

from collections.abc import Mapping, Sequence
from typing import Any

from gemulator.scenario.conditions.match import Match
from gemulator.scenario.loading.includes import INCLUDE
from gemulator.scenario.model import Scenario, UsageFields
from gemulator.scenario.replies import KINDS, PARTS

_DEFS = "#/$defs/"
_PIECE = {
    "type": "object",
    "description": "Content of another file of this folder, inserted here.",
    "properties": {INCLUDE: {"type": "string", "description": "Path of the file, like _pieces/weather.yaml."}},
    "required": [INCLUDE],
    "additionalProperties": False,
}
_PIECES = frozenset({"Turn", "Match", "PacingFields"})  # may be an include, like every reply


def scenario_schema() -> dict[str, Any]:
    """Return the schema: draft 7 with `$defs`, the form that VS Code's YAML server reads."""
    for model in (Match, UsageFields):  # pydantic below 2.14 cannot dump the default of a model that is not built yet
        model.model_rebuild()
    raw = Scenario.model_json_schema(by_alias=True)
    definitions = raw.pop("$defs")
    parts = [kind.__name__ for kind in PARTS]
    whole = [kind.__name__ for kind in KINDS.values()]
    shaped = {name: _simplify(schema) for name, schema in definitions.items()}
    shaped |= {"AnyPart": _by_key(parts, shaped), "WholeReply": _by_key(whole, shaped), "Piece": _PIECE}
    return {"$schema": "http://json-schema.org/draft-07/schema#", **_simplify(raw), "$defs": shaped}


def _simplify(node: Any) -> Any:
    """Return the schema without titles and nulls, with `anyOf` for pydantic's discriminated `oneOf`."""
    if isinstance(node, list):
        return [_simplify(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        rest = {key: value for key, value in node.items() if key not in {"$ref", "title", "default"}}
        return rest | (_or_include(node) if node["$ref"].removeprefix(_DEFS) in _PIECES else {"$ref": node["$ref"]})
    options = [option for option in node.get("oneOf") or node.get("anyOf") or () if option != {"type": "null"}]
    rest = {
        key: _properties(value) if key == "properties" else _simplify(value)
        for key, value in node.items()
        if key not in {"oneOf", "anyOf", "title", "discriminator"} and not (key == "default" and value is None)
    }
    return rest | _any_of([_simplify(option) for option in options])


def _properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Simplify the schemas of properties, whose names are not keywords."""
    return {name: _simplify(schema) for name, schema in properties.items()}


def _any_of(options: Sequence[dict[str, Any]]) -> dict[str, Any]:
    if not options:
        return {}
    mapping = {"$ref": f"{_DEFS}WholeReply"}
    if mapping in options:  # branch on the type, so that an editor reports errors of the mapping only
        return {"if": {"type": "object"}, "then": mapping, "else": _any_of([o for o in options if o != mapping])}
    return options[0] if len(options) == 1 else {"anyOf": list(options)}


def _or_include(node: Mapping[str, Any]) -> dict[str, Any]:
    return {"if": _has(INCLUDE), "then": {"$ref": f"{_DEFS}Piece"}, "else": {"$ref": node["$ref"]}}


def _by_key(names: Sequence[str], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema that selects the class of a part by its key.

    A chain of `if` lets an editor complete the known keys and report errors of one class instead of all.
    """
    kinds = {kind.key: kind.__name__ for kind in KINDS.values() if kind.__name__ in names}
    keys = {
        key: {"description": definitions[name]["description"], **definitions[name]["properties"][key]}
        for key, name in kinds.items()
    }
    keys[INCLUDE] = {"type": "string", "description": _PIECE["description"]}
    node: dict[str, Any] = {"properties": keys, "additionalProperties": False, "minProperties": 1}
    chain = [(INCLUDE, "Piece"), *([("chunks", kinds["text"])] if "text" in kinds else []), *reversed(kinds.items())]
    for key, name in chain:  # `chunks` alone selects a text
        node = {"if": _has(key), "then": {"$ref": _DEFS + name}, "else": node}
    return {"type": "object", **node}


def _has(key: str) -> dict[str, Any]:
    return {"type": "object", "required": [key]}
