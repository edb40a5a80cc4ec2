"""A refusal: its words, and the names in them that a request fills in."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from gemulator.core.plan import Failure


class Refusal(Struct, frozen=True):
    """One thing that the service says no to. `words` and `details` have `{names}` that a request fills in.

    `usual`: the values of those names where a scenario refuses a request that did nothing wrong. The first refusal
    of a status is what `error: STATUS` means.
    """

    name: str
    status: int
    code: str
    words: str
    details: tuple[dict[str, Any], ...] = ()
    usual: Mapping[str, object] | None = None

    def failure(self, values: Mapping[str, object] | None = None, field: str | None = None) -> Failure:
        """The refusal of one request; `field` is the path in it that is to blame, and is named in the details."""
        filled = {**_SOMEWHERE, **(self.usual or {}), **(values or {})}
        message = self.words.format_map(filled)
        details = tuple(_filled(detail, filled) for detail in self.details)
        return Failure(self.status, self.code, message, (*details, *_violation(field, message)), field=field)


_SOMEWHERE = {
    "project": "demo",
    "location": "global",
    "endpoint": "openapi",
    "version": "v1",
    "publisher": "google",
    "model": "gemini",
}


def _filled(tree: Any, values: Mapping[str, object]) -> Any:
    if isinstance(tree, dict):
        return {key: _filled(value, values) for key, value in tree.items()}
    return tree.format_map(values) if isinstance(tree, str) else tree


def _violation(field: str | None, message: str) -> tuple[dict[str, Any], ...]:
    if field is None:
        return ()
    violation = {"field": field, "description": message}
    return ({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]},)
