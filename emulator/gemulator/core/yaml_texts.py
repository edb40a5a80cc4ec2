"""Texts of a YAML document, with what stands around them."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from gemulator.core.located_yaml import Document

_ALIAS = re.compile(r"\*([\w-]+)")
_ANCHOR = re.compile(r"&([\w-]+) +(?=\S)")


class Text(NamedTuple):
    """A value that is a text. `rest` follows it on its line; `anchor` stands before it, and no alias refers to it."""

    value: str
    line: int
    column: int
    rest: str
    anchor: str


def texts_of(document: Document) -> Iterator[Text]:
    """Yield the texts of a document, in order; a value with several aliases once."""
    lines = document.text.split("\n")
    used = set(_ALIAS.findall(document.text))
    for node in _values(document.root):
        if not isinstance(node, yaml.ScalarNode) or not node.tag.endswith(":str"):
            continue
        start, end = node.start_mark, node.end_mark
        anchor = _ANCHOR.match(lines[start.line], start.column)
        name = anchor[1] if anchor and anchor[1] not in used else ""
        # Only a plain text ends at a comment.
        rest = "" if node.style or end.line >= len(lines) else lines[end.line][end.column :]
        yield Text(node.value, start.line + 1, start.column + 1, rest, name)


def _values(root: yaml.Node | None) -> Iterator[yaml.Node]:
    remaining, seen = [root], set[int]()
    while remaining:
        node = remaining.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            remaining += [value for _, value in reversed(node.value)]
        elif isinstance(node, yaml.SequenceNode):
            remaining += reversed(node.value)
