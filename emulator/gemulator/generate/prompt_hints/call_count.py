"""How many calls of one tool a prompt asks for: a call a place, where it names several."""

from collections.abc import Iterator, Mapping
from typing import Any

from gemulator.generate.prompt_hints.field_kinds import kind_of
from gemulator.generate.prompt_hints.hints import Hints
from gemulator.generate.prompt_hints.named_entities import Name
from gemulator.generate.prompt_hints.prompt import Prompt

_MOST = 8


def calls(prompt: Prompt, parameters: Mapping[str, Any]) -> list[Hints]:
    """A reader for each call, one at least.

    "Boston and New Delhi" are two calls of a tool that takes one place, person or ticker; a tool that takes a list of
    places, or an origin and a destination, is called once.
    """
    kinds = list(_kinds(parameters))
    if len(kinds) != 1 or kinds[0] not in ("place", "person", "ticker"):
        return [Hints(prompt)]
    joined = _joined(prompt)
    if len(joined) < 2:
        return [Hints(prompt)]
    return [Hints(prompt, tuple(other.value for other in joined if other is not one)) for one in joined[:_MOST]]


def _kinds(parameters: Mapping[str, Any]) -> Iterator[str]:
    """What the tool asks for that a name could answer."""
    properties = parameters.get("properties")
    for name, schema in properties.items() if isinstance(properties, Mapping) else ():
        if isinstance(schema, Mapping) and schema.get("enum") is None:
            kind = kind_of(str(name), schema)
            if kind in ("place", "person", "ticker", "from", "to"):
                yield "list" if _is_list(schema) else kind


def _is_list(schema: Mapping[str, Any]) -> bool:
    return "array" in str(schema.get("type", "")).lower()


def _joined(prompt: Prompt) -> list[Name]:
    """The first names that are told in one breath."""
    groups: dict[int, list[Name]] = {}
    for name in prompt.names:
        groups.setdefault(name.group, []).append(name)
    return next((group for group in groups.values() if len(group) > 1), [])
