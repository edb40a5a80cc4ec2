"""Schema document: its draft and reference resolution."""

import re
from collections.abc import Iterator
from typing import Any, TypeAlias
from urllib.parse import unquote, urljoin

from msgspec import Struct

from gemulator.core.text_cache import cache_short
from gemulator.generate.json_schema.backtracking import Dangling

Scope: TypeAlias = tuple[str, ...]
"""Base URIs entered on the way to a subschema, outermost first, as `$dynamicRef` searches them."""

REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_DATA = frozenset({"enum", "const", "default", "example", "examples"})
_METASCHEMA = re.compile(r"https?://json-schema\.org/(draft-0\d|draft/20\d\d-\d\d)/")
ANY_METASCHEMA: dict[str, Any] = {"type": "object", "maxProperties": 0}


class Sub(Struct, eq=False, gc=False):
    """Subschema with the scope of its references and the subschema it was reached from."""

    schema: Any
    scope: Scope
    parent: "Sub | None" = None

    def sub(self, schema: Any) -> "Sub":
        """Return a subschema of this one that applies to another value."""
        return Sub(schema, self.scope)

    def is_within(self, other: "Sub") -> bool:
        """Return True if this subschema is `other` or was reached from it."""
        ancestor: Sub | None = self
        while ancestor is not None:
            if ancestor is other:
                return True
            ancestor = ancestor.parent
        return False


def draft_of(root: Any) -> int:
    """Return the draft as 4, 6, 7, 19 or 20 (2020-12, the default)."""
    uri = root.get("$schema") if isinstance(root, dict) else None
    return _draft_of_uri(uri) if isinstance(uri, str) else 20


@cache_short(64, 200)
def _draft_of_uri(uri: str) -> int:
    if found := re.search(r"draft-0([467])", uri):
        return int(found[1])
    return 19 if "2019-09" in uri else 20


