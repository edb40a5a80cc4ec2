"""Importer of aimock's fixtures."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
from msgspec import Struct

from gemulator.record.recording import Lost
from gemulator.record.reply_fields import escape, escape_tree

_MATCH = re.compile(r'"match"\s*:')
# Noted at recording, and without effect on what a fixture answers.
_NO_CONDITION = {"endpoint", "context", "sequenceIndex"}
_NO_REPLY = {"id", "model", "created", "finishReason", "usage", "role", "systemFingerprint", "chunkTimingsMs"}
_ENDPOINTS = {None, "chat"}


class ImportedTurn(Struct, frozen=True):
    """Fields of a turn; `incomplete` says what of its fixture is not in it."""

    source: str
    fields: Mapping[str, Any]
    incomplete: tuple[str, ...] = ()


def read_fixtures(tree: Mapping[str, Any], name: str, text: str) -> Iterator[ImportedTurn | Lost]:
    """Yield the turns of a file of fixtures."""
    lines = [text.count("\n", 0, found.start()) + 1 for found in _MATCH.finditer(text)]
    for number, fixture in enumerate(tree["fixtures"]):
        source = f"{name}:{lines[number] if number < len(lines) else 1}"
        try:
            yield _turn(fixture, source)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            known = type(error) is ValueError
            yield Lost(source, str(error) if known else "the fixture has no `match` and `response`")


def _turn(fixture: dict[str, Any], source: str) -> ImportedTurn:
    match, response = fixture["match"], fixture["response"]
    if match.get("endpoint") not in _ENDPOINTS:
        raise ValueError(f"the fixture is for the endpoint {match['endpoint']!r}, not for chat completions")
    fields: dict[str, Any] = {}
    when, incomplete = _conditions(match)
    if when:
        fields["when"] = when
    if "sequenceIndex" in match:
        fields["times"] = 1
    reply, more = _reply(response)
    fields |= reply
    incomplete += more
    incomplete += [f"`{key}`" for key in fixture if key not in ("match", "response", "metadata")]
    return ImportedTurn(source, fields, tuple(incomplete))


def _contains(text: str) -> dict[str, Any]:
    return {"contains": text, "exact": True}


# Name of the condition and its value, by key of `match` and type of what it has.
_CONDITIONS: Mapping[tuple[str, type], Callable[[Any], dict[str, Any]]] = {
    ("userMessage", str): lambda value: {"user": _contains(value)},
    ("systemMessage", str): lambda value: {"system": _contains(value)},
    ("systemMessage", list): lambda value: {"all": [{"system": _contains(text)} for text in value]},
    ("toolName", str): lambda value: {"tools": {"equals": value, "exact": True}},
    ("responseFormat", str): lambda value: {"response_format": {"equals": value}},
    ("turnIndex", int): lambda value: {"turn": value + 1},
    ("hasToolResult", bool): lambda value: {"tool_result": True} if value else {"not": {"tool_result": True}},
    ("toolResultContains", str): lambda value: {"tool_result": {"text": _contains(value)}},
}


def _conditions(match: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the conditions of a fixture, and those that have no counterpart."""
    when: dict[str, Any] = {}
    missing: list[str] = []
    for key, value in match.items():
        condition = _CONDITIONS.get((key, type(value)))
        if condition is not None:
            when |= condition(value)
        elif key not in _NO_CONDITION:
            missing.append(f"`match.{key}`")
    return when, missing


def _reply(response: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the reply of a fixture, and the keys that have no counterpart."""
    if "error" in response:
        error, status = response["error"], int(response.get("status") or 500)
        return {"reply": {"error": max(400, status), "message": escape(str(error.get("message")))}}, []
    parts: list[dict[str, Any]] = []
    known = {"reasoning", "content", "toolCalls", "blocks"} | _NO_REPLY
    if isinstance(reasoning := response.get("reasoning"), str) and reasoning:
        parts.append({"thinking": escape(reasoning)})
    if "blocks" in response:
        parts += [_block(block) for block in response["blocks"]]
    else:
        content = response.get("content")
        if isinstance(content, str) and content:
            parts.append({"text": escape(content)})
        elif isinstance(content, dict | list):
            parts.append({"json": escape_tree(content)})
        parts += [_call(call) for call in response.get("toolCalls") or ()]
    missing = [f"`response.{key}`" for key in response if key not in known]
    if not parts and "content" not in response:
        raise ValueError(f"the response has {', '.join(missing) or 'nothing'}: no text and no tool calls")
    reply: Any = parts or ""
    if len(parts) == 1:
        reply = parts[0]["text"] if set(parts[0]) == {"text"} else parts[0]
    finish = response.get("finishReason")
    return {"reply": reply} | ({"finish": finish} if finish in ("length", "content_filter") else {}), missing


def _block(block: dict[str, Any]) -> dict[str, Any]:
    return {"text": escape(block["text"])} if block["type"] == "text" else _call(block)


def _call(call: dict[str, Any]) -> dict[str, Any]:
    """Return a call. Arguments are an object or its JSON text."""
    given = call.get("arguments", {})
    written: dict[str, Any] = {"call": call["name"]}
    try:
        tree = orjson.loads(given) if isinstance(given, str) else given
    except orjson.JSONDecodeError:
        tree = None
    written |= {"with": escape_tree(tree)} if isinstance(tree, dict) else {"arguments": escape(str(given))}
    return written | ({"id": call["id"]} if isinstance(call.get("id"), str) else {})
