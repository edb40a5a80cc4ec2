"""The tree of a grammar, whatever notation it was written in.

A leaf's `cost` is about that of a letter for each letter of its shortest text; infinite: there is none.
"""

from collections.abc import Mapping
from math import inf
from typing import NamedTuple, TypeAlias

from msgspec import Struct

from gemulator.core.json_types import JSON
from gemulator.generate.regex.charset import Characters, samples
from gemulator.generate.regex.parser import BadPattern, parsed


class BadGrammar(ValueError):
    """The text is no grammar, or none that a text could be drawn from."""


class Literal(NamedTuple):
    """This text."""

    text: str

    @property
    def cost(self) -> float:
        return len(self.text)


class Letter(NamedTuple):
    """One character of a set."""

    characters: Characters

    @property
    def cost(self) -> float:
        return 1 if samples(self.characters) else inf


class Pattern(NamedTuple):
    """A text that a regular expression matches as a whole."""

    pattern: str

    @property
    def cost(self) -> float:
        return 8


class Schema(NamedTuple):
    """JSON that fits a schema. `style` names another way to write an object: `qwen_xml` and the like."""

    schema: JSON
    style: str = "json"

    @property
    def cost(self) -> float:
        return 30


class Words(NamedTuple):
    """Free text without any of these texts, of so many characters at most."""

    excludes: tuple[str, ...] = ()
    most: int | None = None

    @property
    def cost(self) -> float:
        return 0


class Gap(NamedTuple):
    """A place where the grammar lets a space stand that means nothing."""

    @property
    def cost(self) -> float:
        return 0


class Rule(NamedTuple):
    """What the rule of that name says."""

    name: str


class Chain(NamedTuple):
    """One after the other; none: the empty text."""

    items: "tuple[Node, ...]"


class Either(NamedTuple):
    """Any of the branches."""

    branches: "tuple[Node, ...]"


class Repeat(NamedTuple):
    """`low` to `high` times; None: without end."""

    item: "Node"
    low: int
    high: int | None


Node: TypeAlias = "Leaf | Rule | Chain | Either | Repeat | Grammar"
Leaf: TypeAlias = Literal | Letter | Pattern | Schema | Words | Gap

EMPTY = Chain(())


class Grammar(Struct, frozen=True):
    """Rules by name. One grammar may stand within another: its rules are its own. `gaps`: whether they are used."""

    rules: Mapping[str, Node]
    start: str
    gaps: bool = False


def pattern_of(written: str) -> Pattern:
    """The pattern of a regular expression; BadGrammar where it is none."""
    try:
        parsed(written)
    except BadPattern as bad:
        raise BadGrammar(f"no regular expression: {bad}") from None
    return Pattern(written)


def chain(*items: Node) -> Node:
    return items[0] if len(items) == 1 else Chain(items)


def either(*branches: Node) -> Node:
    return branches[0] if len(branches) == 1 else Either(branches)


def dispatched(tags: tuple[Node, ...], excludes: tuple[str, ...], *, at_once: bool, once: bool) -> Node:
    """Free text with tags in it, each of them once at most (as a grammar, more would be allowed).

    `at_once`: the first tag stands at the beginning; `once`: nothing stands after it.
    """
    words, tag = Words(excludes), either(*tags)
    if not tags:
        return words
    first = tag if at_once else Chain((words, tag))
    more = Repeat(Chain((Literal("" if "\n" in excludes else "\n"), tag)), 0, len(tags) - 1)
    return first if once else Chain((first, more))
