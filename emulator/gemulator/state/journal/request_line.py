"""A request in one line of a message."""

from typing import Any

import orjson

_MAX_SHOWN = 80  # characters of a prompt


def request_line(number: int, model: str, body: Any) -> str:
    """Return number, model and prompt of a request; the body is JSON, or a text."""
    named = body.get("model") if isinstance(body, dict) else ""
    return f"{number}: {model or named or 'no model'} {_prompt(body)}"


def _prompt(body: Any) -> str:
    """Return the newest message, shortened to one line."""
    messages = body.get("messages") if isinstance(body, dict) else None
    last = messages[-1] if isinstance(messages, list) and messages else body
    text = _text(last)
    return repr(text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 3]}...")


def _text(message: Any) -> str:
    """Return the text of a message, with media and tool calls by their kind; other values as JSON."""
    content = message.get("content") if isinstance(message, dict) else message
    calls = message.get("tool_calls") if isinstance(message, dict) else None
    if isinstance(content, list) and content and all(isinstance(part, dict) for part in content):
        return " ".join(map(_part_text, content))
    if content is None and isinstance(calls, list) and calls:
        return f"[{', '.join(map(_called, calls))}]"
    return content if isinstance(content, str) else orjson.dumps(content).decode()


def _part_text(part: dict[str, Any]) -> str:
    text, kind = part.get("text", part.get("refusal")), part.get("type")
    if isinstance(text, str):
        return text
    return (
        f"[{kind.removeprefix('input_').removesuffix('_url')}]"
        if isinstance(kind, str)
        else orjson.dumps(part).decode()
    )


def _called(call: Any) -> str:
    function = call.get("function") if isinstance(call, dict) else None
    return f"calls {function.get('name')}" if isinstance(function, dict) else "a call"
