"""Registry of programming languages, in order of detection."""

from gemulator.generate.text.languages.code_compiled import COMPILED
from gemulator.generate.text.languages.code_language import Program
from gemulator.generate.text.languages.code_scripted import SCRIPTS

PROGRAMS: dict[str, Program] = SCRIPTS | COMPILED
