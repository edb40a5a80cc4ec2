"""Remedies for scenario mistakes by what was meant."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any

from gemulator.core.json_types import JSON
from gemulator.scenario.replies import KINDS, PARTS

# Keys of other APIs and everyday words, with those of the scenario format.
_REPLY_KEYS: Mapping[str, str] = {
    **dict.fromkeys(("args", "arguments", "params", "parameters", "input", "kwargs"), "with"),
    **dict.fromkeys(("tool", "function", "function_call", "tool_call", "tool_calls", "tools"), "call"),
    **dict.fromkeys(("thought", "thoughts", "think", "reasoning", "reasoning_content"), "thinking"),
    **dict.fromkeys(("content", "message", "answer", "response", "say", "body_text"), "text"),
    **dict.fromkeys(("picture", "img", "image_url", "photo"), "image"),
    **dict.fromkeys(("sound", "speech", "voice"), "audio"),
    **dict.fromkeys(("status", "status_code", "code", "http_status", "fail"), "error"),
    **dict.fromkeys(("parts", "random", "one_of"), "choose"),
    "schema": "json",
}
_TURN_KEYS = ("fault", "pacing", "times", "usage", "id", "finish", "when")
_DELAYS = ("delay", "wait", "latency", "sleep", "pause", "timeout")
_CONDITION_KEYS: Mapping[str, str] = {
    **dict.fromkeys(("message", "messages", "prompt", "content", "text", "input", "question", "contains"), "user"),
    **dict.fromkeys(("system_prompt", "instructions", "developer"), "system"),
    **dict.fromkeys(("tool", "tools", "function"), "tools"),
    **dict.fromkeys(("result", "tool_response", "function_response", "tool_output"), "tool_result"),
    **dict.fromkeys(("call", "tool_calls", "function_call"), "tool_call"),
    **dict.fromkeys(("header",), "headers"),
}
# Google's status names and everyday names of errors, with their HTTP status.
_STATUSES: Mapping[str, int] = {
    "RESOURCE_EXHAUSTED": 429,
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "CANCELLED": 499,
    "INTERNAL": 500,
    "UNKNOWN": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "OVERLOADED": 503,
    "DEADLINE_EXCEEDED": 504,
    "TIMEOUT": 504,
    "RATE_LIMIT": 429,
    "RATE_LIMITED": 429,
    "QUOTA": 429,
    "THROTTLED": 429,
    **{status.name: status.value for status in HTTPStatus if status >= 400},
}


def unknown_reply_key(key: str, data: Any) -> str:
    """Return the remedy for a key that a reply part does not have, empty if nothing is known of it."""
    if key in PART_KEYS and isinstance(data, dict):
        others = [own for own in data if own in PART_KEYS and own != key]
        if others:
            return f"`{key}` is a part of its own: write a list, `reply: [{{ {others[0]}: … }}, {{ {key}: … }}]`."
    if key in _DELAYS:
        return f"Write it in the turn, beside `reply`: `pacing: {{ first_token: {_value(data, key, '2s')} }}`."
    if key in _TURN_KEYS:
        return f"`{key}` belongs in a turn, beside `reply`."
    meant = _REPLY_KEYS.get(_plain(key))
    return f"Did you mean `{meant}`?" if meant else ""


def unknown_part(data: Mapping[str, JSON]) -> str:
    """Return the remedy for a mapping that is no reply part, empty if nothing is known of its keys."""
    for key in data:
        meant = _REPLY_KEYS.get(_plain(str(key)))
        if meant == "error":
            value = data[key]
            return f"Write `error: {value}`." if isinstance(value, int) else "Write `error: 429`, with the status."
        if meant == "call":
            return "Write `call: NAME`, and the arguments as `with: { city: Paris }`."
        if meant in KINDS:
            return f"Did you mean `{meant}`?"
    return ""


def unknown_condition(key: str, known: Sequence[str]) -> str:
    """Return the remedy for a key that conditions do not have, empty if nothing is known of it."""
    meant = _CONDITION_KEYS.get(_plain(key))
    return f"Did you mean `{meant}`?" if meant in known else ""


def wrong_conditions(given: Any) -> str:
    """Return the remedy for conditions that are no mapping."""
    if isinstance(given, str):
        return f"Write `when: {{ user: {given} }}` for a text in the user's message."
    if isinstance(given, list):
        return "Write one mapping, whose conditions must all hold; `all:` takes a list of such mappings."
    return ""


def unknown_error(given: str, known: Sequence[str]) -> str:
    """Return the remedy for the name of an error: its HTTP status, or the nearest known name."""
    name = _plain(given).upper()
    status = _STATUSES.get(name)
    if status is None:
        near = get_close_matches(given.lower().replace("_", "-"), known, 1, cutoff=0.7)
        if near:
            return f"Did you mean `{near[0]}`?"
        status = next((_STATUSES[close] for close in get_close_matches(name, _STATUSES, 1, cutoff=0.7)), None)
    return f"Write `error: {status}`." if status else ""


def nested_condition(path: Sequence[str | int], given: JSON) -> str:
    """Return the remedy for an unknown key of a comparison, under `tool_result` or `body`; empty elsewhere."""
    if "tool_call" in path[:-1]:
        return f"Name the tool: `tool_call: {{ name: {path[-1]}, with: … }}`."
    if "tool_result" in path[:-1]:
        return f"Name the tool: `tool_result: {{ name: {path[-1]}, json: … }}`."
    if "body" in path[:-1]:
        steps = [str(step) for step in path[path.index("body") + 1 :]]
        value = given if isinstance(given, str | int | float) else "…"
        return f"Write the path as one key: `body: {{ {'.'.join(steps)}: {value} }}`."
    return ""


def number_as_text(path: Sequence[str | int], given: float) -> str:
    """Return the remedy for a number where a share, a duration or a size is meant, empty anywhere else."""
    name = str(path[-1]) if path else ""
    if name in {"chance", "jitter", "load"}:
        percent = given * 100 if 0 < given <= 1 else given
        return f"Use a percentage: `{name}: {percent:g}%`."
    if name == "size":
        return f"Use width and height: `size: {given}x{given}`."
    return ""


PART_KEYS = {kind.key for kind in PARTS}


def _value(data: Any, key: str, default: str) -> Any:
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, str) else default


def _plain(key: str) -> str:
    return key.lower().replace("-", "_").replace(" ", "_")
