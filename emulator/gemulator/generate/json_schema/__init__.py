"""Seeded generator of valid, plausible values for JSON Schemas.

README.md in this folder describes the four public names and what they promise.
"""

from gemulator.core.errors import Unsatisfiable
from gemulator.generate.json_schema.hint_source import HintSource
from gemulator.generate.json_schema.normalize import normalise
from gemulator.generate.json_schema.validator import problem_with
from gemulator.generate.json_schema.value_for import value_for

__all__ = ["HintSource", "Unsatisfiable", "normalise", "problem_with", "value_for"]