class Document:
    """Schema with an index of its reference targets. Nothing is fetched."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.draft = draft_of(root)
        self._id = "id" if self.draft == 4 else "$id"
        self.base: Scope = (self._base_of(root, ""),)
        self._resources: dict[str, Any] | None = None
        self._anchors: dict[tuple[str, str], Sub] = {}

    def scope_inside(self, sub: Sub) -> Scope:
        """Return the scope inside `sub`, which is a new one if it has an `$id`."""
        if self._id not in sub.schema or sub.schema is self.root:
            return sub.scope
        base = self._base_of(sub.schema, sub.scope[-1])
        return sub.scope if base == sub.scope[-1] else (*sub.scope, base)

    def with_inner_scope(self, sub: Sub) -> Sub:
        """Return the subschema with its inner scope."""
        return Sub(sub.schema, self.scope_inside(sub), sub.parent) if self._id in sub.schema else sub

    def resolve(self, ref: str, scope: Scope) -> Sub:
        """Return the target of `ref`, or True (any value) if it is external; raise Dangling if it does not exist."""
        if ref == "#" and len(scope) == 1:
            return Sub(self.root, scope)
        uri = scope[-1] + ref if ref.startswith("#") else urljoin(scope[-1], ref)
        base, _, fragment = uri.partition("#")
        resource = self.root if base == self.base[0] else self._index().get(base)
        if resource is None:
            return Sub(ANY_METASCHEMA if _METASCHEMA.match(uri) else True, scope)
        inner = scope if base == scope[-1] else (*scope, base)
        if not fragment or fragment.startswith("/"):
            return self._follow_pointer(resource, fragment, inner)
        self._index()
        anchor = self._anchors.get((base, fragment))
        if anchor is None:
            raise Dangling(ref)
        return Sub(anchor.schema, inner)

    def resolve_dynamic(self, ref: str, scope: Scope) -> Sub:
        """Return the target of `$dynamicRef`: the outermost anchor of that name, if the plain target has one."""
        target = self.resolve(ref, scope)
        name = ref.partition("#")[2]
        if not isinstance(target.schema, dict) or target.schema.get("$dynamicAnchor") != name:
            return target
        return self._outermost(scope, name, "$dynamicAnchor", name) or target

    def resolve_recursive(self, scope: Scope) -> Sub:
        """Return the target of `$recursiveRef` (2019-09): the outermost resource with `$recursiveAnchor`."""
        target = self.resolve("#", scope)
        if not isinstance(target.schema, dict) or target.schema.get("$recursiveAnchor") is not True:
            return target
        return self._outermost(scope, "", "$recursiveAnchor", True) or target

    def is_external(self, ref: str, scope: Scope) -> bool:
        """Return True if `ref` leaves the document and is not a published meta-schema."""
        uri = scope[-1] + ref if ref.startswith("#") else urljoin(scope[-1], ref)
        base = uri.partition("#")[0]
        return base != self.base[0] and base not in self._index() and not _METASCHEMA.match(uri)

    def external_refs(self) -> Iterator[str]:
        """Yield the references that leave the document, as written."""
        pending: list[tuple[Any, Scope]] = [(self.root, self.base)]
        while pending:
            node, scope = pending.pop()
            if isinstance(node, dict):
                inner = self.scope_inside(Sub(node, scope))
                refs = (node[name] for name in REFERENCES if isinstance(node.get(name), str))
                yield from (ref for ref in refs if self.is_external(ref, inner))
                pending += [(item, inner) for name, item in node.items() if name not in _DATA]
            elif isinstance(node, list):
                pending += [(item, scope) for item in node]

    def _outermost(self, scope: Scope, name: str, keyword: str, wanted: str | bool) -> Sub | None:
        resources = self._index()
        for depth, base in enumerate(scope):
            found = self._anchors.get((base, name)) if name else Sub(resources.get(base), scope)
            if found and isinstance(found.schema, dict) and found.schema.get(keyword) == wanted:
                return Sub(found.schema, scope[: depth + 1])
        return None

    def _base_of(self, schema: Any, base: str) -> str:
        own = schema.get(self._id) if isinstance(schema, dict) else None
        if not isinstance(own, str) or own.startswith("#") or (self.draft <= 7 and "$ref" in schema):
            return base
        return urljoin(base, own).partition("#")[0]

    def _follow_pointer(self, node: Any, pointer: str, scope: Scope) -> Sub:
        for token in pointer.split("/")[1:]:
            name = unquote(token).replace("~1", "/").replace("~0", "~")
            try:
                node = node[int(name)] if isinstance(node, list) else node[name]
            except (KeyError, IndexError, ValueError, TypeError):
                raise Dangling(f"#{pointer}") from None
            if isinstance(node, dict) and self._id in node:
                scope = self.scope_inside(Sub(node, scope))
        return Sub(node, scope)

    def _index(self) -> dict[str, Any]:
        if self._resources is None:
            self._resources = {}
            for schema, base in self._subschemas():
                if base not in self._resources:
                    self._resources[base] = schema
                self._add_anchors(schema, base)
        return self._resources

    def _add_anchors(self, schema: dict[str, Any], base: str) -> None:
        own = schema.get(self._id)
        names = [schema.get("$anchor"), schema.get("$dynamicAnchor")]
        if isinstance(own, str) and "#" in own:
            names.append(own.partition("#")[2])
        for name in names:
            if isinstance(name, str) and name:
                self._anchors.setdefault((base, name), Sub(schema, (base,)))

    def _subschemas(self) -> Iterator[tuple[dict[str, Any], str]]:
        stack: list[tuple[Any, str]] = [(self.root, "")]
        while stack:
            node, base = stack.pop()
            if isinstance(node, dict):
                base = self._base_of(node, base)
                yield node, base
                stack += [(item, base) for name, item in reversed(node.items()) if name not in _DATA]
            elif isinstance(node, list):
                stack += [(item, base) for item in reversed(node)]
