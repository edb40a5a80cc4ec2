"""Programming languages by name; the first whose name stands in a prompt is meant."""

from emulator.generate.words.compiled import COMPILED
from emulator.generate.words.program import Program
from emulator.generate.words.scripts import SCRIPTS

PROGRAMS: dict[str, Program] = SCRIPTS | COMPILED
