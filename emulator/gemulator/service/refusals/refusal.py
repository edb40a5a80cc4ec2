"""Refusal with a message template."""

from collections.abc import Iterable, Iterator, Mapping
from string import Formatter
from typing import Any

from msgspec import Struct

from gemulator.core.plan import Failure

LEARN = "Learn more: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/gemini"
PROTO = "The GenerateContentRequest proto is invalid:\n  * {place}: "


class Refusal(Struct, frozen=True):
    """Named error of the service. Its texts and `details` have `{name}` placeholders for values of the request.

    `cause` says what the client did, `remedy` how to go on: both are ours, for the developer (`Failure.hint`).
    `defaults` are the values if a scenario refuses a valid request. `error: STATUS` in a scenario selects the first
    refusal with that status.
    """

    name: str
    status: int
    code: str
    template: str
    cause: str
    remedy: str
    details: tuple[dict[str, Any], ...] = ()
    defaults: Mapping[str, object] | None = None

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the names of the placeholders in message and details."""
        texts = [self.template, *_texts(self.details)]
        return tuple(dict.fromkeys(name for text in texts for _, name, _, _ in Formatter().parse(text) if name))

    def failure(self, values: Mapping[str, object] | None = None, field: str | None = None) -> Failure:
        """Return the failure of one request; `field`, the path of its invalid field, is named in the details."""
        values = {**_DEFAULTS, **(self.defaults or {}), **(values or {})}
        message = self.template.format_map(values)
        details = tuple(_fill(detail, values) for detail in self.details)
        return Failure(
            self.status,
            self.code,
            message,
            (*details, *_violation(field, message)),
            field=field,
            cause=self.cause.format_map(values),
            remedy=self.remedy.format_map(values),
            name=self.name,
        )


def invalid_argument(name: str, template: str, cause: str, remedy: str, /, **defaults: object) -> Refusal:
    """Return a refusal with status 400 INVALID_ARGUMENT."""
    return Refusal(name, 400, "INVALID_ARGUMENT", template, cause, remedy, defaults=defaults)


_DEFAULTS = {
    "project": "demo",
    "location": "global",
    "endpoint": "openapi",
    "version": "v1",
    "publisher": "google",
    "model": "gemini",
}


def _fill(tree: Any, values: Mapping[str, object]) -> Any:
    if isinstance(tree, dict):
        return {key: _fill(value, values) for key, value in tree.items()}
    return tree.format_map(values) if isinstance(tree, str) else tree


def _texts(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict | tuple):
        for item in tree.values() if isinstance(tree, dict) else tree:
            yield from _texts(item)
    elif isinstance(tree, str):
        yield tree


def _violation(field: str | None, message: str) -> tuple[dict[str, Any], ...]:
    if field is None:
        return ()
    return field_violations([(field, message)])


def field_violations(pairs: Iterable[tuple[str | None, str]]) -> tuple[dict[str, Any], ...]:
    """Return the details that name each invalid field with a description; None leaves the field out."""
    violations = [
        {"description": text} if field is None else {"field": field, "description": text} for field, text in pairs
    ]
    return ({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations},)
