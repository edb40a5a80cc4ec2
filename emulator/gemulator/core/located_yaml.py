"""YAML 1.2 reader with line and column of every value."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from gemulator.core.errors import Problem, ScenarioError
from gemulator.core.yaml_syntax import explain_syntax

YamlPath: TypeAlias = tuple[str | int, ...]

# Core schema of YAML 1.2: `no`, `12:30` and dates are text.
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
LARGEST = 400_000  # values after expansion of aliases: bounds alias bombs
DEEPEST = 100
LARGEST_FILE = 20_000_000  # bytes, as the largest request body
_LARGEST_TEXT = 64_000_000  # characters of all values after expansion of aliases
_LARGE = 200_000  # characters of a text whose nodes take milliseconds to free
_MAX_PROBLEMS = 1_000  # of one document
_TOO_LARGE = "too large once its aliases are expanded"
_SPLIT = f"Use fewer aliases of aliases, or several files: one holds at most {LARGEST:,} values."


class _TooLargeError(yaml.YAMLError):
    """Raised for a text with more nodes than any document can have."""


class _Loader(yaml.CSafeLoader):
    """CSafeLoader with the YAML 1.2 core schema only, for a bounded number of nodes."""

    nodes = 0

    def resolve(self, kind: type[yaml.Node], value: str | None, implicit: Any) -> str:
        """Return the tag of a scalar; most are plain words and need no pattern."""
        self.nodes += 1
        if self.nodes > 2 * LARGEST + 1:  # keys are nodes, but no values
            raise _TooLargeError
        if kind is yaml.ScalarNode and implicit[0] and (value or "")[:1] not in self.yaml_implicit_resolvers:
            return _PREFIX + "str"
        return str(super().resolve(kind, value, implicit))  # type: ignore[no-untyped-call]


_Loader.yaml_implicit_resolvers = {}

for _tag, _pattern, _first in _CORE:
    for _letter in _first:
        _Loader.yaml_implicit_resolvers.setdefault(_letter, []).append((_PREFIX + _tag, re.compile(_pattern)))
for _letter in "=<":
    _Loader.yaml_implicit_resolvers.setdefault(_letter, []).append((_PREFIX + "merge", re.compile("<<$")))


Mark: TypeAlias = tuple[int, int]
_Entry: TypeAlias = tuple[yaml.Node, yaml.Node]


class Document:
    """A YAML document: its `data`, its problems, and the location of each value."""

    def __init__(self, file: Path, root: yaml.Node | None, text: str = "") -> None:
        self.file = file
        self.text = text
        self.root = root
        builder = _Builder(file)
        self.data = builder.value(root) if root is not None else None
        self.problems: Sequence[Problem] = builder.problems

    def close(self) -> None:
        """Forget the locations."""
        _free(self.root, self.text)
        self.root = None

    def position(self, path: YamlPath, *, key: bool = False) -> Mark:
        """Return line and column of the value (or key) at a path, or of its nearest existing parent."""
        node = self.root
        mark = (1, 1) if node is None else _mark(node)
        for position, step in enumerate(path):
            found = _entry(node, step)
            if found is None:
                return mark
            mark = _mark(found[0] if key and position == len(path) - 1 else found[1])
            node = found[1]
        return mark


def _mark(node: yaml.Node) -> Mark:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _entry(node: yaml.Node | None, step: str | int, seen: set[int] | None = None) -> _Entry | None:
    """Return key and value nodes of an entry, including merged ones; for a list item both are the item."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    seen = seen or set()  # a mapping may merge itself, or others that merge the same
    if not isinstance(node, yaml.MappingNode) or id(node) in seen:
        return None
    seen.add(id(node))
    own = next(((key, value) for key, value in node.value if key.value == step), None)
    merges = (value for key, value in node.value if key.tag == _PREFIX + "merge")
    bases = (base for value in merges for base in (value.value if isinstance(value, yaml.SequenceNode) else [value]))
    return own or next((found for base in bases if (found := _entry(base, step, seen)) is not None), None)


def read(text: str, file: Path) -> Document:
    """Parse a text. Raises ScenarioError if it is not YAML; lesser problems are collected in the document."""
    try:
        if len(text) > _LARGE:
            _check(text)
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise ScenarioError([explain_syntax(error, text, file)]) from None
    except _TooLargeError:
        raise ScenarioError([Problem(file, 1, 1, "", _TOO_LARGE, _SPLIT)]) from None
    except (yaml.YAMLError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise ScenarioError([Problem(file, 1, 1, "", f"not readable as text: {reason}")]) from None
    except RecursionError:
        raise ScenarioError([Problem(file, 1, 1, "", "nested too deeply")]) from None
    try:
        return Document(file, root, text)
    except ScenarioError:
        _free(root, text)
        raise


def _check(text: str) -> None:
    """Raise the error of a text before it has nodes, which would then be freed all at once."""
    for count, _ in enumerate(yaml.parse(text, Loader=_Loader)):
        if count > 4 * LARGEST:  # each value has one event or two, and so has its key
            raise _TooLargeError


def _free(root: yaml.Node | None, text: str) -> None:
    """Free the nodes of a large text one by one: all at once, they would hold the interpreter lock."""
    if len(text) <= _LARGE:
        return
    nodes: list[Any] = [root]
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.CollectionNode):
            nodes += node.value
            node.value = []
        elif isinstance(node, tuple):
            nodes += node


