"""Walk over the schema of a declared function."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from gemulator.core.json_types import JSON

# The limit is not documented; real declarations have at most half of it.
MAX_DEPTH = 32
_MAX_REFS = 32  # references followed until a schema must have come to an object

FaultKind: TypeAlias = Literal[
    "array-items", "tuple-items", "any-of", "enum-number", "items-type", "list-type", "nesting", "not-object",
    "type-missing",
]  # fmt: skip

Step: TypeAlias = tuple[str, str, int]  # kind of child, its name, its index

# Fields of the service's Schema that a union must not stand beside; other keywords are dropped before.
_NEIGHBOURS = frozenset(
    {
        *("type", "format", "title", "description", "nullable", "default", "example", "enum", "pattern"),
        *("items", "prefixItems", "properties", "required", "propertyOrdering"),
        *("minItems", "maxItems", "minProperties", "maxProperties", "minLength", "maxLength", "minimum", "maximum"),
    }
)
_UNIONS = ("anyOf", "any_of", "oneOf", "one_of")


class SchemaFault(Struct, frozen=True):
    """Fault of a schema and the steps to it; `value` is a refused value."""

    kind: FaultKind
    steps: tuple[Step, ...]
    value: JSON = None

    @property
    def dotted(self) -> str:
        """Return the path as messages about meaning write it: `.size.width`."""
        forms = {"property": ".{0}", "items": ".items", "union": ".any_of[{1}]"}
        return "".join(forms[kind].format(name, index) for kind, name, index in self.steps if kind in forms)

    @property
    def by_name(self) -> str:
        """Return the path as the validation of the proto writes it: `.properties[size]`."""
        forms = {"property": ".properties[{0}]", "items": ".items", "union": ".any_of[{1}]"}
        return "".join(forms[kind].format(name, index) for kind, name, index in self.steps if kind in forms)

    @property
    def by_index(self) -> str:
        """Return the path as the JSON parser writes it: `.properties[0].value`."""
        forms = {"property": ".properties[{1}].value", "items": ".items", "union": ".any_of[{1}]", "enum": ".enum[{1}]"}
        return "".join(forms[kind].format(name, index) for kind, name, index in self.steps)


def schema_faults(parameters: JSON) -> Iterator[SchemaFault]:
    """Yield the faults of a function's parameters in the order of the schema; None has none."""
    if not isinstance(parameters, dict):
        return
    if not _is_object(parameters, parameters):
        yield SchemaFault("not-object", ())
    stack: list[tuple[JSON, tuple[Step, ...]]] = [(parameters, ())]
    while stack:
        node, steps = stack.pop()
        if len(steps) > MAX_DEPTH:
            yield SchemaFault("nesting", steps)
            return
        if isinstance(node, bool):
            node = {}  # a schema that allows everything or nothing has no type
        if isinstance(node, dict):
            branches = _union(node)
            yield from _own_faults(node, branches, steps)
            stack.extend([(child, (*steps, step)) for step, child in reversed(_children(node, branches))])


def _own_faults(node: Mapping[str, JSON], branches: Sequence[JSON], steps: tuple[Step, ...]) -> Iterator[SchemaFault]:
    """Yield the faults of one schema without its parts."""
    if isinstance(node.get("type"), list):
        yield SchemaFault("list-type", steps)
        return  # a list of types is this fault and nothing else
    values = node.get("enum")
    for index, value in enumerate(values if isinstance(values, list) else ()):
        if isinstance(value, int | float):
            yield SchemaFault("enum-number", (*steps, ("enum", "", index)), value)
    fault = _type_fault(node, branches, is_root=not steps)
    if fault is not None:
        yield SchemaFault(fault, steps)


def _type_fault(node: Mapping[str, JSON], branches: Sequence[JSON], *, is_root: bool) -> FaultKind | None:
    """Return the fault in the type of a schema and in what must go with it."""
    kind, items = node.get("type"), node.get("items")
    if branches:
        return "any-of" if any(node[key] is not None for key in _NEIGHBOURS & node.keys()) else None
    if kind is None:
        return None if is_root or _has_type_elsewhere(node) else "type-missing"
    if not isinstance(kind, str) or kind.lower() != "array":
        return None if items is None else "items-type"
    if items is not None:
        return None
    return "array-items" if node.get("prefixItems") is None else "tuple-items"


def _union(node: Mapping[str, JSON]) -> Sequence[JSON]:
    """Return the branches of `anyOf` and `oneOf`, which counts as the same."""
    given = [node[key] for key in _UNIONS if key in node]
    return [branch for branches in given if isinstance(branches, list) for branch in branches]


def _has_type_elsewhere(node: Mapping[str, JSON]) -> bool:
    """Return True if a reference, a conjunction or texts to choose from give the type."""
    values = node.get("enum")
    if isinstance(values, list) and values and all(isinstance(value, str) for value in values):
        return True
    return any(node.get(key) is not None for key in ("$ref", "$dynamicRef", "ref", "allOf"))


def _children(node: Mapping[str, JSON], branches: Sequence[JSON]) -> Sequence[tuple[Step, JSON]]:
    children: list[tuple[Step, JSON]] = []
    properties, items = node.get("properties"), node.get("items")
    if isinstance(properties, dict):
        children += [(("property", name, index), child) for index, (name, child) in enumerate(properties.items())]
    if items is not None and isinstance(items, dict | bool):
        children.append((("items", "", 0), items))
    children += [(("union", "", index), child) for index, child in enumerate(branches)]
    return children


def _is_object(schema: JSON, root: JSON) -> bool:
    """Return True if a schema has the type object, a list of types, or comes to one by `$ref` or `allOf`."""
    pending, seen = [schema], 0
    while pending and seen <= _MAX_REFS:
        node = pending.pop()
        seen += 1
        if not isinstance(node, dict):
            continue
        kind = node.get("type")
        if isinstance(kind, list) or (isinstance(kind, str) and kind.lower() == "object"):
            return True
        if kind is None:
            parts = node.get("allOf")
            pending.extend(parts if isinstance(parts, list) else ())
            pending.append(_target(root, node.get("$ref")))
    return False


def _target(root: JSON, reference: JSON) -> JSON:
    """Return the part of the schema that a local reference names, None if there is none."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    node = root
    for step in reference.removeprefix("#").split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        node = node.get(key) if isinstance(node, dict) else None
    return node
