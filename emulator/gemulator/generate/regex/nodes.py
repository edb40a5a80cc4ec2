"""Syntax tree of regular expressions."""

from typing import NamedTuple, TypeAlias

from gemulator.generate.regex.charset import Characters


class Chars(NamedTuple):
    """A character of a set."""

    characters: Characters


class Sequence(NamedTuple):
    """Concatenation; without items, the empty string."""

    items: "tuple[Node, ...]"


class Either(NamedTuple):
    """Alternation."""

    branches: "tuple[Node, ...]"


class Repeat(NamedTuple):
    """Repetition, `low` to `high` times (None: unlimited)."""

    item: "Node"
    low: int
    high: int | None


class Group(NamedTuple):
    """Capturing group."""

    number: int
    item: "Node"


class BackReference(NamedTuple):
    """Reference to a captured group."""

    number: int


class Lookaround(NamedTuple):
    """Lookahead or lookbehind, positive or negative."""

    item: "Node"
    ahead: bool
    positive: bool


class Anchor(NamedTuple):
    """`^`, `$`, `b` (word boundary) or `B`."""

    kind: str


Node: TypeAlias = Chars | Sequence | Either | Repeat | Group | BackReference | Lookaround | Anchor

EMPTY = Sequence(())
