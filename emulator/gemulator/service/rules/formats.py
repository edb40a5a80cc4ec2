"""What an answer shall be: modalities, response format, response schema."""

from collections.abc import Iterator, Mapping

from gemulator.core.json_types import JSON
from gemulator.core.plan import Failure
from gemulator.service.refusals import refuse
from gemulator.service.rules.parameters import SCHEMA, invalid_value, not_one_of
from gemulator.service.rules.rule import Rule, RuleContext, reads

_MODALITIES = ("audio", "image", "text")
# `text/x.enum` is the native type for one of several words; other MIME strings are passed through and not supported.
_FORMATS = {"text", "json_object", "json_schema", "text/plain", "application/json", "text/x.enum"}


def _modalities(ask: RuleContext) -> Failure | None:
    for index, wanted in enumerate(ask.request.modalities or ()):
        if wanted not in _MODALITIES:
            return not_one_of(f"modalities[{index}]", _MODALITIES, wanted)
        if ask.card.makes and wanted not in ask.card.makes:
            return refuse("parameter-unsupported", field=f"response modality '{wanted}'")
    return None


def _format(ask: RuleContext) -> Failure | None:
    wanted = ask.request.response_format
    if wanted is None:
        return None
    kind = wanted.get("type")
    if not isinstance(kind, str):
        return _unfit("response_format.type", "TYPE_STRING", kind)
    if kind not in _FORMATS:
        return refuse("mime-unsupported", mime=kind)
    return _wrong_schema(wanted.get("json_schema")) if kind == "json_schema" else None


def _wrong_schema(spec: JSON) -> Failure | None:
    where = "response_format.json_schema"
    if spec is not None and not isinstance(spec, dict):
        return invalid_value(where, "TYPE_MESSAGE", spec)
    schema = (spec or {}).get("schema")
    return None if isinstance(schema, dict | bool) else _unfit(f"{where}.schema", SCHEMA, schema)


def _unfit(field: str, kind: str, value: JSON) -> Failure:
    """The refusal of a value that is not there, or not of the type it has to be."""
    return refuse("missing-field", at=field, field=field) if value is None else invalid_value(field, kind, value)


def _recursive(ask: RuleContext) -> Failure | None:
    schema = ask.request.response_schema
    looped = loop(schema) if isinstance(schema, dict) else None
    return None if looped is None else refuse("recursive-schema", path=looped)


def loop(schema: Mapping[str, JSON]) -> str | None:
    """A reference of the schema that leads back to itself; None where there is none.

    Without recursion of its own: what users nest may be deeper than Python's stack.
    """
    open_: list[tuple[str, Iterator[str]]] = [("#", iter(_references(schema)))]
    on_path, done = {"#"}, set[str]()
    while open_:
        here, left = open_[-1]
        reference = next(left, None)
        if reference is None:
            open_.pop()
            on_path.discard(here)
            done.add(here)
        elif reference in on_path:
            return reference
        elif reference not in done:
            on_path.add(reference)
            open_.append((reference, iter(_references(_target(schema, reference)))))
    return None


def _references(tree: JSON) -> list[str]:
    """The local references in a schema, not following them."""
    found, left = [], [tree]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str) and reference.startswith("#"):
                found.append(reference)
            left.extend(node.values())
        elif isinstance(node, list):
            left.extend(node)
    return found


def _target(schema: JSON, reference: str) -> JSON:
    for step in reference.removeprefix("#").split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        schema = schema.get(key) if isinstance(schema, dict) else None
    return schema


RULES = (
    Rule("modalities", "§2 modalities", _modalities, reads("modalities")),
    Rule("response-format", "§2 response_format; §6 mimeType not supported", _format, reads("response_format")),
    Rule(
        "recursive-schema",
        "§2 response_format: fully recursive schemas unsupported",
        _recursive,
        reads("response_format"),
    ),
)
