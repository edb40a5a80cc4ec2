"""The tree of a regular expression."""

from typing import NamedTuple, TypeAlias

from gemulator.generate.regex.charset import Characters


class Chars(NamedTuple):
    """One character of a set."""

    characters: Characters


class Sequence(NamedTuple):
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


class Group(NamedTuple):
    """A capturing group."""

    number: int
    item: "Node"


class Back(NamedTuple):
    """What a group has captured."""

    number: int


class Look(NamedTuple):
    """A condition on the text ahead or behind."""

    item: "Node"
    ahead: bool
    wanted: bool


class Anchor(NamedTuple):
    """`^`, `$`, `b` (a word's edge) or `B`."""

    kind: str


Node: TypeAlias = Chars | Sequence | Either | Repeat | Group | Back | Look | Anchor

EMPTY = Sequence(())
