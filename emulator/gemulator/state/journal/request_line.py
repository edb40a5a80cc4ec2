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
    text = last.get("content") if isinstance(last, dict) else last
    text = text if isinstance(text, str) else orjson.dumps(text).decode()
    return repr(text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 3]}...")
