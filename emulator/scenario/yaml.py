"""YAML 1.2 with places: every value knows its line and column; duplicate keys and tags are refused."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import yaml

from emulator.errors import Problem, ScenarioError

Path_: TypeAlias = tuple[str | int, ...]
Places: TypeAlias = dict[Path_, tuple[int, int]]

# The core schema of YAML 1.2: `no` is a text, `12:30` is a text, dates are texts.
_CORE = (
    ("null", r"(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
    (
        "float",
        r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        list("-+0123456789."),
    ),
)
_PREFIX = "tag:yaml.org,2002:"
_LARGEST = 100_000  # nodes after aliases are expanded: a bomb ends here


class _Loader(yaml.CSafeLoader):
    """CSafeLoader with the resolvers below and none of its own."""


_Loader.yaml_implicit_resolvers = {}

for _tag, _pattern, _first in _CORE:
    for _letter in _first:
        _Loader.yaml_implicit_resolvers.setdefault(_letter, []).append((_PREFIX + _tag, re.compile(_pattern)))
for _letter in "=<":
    _Loader.yaml_implicit_resolvers.setdefault(_letter, []).append((_PREFIX + "merge", re.compile("<<$")))


def read(text: str, file: Path) -> tuple[Any, Places]:
    """The data of one document, and where each part of it stands. ScenarioError names the first thing wrong."""
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise ScenarioError([_syntax(error, file)]) from None
    except (yaml.YAMLError, ValueError) as error:
        raise ScenarioError([Problem(file, 1, 1, "", f"not readable as text: {error}")]) from None
    builder = _Builder(file)
    return (builder.value(root, ()) if root is not None else None), builder.places


_REMEDIES = (
    (
        "mapping values are not allowed",
        "a `:` stands where none may",
        "Quote a text that contains `: `, or check the indentation.",
    ),
    ("found character '\\t'", "a tab is used for indentation", "YAML is indented with spaces."),
    (
        "found character that cannot start",
        "a character stands where none may start",
        "Quote the text, and indent with spaces only.",
    ),
    ("could not find expected ':'", "a key has no `:`", "Write `key: value`."),
    ("did not find expected key", "the indentation does not fit the lines above", "Align the keys of one block."),
    (
        "did not find expected '-' indicator",
        "the indentation does not fit the list above",
        "Align the dashes of one list.",
    ),
    ("found undefined alias", "an alias has no anchor", "Define it further up with `&name`."),
    ("but found another document", "a second document begins here", "One file holds one scenario."),
    ("found unexpected end of stream", "a quote is not closed", "Close the quoted text."),
)


def _syntax(error: yaml.MarkedYAMLError, file: Path) -> Problem:
    mark = error.problem_mark or error.context_mark
    said = f"{error.problem or ''} {error.context or ''}"
    message, remedy = next(
        ((words, remedy) for key, words, remedy in _REMEDIES if key in said), (f"not valid YAML: {said.strip()}", "")
    )
    return Problem(file, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, "", message, remedy)


class _Builder:
    def __init__(self, file: Path) -> None:
        self.file = file
        self.places: Places = {}
        self.size = 0
        self.open: set[int] = set()

    def value(self, node: yaml.Node, path: Path_) -> Any:
        self.places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
        self.size += 1
        if self.size > _LARGEST or len(path) > 100:
            self.refuse(node, path, "too large once its aliases are expanded", "Use fewer aliases of aliases.")
        if id(node) in self.open:
            self.refuse(node, path, "an alias contains itself", "Remove the alias, or its anchor further up.")
        self.open.add(id(node))
        try:
            return self.converted(node, path)
        finally:
            self.open.discard(id(node))

    def converted(self, node: yaml.Node, path: Path_) -> Any:
        if isinstance(node, yaml.MappingNode) and node.tag == _PREFIX + "map":
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == _PREFIX + "seq":
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node, path)
        return self.refuse(node, path, f"tags like {node.tag} are not used here", "Remove the tag.")

    def scalar(self, node: yaml.ScalarNode, path: Path_) -> Any:
        kind, text = node.tag.removeprefix(_PREFIX), node.value
        match kind:
            case "str" | "merge":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
            case "float":
                return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        return self.refuse(node, path, f"tags like {node.tag} are not used here", "Remove the tag.")

    def mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        out: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self.key(key_node, path)
            if key == "<<" and key_node.tag == _PREFIX + "merge":
                for base in self.bases(value_node):
                    merged = self.value(base, path) | merged
                continue
            if key in out:
                self.refuse(key_node, (*path, key), "this key is there twice", "Keep one of the two.")
            out[key] = self.value(value_node, (*path, key))
        self.places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
        return merged | out

    def key(self, node: yaml.Node, path: Path_) -> str:
        if not isinstance(node, yaml.ScalarNode):
            self.refuse(node, path, "a key must be a text", "Quote text that begins with `{`, `[` or `?`.")
        return str(node.value)

    def bases(self, node: yaml.Node) -> Iterator[yaml.MappingNode]:
        for base in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if not isinstance(base, yaml.MappingNode):
                self.refuse(base, (), "`<<` merges mappings only", "Point it at an anchor of a mapping.")
            yield base

    def refuse(self, node: yaml.Node, path: Path_, message: str, remedy: str) -> NoReturn:
        mark = node.start_mark
        raise ScenarioError([Problem(self.file, mark.line + 1, mark.column + 1, dotted(path), message, remedy)])


def dotted(path: Path_) -> str:
    """A path as people read it: `turns[0].reply.text`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
