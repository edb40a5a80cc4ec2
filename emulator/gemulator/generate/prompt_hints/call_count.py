"""Number of calls of one tool that a prompt asks for."""

from collections.abc import Iterator, Mapping
from typing import Any

from gemulator.core.budget import Budget
from gemulator.generate.prompt_hints.field_kinds import kind_of
from gemulator.generate.prompt_hints.hints import Hints
from gemulator.generate.prompt_hints.named_entities import Name
from gemulator.generate.prompt_hints.prompt import Prompt

_MOST = 8


def hints_per_call(prompt: Prompt, parameters: Mapping[str, Any], budget: Budget | None = None) -> list[Hints]:
    """Return the hints of each call, at least one; `budget` is the work limit of the request.

    "Boston and New Delhi" means two calls of a tool that takes one place, person or ticker, but one call of a tool that
    takes a list of places, or an origin and a destination.
    """
    kinds = list(_kinds(parameters))
    if len(kinds) != 1 or kinds[0] not in ("place", "person", "ticker"):
        return [Hints(prompt, budget=budget)]
    joined = _first_group(prompt)
    if len(joined) < 2:
        return [Hints(prompt, budget=budget)]
    chosen = joined[:_MOST]
    return [Hints(prompt, tuple(other.value for other in joined if other is not one), budget=budget) for one in chosen]


def _kinds(parameters: Mapping[str, Any]) -> Iterator[str]:
    """Yield the kinds of parameters that a name could fill."""
    properties = parameters.get("properties")
    for name, schema in properties.items() if isinstance(properties, Mapping) else ():
        if isinstance(schema, Mapping) and schema.get("enum") is None:
            kind = kind_of(str(name), schema)
            if kind in ("place", "person", "ticker", "from", "to"):
                yield "list" if _is_list(schema) else kind


def _is_list(schema: Mapping[str, Any]) -> bool:
    return "array" in str(schema.get("type", "")).lower()


def _first_group(prompt: Prompt) -> list[Name]:
    """Return the first group of names joined by commas or "and"."""
    groups: dict[int, list[Name]] = {}
    for name in prompt.names:
        groups.setdefault(name.group, []).append(name)
    return next((group for group in groups.values() if len(group) > 1), [])
