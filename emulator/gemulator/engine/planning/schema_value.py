"""Value of a schema that a prompt suggests."""

from contextlib import suppress

from gemulator.core.budget import Budget
from gemulator.core.errors import Unsatisfiable
from gemulator.core.json_types import JSON
from gemulator.core.seed import Seed
from gemulator.generate.json_schema import value_for
from gemulator.generate.prompt_hints import Hints, Prompt, list_schema


def schema_value(schema: JSON, prompt: Prompt, seed: Seed, hints: Hints, budget: Budget) -> JSON:
    """Return a value for the schema; a list of objects has the prompt's. Raise Unsatisfiable if there is none."""
    if (listed := list_schema(schema, prompt)) is not None:
        with suppress(Unsatisfiable):  # the list may be optional because it must be empty
            return value_for(listed, seed, hints=hints.ordered(), budget=budget)
    return value_for(schema, seed, hints=hints, budget=budget)
