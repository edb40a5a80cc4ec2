"""Messages and remedies for scenario mistakes, from pydantic's error details."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, get_args

from pydantic_core import ErrorDetails

from gemulator.core.strict_model import StrictModel
from gemulator.scenario.conditions.compare import keys_of
from gemulator.scenario.loading import meanings
from gemulator.scenario.loading.includes import INCLUDE
from gemulator.scenario.loading.value_messages import explain_value, format_value, shape_message
from gemulator.scenario.model import Scenario
from gemulator.scenario.replies import KINDS, PARTS


def explain_error(
    detail: ErrorDetails, path: Sequence[str | int], root: type[StrictModel] = Scenario, data: Any = None
) -> tuple[str, str]:
    """Return message and remedy of an error at a path of the scenario, or of another model `root`.

    `data` is the whole document, from which remedies quote.
    """
    kind, given = detail["type"], detail["input"]
    context = detail.get("ctx", {})
    match kind:
        case "extra_forbidden":
            key = str(path[-1])
            meant = _meant_key(path, _value_at(data, path[:-1]))
            return f"unknown key `{key}`", meant or _unknown_key_remedy(key, detail, path, root)
        case "missing":
            return f"`{path[-1]}` is missing", _missing_remedy(path, given)
        case "union_tag_invalid" | "union_tag_not_found":
            return _union_message(given, context, path)
    return explain_value(detail, path)


def _meant_key(path: Sequence[str | int], parent: Any) -> str:
    """Return the remedy for an unknown key by what was meant, empty if nothing is known of it."""
    key = str(path[-1])
    if "reply" in path:
        return meanings.unknown_reply_key(key, parent)
    if "fault" in path:
        near = get_close_matches(key, _fault_keys(path), 1)
        return f"Did you mean `{near[0]}`?" if near else f"Known keys: {', '.join(_fault_keys(path))}."
    return ""


def _fault_keys(path: Sequence[str | int]) -> Sequence[str]:
    """Return the names of faults, or the fields of the one that a path leads to."""
    from gemulator.delivery.faults.schema import FAULTS

    fault = FAULTS.get(str(path[-2]))
    return list(FAULTS) if fault is None else list(fault.model_fields)


def _value_at(data: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        try:
            data = data[step]
        except (LookupError, TypeError):
            return None
    return data


def _missing_remedy(path: Sequence[str | int], given: Any) -> str:
    if path[-1] == "reply" and isinstance(given, dict):
        inside = given.get("when")
        if isinstance(inside, dict) and "reply" in inside:
            return "It is inside `when`: indent `reply` as far as `when`."
    return f"Add `{path[-1]}:`."


def _union_message(given: Any, context: Mapping[str, Any], path: Sequence[str | int]) -> tuple[str, str]:
    expected = context.get("expected_tags", "")
    if "<text>" not in expected and expected:
        return shape_message(given, expected), ""
    parts = {kind.key for kind in PARTS}
    kinds = [key for key in KINDS if key in parts or (path and not isinstance(path[-1], int))]
    if not isinstance(given, dict):
        return f"a reply part must be a mapping, found {format_value(given)}", f"Write it as `- text: {given}`."
    whole = next((key for key in given if key in KINDS), None)
    if whole is not None:
        return (
            f"`{whole}` cannot be one of several parts",
            f"Make it the only reply: `reply: {{ {whole}: … }}`.",
        )
    near = [match for key in given for match in get_close_matches(str(key), [*kinds, INCLUDE], 1, cutoff=0.7)]
    meant = f"Did you mean `{near[0]}`?" if near else meanings.unknown_part(given)
    return "unknown reply part", f"{meant} A part needs one of the keys {', '.join(kinds)}.".lstrip()


def _unknown_key_remedy(key: str, detail: ErrorDetails, path: Sequence[str | int], root: type[StrictModel]) -> str:
    owners = _key_owners() if root is Scenario else ()
    kind = class_at(detail["loc"][:-1], root)
    known = keys_of(kind) if kind is not None else []
    owner = next((owner for owner, keys in owners if key in keys), None)
    if owner is not None and not get_close_matches(key, known, 1, cutoff=0.85):
        return f"`{key}` belongs {owner}: check the indentation."
    meant = meanings.unknown_condition(key, known) if "when" in path else ""
    near = get_close_matches(key.lower().replace("-", "_"), known, 1)
    if near and not meant:
        return f"Did you mean `{near[0]}`?"
    meant = meant or (meanings.nested_condition(path, detail["input"]) if "when" in path else "")
    return meant or (f"Known keys: {', '.join(known)}." if known else "")


@lru_cache(maxsize=1)
def _key_owners() -> Sequence[tuple[str, Sequence[str]]]:
    """Return the keys that are often indented wrongly, by the mapping that they belong to."""
    turn = class_at(("turns", 0))
    match = class_at(("turns", 0, "when"))
    owners = (("at the top level of the file", Scenario), ("in a turn", turn), ("under `when`", match))
    return [(owner, keys_of(kind)) for owner, kind in owners if kind is not None]


# ---- model class at a location


def class_at(loc: Sequence[str | int], root: type[StrictModel] = Scenario) -> type[StrictModel] | None:
    """Return the model class at a location of pydantic's, union tags included; None if there is none."""
    kind: type[StrictModel] | None = root
    options: Sequence[type[StrictModel]] = [root]
    for step in loc:
        if isinstance(step, str) and step.startswith("<"):
            named = KINDS.get(step.strip("<>"))
            options = [named] if named else _classes_for_tag(options, step)
        elif isinstance(step, str):
            kind = options[0] if options else None
            field = (
                next((f for name, f in kind.model_fields.items() if (f.alias or name) == step), None) if kind else None
            )
            options = list(_classes(field.annotation)) if field is not None else options
    return options[0] if options else None


def _classes_for_tag(options: Sequence[type[StrictModel]], tag: str) -> Sequence[type[StrictModel]]:
    names = {"<result>": "ResultFields", "<call>": "CallFields", "<media>": "MediaFields", "<option>": "Option"}
    plain = [option for option in options if option.__name__ not in {"ResultFields", "CallFields", "MediaFields"}]
    return [option for option in options if option.__name__ == names.get(tag)] or plain


def _classes(annotation: Any) -> Iterator[type[StrictModel]]:
    if isinstance(annotation, type) and issubclass(annotation, StrictModel):
        yield annotation
    for inner in get_args(getattr(annotation, "__value__", annotation)):
        yield from _classes(inner)
