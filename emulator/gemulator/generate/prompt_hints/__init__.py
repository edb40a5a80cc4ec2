"""Rule-based search for values in a prompt that suit a schema."""

from gemulator.generate.prompt_hints.call_count import hints_per_call
from gemulator.generate.prompt_hints.hints import Hints
from gemulator.generate.prompt_hints.object_lists import is_event, list_schema
from gemulator.generate.prompt_hints.prompt import Prompt, analyse, shorten
from gemulator.generate.prompt_hints.requested_keys import requested_keys, schema_of
from gemulator.generate.prompt_hints.tool_ranking import ToolTable

__all__ = [
    "Hints",
    "Prompt",
    "ToolTable",
    "analyse",
    "hints_per_call",
    "is_event",
    "list_schema",
    "requested_keys",
    "schema_of",
    "shorten",
]