class _Builder:
    """Converts nodes to data. Collects problems and continues."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._path: list[str | int] = []
        self._size = self._length = 0
        self._open: set[int] = set()

    def value(self, node: yaml.Node) -> Any:
        self._size += 1
        if isinstance(node, yaml.ScalarNode):
            self._length += len(node.value)
        if self._size > LARGEST or len(self._path) > DEEPEST or self._length > _LARGEST_TEXT:
            self._problem(node, _TOO_LARGE, _SPLIT)
            raise ScenarioError(self.problems)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if id(node) in self._open:
            self._problem(node, "an alias contains itself", "Remove the alias, or its anchor further up.")
            return None
        self._open.add(id(node))
        value = self._collection(node)
        self._open.discard(id(node))
        return value

    def _collection(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode) and node.tag == _PREFIX + "map":
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode) and node.tag == _PREFIX + "seq":
            return [self._child(index, item) for index, item in enumerate(node.value)]
        return self._untagged(node)

    def _child(self, step: str | int, node: yaml.Node) -> Any:
        self._path.append(step)
        value = self.value(node)
        self._path.pop()
        return value

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text = node.value
        match node.tag.removeprefix(_PREFIX):
            case "str" | "merge":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return self._integer(node)
            case "float":
                return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        return self._untagged(node)

    def _integer(self, node: yaml.ScalarNode) -> int:
        text = node.value
        number = (int(text, 0) if text[:2] in {"0o", "0x"} else int(text)) if len(text) < 24 else 2**64
        if -(2**63) <= number < 2**64:
            return number
        self._problem(node, "this number is too large", "Quote it to make it a text.")
        return 1  # so that this is the only problem

    def _untagged(self, node: yaml.Node) -> None:
        self._problem(node, f"tag {node.tag} is not supported", "Remove the tag, or quote a text that begins with `!`.")

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        out: dict[str, Any] = {}
        bases: list[dict[str, Any]] = []
        for key_node, value_node in node.value:
            if key_node.tag == _PREFIX + "merge":
                bases += [self.value(base) or {} for base in self._merged_mappings(value_node)]
            elif not isinstance(key_node, yaml.ScalarNode):
                self._problem(key_node, "a key must be a text", "Quote text that begins with `{`, `[` or `?`.")
            elif key_node.value in out:
                self._path.append(key_node.value)
                self._problem(key_node, "duplicate key", "Keep one of the two.")
                self._path.pop()
            else:
                out[key_node.value] = self._child(key_node.value, value_node)
        merged: dict[str, Any] = {}
        for base in reversed(bases):  # the first mapping has precedence
            merged |= base
        return merged | out

    def _merged_mappings(self, node: yaml.Node) -> Iterator[yaml.MappingNode]:
        for base in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if isinstance(base, yaml.MappingNode):
                yield base
            else:
                self._problem(base, "`<<` merges mappings only", "Point it at an anchor of a mapping.")

    def _problem(self, node: yaml.Node, message: str, remedy: str) -> None:
        self.problems.append(Problem(self.file, *_mark(node), dotted(tuple(self._path)), message, remedy))
        if len(self.problems) == _MAX_PROBLEMS:
            raise ScenarioError(self.problems)


class _Dumper(yaml.CSafeDumper):
    """Quotes scalars that YAML 1.1 or 1.2 would not read as text; expands aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def text(self, data: str) -> yaml.Node:
        """Represent a text; escape line breaks of YAML 1.1, around which its readers fold spaces."""
        return self.represent_scalar(_PREFIX + "str", data, '"' if _BREAK.search(data) else None)


_BREAK = re.compile("[\x85\u2028\u2029]")
_Dumper.add_representer(str, _Dumper.text)


_RESOLVERS = (yaml.CSafeDumper.yaml_implicit_resolvers, _Loader.yaml_implicit_resolvers)
_Dumper.yaml_implicit_resolvers = {
    letter: [pair for resolvers in _RESOLVERS for pair in resolvers.get(letter, ())]
    for letter in sorted({letter for resolvers in _RESOLVERS for letter in resolvers})
}


def write(data: Any) -> str:
    """Return JSON data as YAML, keys in order; `read` returns the same data."""
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100))


def dotted(path: YamlPath) -> str:
    """Format a path as `turns[0].reply.text`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def text_of_file(file: Path) -> str:
    """Read a UTF-8 file. Raises ScenarioError if it cannot be read."""
    try:
        if file.stat().st_size > LARGEST_FILE:
            message = f"the file is larger than {LARGEST_FILE:,} bytes"
            raise ScenarioError([Problem(file, 1, 1, "", message, "Divide it into several files.")])
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        problem = Problem(file, 1, 1, "", "the file is not UTF-8", f"Save it as UTF-8 ({error.reason}).")
        raise ScenarioError([problem]) from None
    except OSError as error:
        raise ScenarioError([Problem(file, 1, 1, "", f"cannot be read: {error.strerror}")]) from None
