"""A value for a JSON Schema: valid, plausible, and the same for the same seed.

`value_for` draws one, `problem_with` says why an author's own does not fit, `Reader` lets the prompt have its say.
"""

from gemulator.core.errors import Unsatisfiable
from gemulator.generate.json_schema.hint_source import HintSource
from gemulator.generate.json_schema.normalize import normalised
from gemulator.generate.json_schema.validator import problem_with
from gemulator.generate.json_schema.value_for import value_for

__all__ = ["HintSource", "Unsatisfiable", "normalised", "problem_with", "value_for"]
