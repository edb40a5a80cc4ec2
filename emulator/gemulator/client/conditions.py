"""Conditions of `when` and `assert_called` in Python."""

import re
from collections.abc import Mapping, Sequence
from keyword import iskeyword
from re import Pattern
from typing import Any, TypeAlias, TypedDict

from gemulator.client.json_values import to_json_value

Text: TypeAlias = str | Pattern[str] | Mapping[str, Any] | Sequence[str | Pattern[str] | Mapping[str, Any]]
Amount: TypeAlias = float | Mapping[str, float] | Sequence[float]

_FLAGS = {re.IGNORECASE: "i", re.MULTILINE: "m", re.DOTALL: "s"}  # those that RE2 has as well
_MAX_SHOWN = 120  # characters


class MatchConditions(TypedDict, total=False):
    """Conditions of a `when`, as in a scenario; Python keywords end with `_`."""

    user: Text
    earlier: Text
    system: Text
    model: Text
    endpoint: Text
    project: Text
    location: Text
    tool_result: Text
    tool_call: bool | Text
    turn: Amount
    tools: bool | Text
    tool_choice: Text
    response_format: bool | Text
    response_schema: Text
    modalities: bool | Text
    image: bool | str | Pattern[str] | Mapping[str, Any]
    audio: bool | str | Pattern[str] | Mapping[str, Any]
    file: bool | str | Pattern[str] | Mapping[str, Any]
    stream: bool
    temperature: Amount
    top_p: Amount
    max_tokens: Amount
    n: Amount
    seed: Amount
    frequency_penalty: Amount
    presence_penalty: Amount
    stop: bool | Text
    reasoning_effort: bool | Text
    header: Mapping[str, bool | Text]
    body: Mapping[str, Any]
    all_: Sequence[Mapping[str, Any]]
    any_: Sequence[Mapping[str, Any]]
    not_: Mapping[str, Any]


def conditions_as_dict(conditions: MatchConditions) -> dict[str, Any]:
    """Return conditions as in a scenario. Raise ValueError for a value that JSON cannot represent."""
    __tracebackhide__ = True
    try:
        given = {name: _with_patterns(value, name) for name, value in conditions.items()}
        return {name.rstrip("_"): to_json_value(value, name) for name, value in given.items()}
    except ValueError as error:
        raise ValueError(str(error)) from None  # hides the frames of the comprehensions


def show_when(conditions: Mapping[str, Any]) -> str:
    """Return conditions as the call of `when`, shortened to one line."""
    arguments = ", ".join(f"{name + '_' * iskeyword(name)}={value!r}" for name, value in conditions.items())
    return f"when({arguments if len(arguments) <= _MAX_SHOWN else arguments[:_MAX_SHOWN] + '…'})"


def _with_patterns(value: Any, name: str) -> Any:
    """Return a condition with `matches` in the place of compiled patterns."""
    if isinstance(value, str):
        return value
    if isinstance(value, Pattern):
        return _expression(value, name) if name == "matches" else {"matches": _expression(value, name)}
    if isinstance(value, Mapping):
        return {key: _with_patterns(item, key) for key, item in value.items()}
    return [_with_patterns(item, name) for item in value] if isinstance(value, list | tuple) else value


def _expression(pattern: Pattern[Any], name: str) -> str:
    """Return the expression of a compiled pattern, with its flags. Raise ValueError if RE2 cannot have it."""
    expression = pattern.pattern
    if not isinstance(expression, str):
        raise ValueError(
            f"{name}: a pattern of bytes matches no text: write re.compile({expression.decode('latin-1')!r})"
        )
    if pattern.flags & re.VERBOSE:
        raise ValueError(f"{name}: RE2 has no flag re.VERBOSE: write {expression!r} without spaces and comments")
    flags = "".join(letter for flag, letter in _FLAGS.items() if pattern.flags & flag)
    return f"(?{flags}){expression}" if flags and not expression.startswith(f"(?{flags})") else expression
