"""A value for a JSON Schema: valid, plausible, and the same for the same seed.

`value_for` draws one, `problem_with` says why an author's own does not fit, `Reader` lets the prompt have its say.
"""

from emulator.errors import Unsatisfiable
from emulator.generate.arguments.normalisation import normalised
from emulator.generate.arguments.reader import Reader
from emulator.generate.arguments.validation import problem_with
from emulator.generate.arguments.value import value_for

__all__ = ["Reader", "Unsatisfiable", "normalised", "problem_with", "value_for"]
