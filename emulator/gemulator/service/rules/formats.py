"""Rules for modalities, response format and response schema."""

from collections.abc import Iterator, Mapping

from gemulator.core.json_types import JSON
from gemulator.core.plan import Failure
from gemulator.service.refusals import refuse
from gemulator.service.rules.parameters import SCHEMA, invalid_value, not_one_of
from gemulator.service.rules.rule import Rule, RuleContext, requires

_MODALITIES = ("audio", "image", "text")
# `text/x.enum` is the native type for one of several values; Gemini refuses other MIME types.
_FORMATS = {"text", "json_object", "json_schema", "text/plain", "application/json", "text/x.enum"}


def _modalities(context: RuleContext) -> Failure | None:
    for index, modality in enumerate(context.request.modalities or ()):
        if modality not in _MODALITIES:
            return not_one_of(f"modalities[{index}]", _MODALITIES, modality)
        if context.model.makes and modality not in context.model.makes:
            return refuse("parameter-unsupported", field=f"response modality '{modality}'")
    return None


def _format(context: RuleContext) -> Failure | None:
    spec = context.request.response_format
    if spec is None:
        return None
    kind = spec.get("type")
    if not isinstance(kind, str):
        return _missing_or_invalid("response_format.type", "TYPE_STRING", kind)
    if kind not in _FORMATS:
        return refuse("mime-unsupported", mime=kind)
    return _schema_error(spec.get("json_schema")) if kind == "json_schema" else None


def _schema_error(spec: JSON) -> Failure | None:
    where = "response_format.json_schema"
    if spec is not None and not isinstance(spec, dict):
        return invalid_value(where, "TYPE_MESSAGE", spec)
    schema = (spec or {}).get("schema")
    return None if isinstance(schema, dict | bool) else _missing_or_invalid(f"{where}.schema", SCHEMA, schema)


def _missing_or_invalid(field: str, kind: str, value: JSON) -> Failure:
    """Return the refusal of a value that is missing or has the wrong type."""
    return refuse("missing-field", at=field, field=field) if value is None else invalid_value(field, kind, value)


def _recursive(context: RuleContext) -> Failure | None:
    schema = context.request.response_schema
    path = reference_cycle(schema) if isinstance(schema, dict) else None
    return None if path is None else refuse("recursive-schema", path=path)


def reference_cycle(schema: Mapping[str, JSON]) -> str | None:
    """Return a reference of the schema that leads back to itself, or None.

    Iterative, because a user's schema may be nested deeper than Python's stack.
    """
    stack: list[tuple[str, Iterator[str]]] = [("#", iter(_references(schema)))]
    on_path, done = {"#"}, set[str]()
    while stack:
        current, remaining = stack[-1]
        reference = next(remaining, None)
        if reference is None:
            stack.pop()
            on_path.discard(current)
            done.add(current)
        elif reference in on_path:
            return reference
        elif reference not in done:
            on_path.add(reference)
            stack.append((reference, iter(_references(_target(schema, reference)))))
    return None


def _references(tree: JSON) -> list[str]:
    """Return the local references in a schema without following them."""
    found, stack = [], [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str) and reference.startswith("#"):
                found.append(reference)
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    return found


def _target(schema: JSON, reference: str) -> JSON:
    for step in reference.removeprefix("#").split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        schema = schema.get(key) if isinstance(schema, dict) else None
    return schema


RULES = (
    Rule("modalities", "§2 modalities", _modalities, requires("modalities")),
    Rule("response-format", "§2 response_format; §6 mimeType not supported", _format, requires("response_format")),
    Rule(
        "recursive-schema",
        "§2 response_format: fully recursive schemas unsupported",
        _recursive,
        requires("response_format"),
    ),
)
