"""Schemas of one list of objects, and of an event, completed by a prompt."""

from collections.abc import Mapping
from typing import Any

from gemulator.core.json_types import JSON
from gemulator.generate.prompt_hints.field_kinds import kind_of
from gemulator.generate.prompt_hints.prompt import Prompt

_MAX_ITEMS = 20
_BESIDE = frozenset({"anyOf", "default", "title", "description"})
_PEOPLE = frozenset({"participants", "attendees", "guests", "people", "invitees"})


def list_schema(schema: JSON, prompt: Prompt) -> JSON | None:
    """Return the schema of an object that is nothing but a list of objects, with as many items as the prompt names.

    The list, which such schemas often leave optional, is required. None for any other schema.
    """
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(schema, dict) or not isinstance(properties, dict) or len(properties) != 1:
        return None
    ((name, one),) = properties.items()
    array = _array(one)
    item = _resolve(array.get("items"), schema) if array is not None else None
    members = item.get("properties") if isinstance(item, dict) else None
    if array is None or not isinstance(members, dict) or not members or not {"minItems", "maxItems"}.isdisjoint(array):
        return None
    count = min(_count(members, prompt), _MAX_ITEMS)
    bounds = {"minItems": count, "maxItems": count} if count else {"minItems": 1}
    required = schema.get("required")
    others = [one for one in required if one != name] if isinstance(required, list) else []
    return {**schema, "properties": {name: {**array, **bounds}}, "required": [name, *others]}


def is_event(schema: JSON) -> bool:
    """Return True if an object has a name, a date and people, so that its name is that of an event."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return isinstance(properties, dict) and {"name", "date"} <= properties.keys() and bool(_PEOPLE & properties.keys())


def _array(schema: JSON) -> dict[str, JSON] | None:
    """Return the schema of an array, also if it may be null instead."""
    if not isinstance(schema, dict):
        return None
    branches = schema.get("anyOf")
    each = branches if isinstance(branches, list) else [schema]
    found = next((one for one in each if isinstance(one, dict) and one.get("type") == "array"), None)
    if found is None or found is schema:
        return found
    return found if schema.keys() <= _BESIDE else None


def _resolve(schema: JSON, root: dict[str, JSON]) -> JSON:
    """Return the definition that a local reference names; other schemas stay."""
    reference = schema.get("$ref") if isinstance(schema, dict) else None
    if not isinstance(reference, str):
        return schema
    _, _, path = reference.partition("#/")
    group, _, name = path.partition("/")
    definitions = root.get(group) if group in ("$defs", "definitions") else None
    return definitions.get(name) if isinstance(definitions, dict) else None


def _count(members: Mapping[str, Any], prompt: Prompt) -> int:
    """Return how many objects the prompt gives names and numbers for; 0 if it gives none."""
    kinds = {kind_of(str(name), one) for name, one in members.items() if isinstance(one, Mapping)}
    if not prompt.names or kinds.isdisjoint({"person", "place"}):
        return 0
    numeric = sum(isinstance(one, Mapping) and one.get("type") in ("integer", "number") for one in members.values())
    return min(len(prompt.names), len(prompt.numbers) // numeric) if numeric and prompt.numbers else len(prompt.names)
