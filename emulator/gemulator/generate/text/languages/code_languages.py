"""Registry of programming languages; the first one named in a prompt is used."""

from gemulator.generate.text.languages.code_compiled import COMPILED
from gemulator.generate.text.languages.code_language import Program
from gemulator.generate.text.languages.code_scripted import SCRIPTS

PROGRAMS: dict[str, Program] = SCRIPTS | COMPILED
