"""Syntax tree of grammars in any notation.

The `cost` of a leaf is roughly the length of its shortest text; infinite if it has none.
"""

from collections.abc import Mapping
from math import inf
from typing import NamedTuple, TypeAlias

from msgspec import Struct

from gemulator.core.json_types import JSON
from gemulator.generate.regex.charset import Characters, samples
from gemulator.generate.regex.parser import BadPattern, parse


class BadGrammar(ValueError):
    """Invalid grammar, or one without finite texts."""


class Literal(NamedTuple):
    """Fixed text."""

    text: str

    @property
    def cost(self) -> float:
        return len(self.text)


class Letter(NamedTuple):
    """A character of a set."""

    characters: Characters

    @property
    def cost(self) -> float:
        return 1 if samples(self.characters) else inf


class Pattern(NamedTuple):
    """Text that a regular expression matches in full."""

    pattern: str

    @property
    def cost(self) -> float:
        return 8


class Schema(NamedTuple):
    """JSON value for a schema; `style` names another notation for objects, such as `qwen_xml`."""

    schema: JSON
    style: str = "json"

    @property
    def cost(self) -> float:
        return 30


class Words(NamedTuple):
    """Free text that contains none of `excludes`, of at most `max_length` characters."""

    excludes: tuple[str, ...] = ()
    max_length: int | None = None

    @property
    def cost(self) -> float:
        return 0


class Gap(NamedTuple):
    """Position at which the grammar ignores a space."""

    @property
    def cost(self) -> float:
        return 0


class Rule(NamedTuple):
    """Reference to a rule."""

    name: str


class Chain(NamedTuple):
    """Concatenation; without items, the empty text."""

    items: "tuple[Node, ...]"


class Either(NamedTuple):
    """Alternation."""

    branches: "tuple[Node, ...]"


class Repeat(NamedTuple):
    """Repetition, `low` to `high` times (None: unlimited)."""

    item: "Node"
    low: int
    high: int | None


Node: TypeAlias = "Leaf | Rule | Chain | Either | Repeat | Grammar"
Leaf: TypeAlias = Literal | Letter | Pattern | Schema | Words | Gap

EMPTY = Chain(())


class Grammar(Struct, frozen=True):
    """Rules by name; `gaps` turns Gap nodes into spaces. A nested grammar has its own rules."""

    rules: Mapping[str, Node]
    start: str
    gaps: bool = False


def parse_pattern(pattern: str) -> Pattern:
    """Return the node of a regular expression; raise BadGrammar if it is invalid."""
    try:
        parse(pattern)
    except BadPattern as error:
        raise BadGrammar(f"invalid regular expression: {error}") from None
    return Pattern(pattern)


def chain(*items: Node) -> Node:
    return items[0] if len(items) == 1 else Chain(items)


def alternatives(*branches: Node) -> Node:
    return branches[0] if len(branches) == 1 else Either(branches)


def dispatch_tags(
    tags: tuple[Node, ...], excludes: tuple[str, ...], *, tag_first: bool, stop_after_first: bool
) -> Node:
    """Return free text that contains tags, each at most once although the grammar would allow more.

    `tag_first` puts a tag at the beginning; `stop_after_first` ends the text after the first tag.
    """
    words, tag = Words(excludes), alternatives(*tags)
    if not tags:
        return words
    first = tag if tag_first else Chain((words, tag))
    more = Repeat(Chain((Literal("" if "\n" in excludes else "\n"), tag)), 0, len(tags) - 1)
    return first if stop_after_first else Chain((first, more))
