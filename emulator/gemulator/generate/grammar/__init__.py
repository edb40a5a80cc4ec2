"""Texts that obey a grammar: one in EBNF, in Lark's notation, or a structural tag.

All three are read into one tree, from which a text is drawn that always ends.
"""

from functools import lru_cache

from gemulator.core.json_types import JSON
from gemulator.generate.grammar.costs import finite
from gemulator.generate.grammar.ebnf import read_ebnf
from gemulator.generate.grammar.lark import read_lark
from gemulator.generate.grammar.nodes import BadGrammar, Grammar, Schema
from gemulator.generate.grammar.sampler import GrammarContent, sample
from gemulator.generate.grammar.structural_tag import read_structural_tag
from gemulator.generate.grammar.tool_call_styles import styled

__all__ = ["BadGrammar", "Grammar", "GrammarContent", "Schema", "read_grammar", "read_tag", "sample", "styled"]


@lru_cache(maxsize=256)
def read_grammar(text: str) -> Grammar:
    """The grammar in `text`: EBNF where a rule is written with `::=`, else Lark's. BadGrammar says where it fails."""
    lines = (line.partition("#")[0] for line in text.splitlines())
    return finite(read_ebnf(text) if any("::=" in line for line in lines) else read_lark(text))


def read_tag(spec: JSON) -> Grammar:
    """The grammar of a structural tag. BadGrammar says what is wrong in it."""
    return finite(read_structural_tag(spec))
