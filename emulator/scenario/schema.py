"""The JSON Schema of a scenario file, for editors: made from the classes."""

from collections.abc import Mapping, Sequence
from typing import Any

from emulator.scenario.model import Scenario
from emulator.scenario.pieces import INCLUDE
from emulator.scenario.replies import KINDS, PARTS

_DEFS = "#/$defs/"
_PIECE = {
    "type": "object",
    "description": "A piece of another file in this folder, put in here.",
    "properties": {INCLUDE: {"type": "string", "description": "The name of the file, like _pieces/weather.yaml."}},
    "required": [INCLUDE],
    "additionalProperties": False,
}
_PIECES = frozenset({"Turn", "Match", "PacingFields"})  # what may be a piece, beside replies


def scenario_schema() -> dict[str, Any]:
    """Draft 7 with `$defs`, as VS Code's YAML server reads it."""
    raw = Scenario.model_json_schema(by_alias=True)
    definitions = raw.pop("$defs")
    parts = [kind.__name__ for kind in PARTS]
    whole = [kind.__name__ for kind in KINDS.values()]
    unions = {frozenset(whole): "WholeReply", frozenset(parts): "Part"}
    shaped = {name: _shaped(schema, unions) for name, schema in definitions.items()}
    shaped |= {"Part": _by_key(parts, shaped), "WholeReply": _by_key(whole, shaped), "Piece": _PIECE}
    return {"$schema": "http://json-schema.org/draft-07/schema#", **_shaped(raw, unions), "$defs": shaped}


def _shaped(node: Any, unions: Mapping[frozenset[str], str]) -> Any:
    """The same schema without titles, nulls and unions of replies that an editor could not tell apart."""
    if isinstance(node, list):
        return [_shaped(item, unions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = node["$ref"].removeprefix(_DEFS)
        rest = {key: value for key, value in node.items() if key not in {"$ref", "title", "default"}}
        return rest | (_or_piece(node) if name in _PIECES else {"$ref": node["$ref"]})
    options = [option for option in node.get("oneOf") or node.get("anyOf") or () if option != {"type": "null"}]
    union = unions.get(frozenset(option.get("$ref", "").removeprefix(_DEFS) for option in options))
    if union is not None:
        return {"$ref": _DEFS + union}
    rest = {
        key: _properties(value, unions) if key in {"properties", "$defs"} else _shaped(value, unions)
        for key, value in node.items()
        if key not in {"oneOf", "anyOf", "title", "discriminator"} and not (key == "default" and value is None)
    }
    return rest | _any_of([_shaped(option, unions) for option in options])


def _properties(properties: Mapping[str, Any], unions: Mapping[frozenset[str], str]) -> dict[str, Any]:
    """Names of properties are not keywords."""
    return {name: _shaped(schema, unions) for name, schema in properties.items()}


def _any_of(options: Sequence[dict[str, Any]]) -> dict[str, Any]:
    if not options:
        return {}
    return options[0] if len(options) == 1 else {"anyOf": list(options)}


def _or_piece(node: Mapping[str, Any]) -> dict[str, Any]:
    return {"if": _has(INCLUDE), "then": {"$ref": f"{_DEFS}Piece"}, "else": {"$ref": node["$ref"]}}


def _by_key(names: Sequence[str], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """A part is known by its key: its class where the key is there, and until then the keys that there are.

    A chain of `if` lets an editor offer exactly those, and complain about one class and not about all of them.
    """
    kinds = {kind.key: kind.__name__ for kind in KINDS.values() if kind.__name__ in names}
    keys = {
        key: {"description": definitions[name]["description"], **definitions[name]["properties"][key]}
        for key, name in kinds.items()
    }
    keys[INCLUDE] = {"type": "string", "description": _PIECE["description"]}
    node: dict[str, Any] = {"properties": keys, "additionalProperties": False, "minProperties": 1}
    chain = [(INCLUDE, "Piece"), *([("chunks", kinds["text"])] if "text" in kinds else []), *reversed(kinds.items())]
    for key, name in chain:  # `chunks` alone is a text
        node = {"if": _has(key), "then": {"$ref": _DEFS + name}, "else": node}
    return {"type": "object", **node}


def _has(key: str) -> dict[str, Any]:
    return {"type": "object", "required": [key]}
