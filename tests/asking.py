"""Conversations and scenarios in a few words, for tests of what fits what."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from gemulator.core.plan import Plan
from gemulator.core.seed import Seed
from gemulator.engine.planning.plan import Script, plan_script
from gemulator.engine.planning.script import resolve_reply
from gemulator.request.conversation import Conversation
from gemulator.request.parser import parse
from gemulator.request.target import Target
from gemulator.scenario.loading.reader import read_scenario
from gemulator.scenario.model import COMPUTED, Scenario, Turn
from gemulator.scenario.replies import Context
from gemulator.service.catalog import Model

PRO = "google/gemini-2.5-pro"
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["celsius"]}},
            "required": ["city", "unit"],
        },
    },
}


def user(text: Any) -> dict[str, Any]:
    return {"role": "user", "content": text}


def called(*names: str) -> dict[str, Any]:
    """An assistant message that called tools; the id of each call is its name."""
    calls = [{"id": name, "type": "function", "function": {"name": name, "arguments": "{}"}} for name in names]
    return {"role": "assistant", "tool_calls": calls}


def result(name: str, value: Any = None) -> dict[str, Any]:
    """What a tool answered: JSON, or a text as it is."""
    content = value if isinstance(value, str) else orjson.dumps(value).decode()
    return {"role": "tool", "tool_call_id": name, "content": content}


def asked(
    *messages: dict[str, Any] | str,
    headers: Mapping[str, str] | None = None,
    target: Target | None = None,
    **fields: Any,
) -> Conversation:
    """A conversation; a plain text is a user message."""
    body = {
        "model": PRO,
        "messages": [user(message) if isinstance(message, str) else message for message in messages],
        **fields,
    }
    return Conversation(parse(orjson.dumps(body)), target or Target("v1", "demo", "global", "openapi"), headers or {})


def read(text: str, name: str = "test") -> Scenario:
    return read_scenario(text, Path(f"{name}.yaml"), name)


def turn(when: Any = None, reply: Any = "Hi.", **fields: Any) -> Turn:
    """A turn of data, as a file would have it."""
    data = {"reply": reply, **fields} | ({} if when is None else {"when": when})
    return read(orjson.dumps({"turns": [data]}).decode()).turns[0]


def planned(own: Turn, conversation: Conversation, seed: str = "0") -> Plan:
    """What a turn answers to a conversation."""
    root = Seed.root(seed)
    script = resolve_reply(own, COMPUTED, conversation, root, 0.0)
    assert isinstance(script, Script), script
    context = Context(
        conversation, root, root.child("attempt", 0), lambda seed, name, index: name, lambda name, seed: None,
        groups=script.groups,
    )  # fmt: skip
    return plan_script(script, context, Model(PRO, family="gemini-3"), "id", 0)


__all__ = ["PRO", "WEATHER", "asked", "called", "planned", "read", "result", "turn", "user"]
