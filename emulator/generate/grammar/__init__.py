"""Texts that obey a grammar: one in EBNF, in Lark's notation, or a structural tag.

All three are read into one tree, from which a text is drawn that always ends.
"""

from functools import lru_cache

from emulator.generate.grammar.costs import finite
from emulator.generate.grammar.drawing import Speaker, drawn
from emulator.generate.grammar.ebnf import read_ebnf
from emulator.generate.grammar.lark import read_lark
from emulator.generate.grammar.structural import read_structural_tag
from emulator.generate.grammar.styles import styled
from emulator.generate.grammar.tree import BadGrammar, Grammar, Schema
from emulator.message import JSON

__all__ = ["BadGrammar", "Grammar", "Schema", "Speaker", "drawn", "read_grammar", "read_tag", "styled"]


@lru_cache(maxsize=256)
def read_grammar(text: str) -> Grammar:
    """The grammar in `text`: EBNF where a rule is written with `::=`, else Lark's. BadGrammar says where it fails."""
    lines = (line.partition("#")[0] for line in text.splitlines())
    return finite(read_ebnf(text) if any("::=" in line for line in lines) else read_lark(text))


def read_tag(spec: JSON) -> Grammar:
    """The grammar of a structural tag. BadGrammar says what is wrong in it."""
    return finite(read_structural_tag(spec))
