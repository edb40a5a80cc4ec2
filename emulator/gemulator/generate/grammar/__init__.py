"""Seeded text generation from grammars: EBNF, Lark and structural tags.

All three are parsed into one syntax tree, from which finite texts are sampled.
"""

from gemulator.core.json_types import JSON
from gemulator.core.text_cache import cache_texts
from gemulator.generate.grammar.costs import require_finite
from gemulator.generate.grammar.ebnf import read_ebnf
from gemulator.generate.grammar.lark import read_lark
from gemulator.generate.grammar.nodes import BadGrammar, Grammar, Schema
from gemulator.generate.grammar.sampler import GrammarContent, sample
from gemulator.generate.grammar.structural_tag import read_structural_tag
from gemulator.generate.grammar.tool_call_styles import format_value

__all__ = ["BadGrammar", "Grammar", "GrammarContent", "Schema", "format_value", "read_grammar", "read_tag", "sample"]


_MAX_LETTERS = 200_000  # of a grammar


@cache_texts(256, 8_192)
def read_grammar(text: str) -> Grammar:
    """Parse EBNF if a rule is written with `::=`, otherwise Lark; raise BadGrammar with line and column."""
    if len(text) > _MAX_LETTERS:
        raise BadGrammar(f"the grammar has {len(text):,} characters, and gemulator reads at most {_MAX_LETTERS:,}")
    lines = (line.partition("#")[0] for line in text.splitlines())
    return require_finite(read_ebnf(text) if any("::=" in line for line in lines) else read_lark(text))


def read_tag(spec: JSON) -> Grammar:
    """Parse a structural tag; raise BadGrammar if it is invalid."""
    return require_finite(read_structural_tag(spec))
