"""What the prompt already says, for the values of a call or an object. Rules only, no model."""

from gemulator.generate.prompt_hints.call_count import calls
from gemulator.generate.prompt_hints.hints import Hints
from gemulator.generate.prompt_hints.prompt import Prompt, read
from gemulator.generate.prompt_hints.requested_keys import schema_of, wanted_keys
from gemulator.generate.prompt_hints.tool_ranking import best_tool

__all__ = ["Hints", "Prompt", "best_tool", "calls", "read", "schema_of", "wanted_keys"]
