"""What the prompt already says, for the values of a call or an object. Rules only, no model."""

from emulator.generate.hints.calls import calls
from emulator.generate.hints.keys import schema_of, wanted_keys
from emulator.generate.hints.prompt import Prompt, read
from emulator.generate.hints.reader import Hints
from emulator.generate.hints.tools import best_tool

__all__ = ["Hints", "Prompt", "best_tool", "calls", "read", "schema_of", "wanted_keys"]
