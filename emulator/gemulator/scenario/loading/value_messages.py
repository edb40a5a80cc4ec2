"""Messages and remedies for invalid values, from pydantic's error details."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

from gemulator.scenario.loading import meanings
from gemulator.scenario.replies.error_presets import NAMES

_TYPES = {
    "string_type": "a string",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "sequence_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_SHAPES = {
    "<words>": "a string",
    "<list>": "a list",
    "<fields>": "a mapping",
    "<part>": "a mapping",
    "<flag>": "true or false",
    "<number>": "a number",
    "<result>": "name, text or json",
    "<call>": "name, with or json",
    "<media>": "mime or uri",
}


def explain_value(detail: ErrorDetails, path: Sequence[str | int]) -> tuple[str, str]:
    """Return message and remedy for a value of the wrong type, out of range, or not allowed."""
    kind, given = detail["type"], detail["input"]
    if kind in _TYPES:
        return f"expected {_TYPES[kind]}, found {format_value(given)}", _type_remedy(kind, given, path)
    if kind == "union_tag_invalid":
        return shape_message(given, detail.get("ctx", {})["expected_tags"]), ""
    return _value_message(detail, path)


def shape_message(given: Any, expected: str) -> str:
    """Return the message for a value whose tag is none of those expected."""
    shapes = dict.fromkeys(_SHAPES.get(tag.strip(" '"), "") for tag in expected.split(","))
    return f"expected {' or '.join(filter(None, shapes))}, found {format_value(given)}"


def _value_message(detail: ErrorDetails, path: Sequence[str | int]) -> tuple[str, str]:
    """Return message and remedy for an invalid value of the right type."""
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind in {"literal_error", "enum"}:
        return f"{format_value(given)} is not an allowed value", f"Use {context['expected']}."
    if kind == "string_pattern_mismatch":
        return f"{format_value(given)} has the wrong format", _form_remedy(path)
    if kind == "string_too_short":
        return "the text is empty", "Write a text, or remove the key."
    if kind == "too_short":
        return "the list is empty", "Add at least one entry, or remove the key."
    if kind in {"too_long", "string_too_long"}:
        size, noun = len(given), "list has {:,} entries" if kind == "too_long" else "text has {:,} characters"
        return f"the {noun.format(size)}", f"Use at most {context['max_length']:,}."
    bound = _bounds(kind, context)
    if bound:
        return f"{format_value(given)} is out of range: {bound}", ""
    return _own_message(detail["msg"].removeprefix("Value error, "), given, path)


def _own_message(message: str, given: Any, path: Sequence[str | int]) -> tuple[str, str]:
    """Return the message of a check of ours, and its remedy by what was meant."""
    if path[-1:] == ("error",) and isinstance(given, str) and (remedy := meanings.unknown_error(given, NAMES)):
        return f"{format_value(given)} is no error of the service", remedy
    if message.startswith("a duration needs a unit") and isinstance(given, int | float):
        return message, f"Write `{given}s` for seconds, or `{given}ms`."
    return message, ""


def format_value(given: Any) -> str:
    """Return a given value for a message."""
    if given is None:
        return "no value"
    if isinstance(given, dict | list):
        return "a mapping" if isinstance(given, dict) else "a list"
    text = repr(given) if not isinstance(given, bool) else str(given).lower()
    return text if len(text) <= 60 else f"{text[:57]}..."


def _type_remedy(kind: str, given: Any, path: Sequence[str | int]) -> str:
    if path[-1:] == ("when",) and (remedy := meanings.wrong_conditions(given)):
        return remedy
    if path[-1:] == ("arguments",) and isinstance(given, dict):
        return "Write `with:` for arguments as a mapping; `arguments` is a literal text."
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    if is_number and (remedy := meanings.number_as_text(path, given)):
        return remedy
    if kind == "string_type" and not isinstance(given, dict | list) and given is not None:
        return f'Quote it to make it a string: "{str(given).lower() if isinstance(given, bool) else given}".'
    if given is None:
        return "Add a value, or remove the key. If the value is on the next line, indent it further than the key."
    if kind in {"list_type", "sequence_type"} and isinstance(given, dict):
        return (
            "Start each entry with a dash: `- when: …`." if path[-1:] == ("turns",) else "Start each entry with `- `."
        )
    return ""


_PERCENTAGE = "Use a percentage like 30%."
_FORMS = {
    "size": "Use a size like 512x512.",
    "fragment": "Use `json`, `token`, `whole` or `size:N`.",
    "event": "Use one line of text.",
    "jitter": _PERCENTAGE,
    "load": _PERCENTAGE,
    "chance": _PERCENTAGE,
}


def _form_remedy(path: Sequence[str | int]) -> str:
    return _FORMS.get(str(path[-1]), "") if path else ""


def _bounds(kind: str, context: Mapping[str, Any]) -> str:
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    return " and ".join(f"{word} {context[key]}" for key, word in words.items() if key in context)
