"""Answers of OpenAI-compatible servers as pieces of text, thoughts, calls and pictures."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from gemulator.core.json_types import dump_json
from gemulator.core.plan import Media
from gemulator.record.upstream.think_tags import Kind, ThinkTags

_THOUGHTS = ("reasoning_content", "reasoning")
_DATA_URL = re.compile(r"data:([\w.+/-]{1,100});base64,(.+)", re.DOTALL)
_MAX_CALLS = 1_000
_FINISHES = ("stop", "length", "tool_calls", "content_filter")


class CallSoFar(Struct):
    """A call whose arguments come in pieces."""

    name: str = ""
    arguments: str = ""


class ChoiceSoFar:
    """One choice of an answer: pieces come out in order, calls and pictures at the end."""

    def __init__(self) -> None:
        self.calls: dict[object, CallSoFar] = {}
        self.media: list[Media] = []
        self._finish = ""
        self._tags = ThinkTags()

    @property
    def finish(self) -> str:
        """Return OpenAI's finish reason, empty as long as there is none."""
        return "tool_calls" if self.calls and self._finish == "stop" else self._finish

    def add(self, choice: Mapping[str, Any]) -> Iterator[tuple[Kind, str]]:
        """Yield the pieces of a choice of an event, or of a whole answer."""
        message = _mapping(choice.get("delta") or choice.get("message"))
        thought = next((text for name in _THOUGHTS if (text := _text(message.get(name)))), "")
        if thought:
            yield "thought", thought
        yield from self._tags.add(_content(message.get("content")) or _text(message.get("refusal")))
        self._add_calls(message)
        self.media += _pictures(message.get("images"))
        reason = choice.get("finish_reason")
        if reason:
            self._finish = {"function_call": "tool_calls"}.get(reason, reason if reason in _FINISHES else "stop")

    def end(self) -> Iterator[tuple[Kind, str]]:
        """Yield the rest of the pieces."""
        yield from self._tags.end()

    def _add_calls(self, message: Mapping[str, Any]) -> None:
        calls = message.get("tool_calls")
        if isinstance(message.get("function_call"), dict):
            calls = [{"function": message["function_call"], "index": 0}]
        for position, call in enumerate(calls if isinstance(calls, list) else ()):
            if isinstance(call, dict):
                self._add_call(call, position)

    def _add_call(self, call: Mapping[str, Any], position: int) -> None:
        key = call.get("index")
        function = _mapping(call.get("function"))
        if key is None:  # servers without `index` send each call whole
            key = call.get("id") or (len(self.calls), position)
        if len(self.calls) >= _MAX_CALLS and key not in self.calls:
            return
        known = self.calls.setdefault(key, CallSoFar())
        known.name = known.name or _text(function.get("name"))
        arguments = function.get("arguments")
        known.arguments += dump_json(arguments) if isinstance(arguments, dict) else _text(arguments)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _content(value: Any) -> str:
    """Return a content: a text, or the texts of its parts."""
    if isinstance(value, list):
        return "".join(_text(_mapping(part).get("text")) for part in value)
    return _text(value)


def _pictures(images: Any) -> Iterator[Media]:
    for image in images if isinstance(images, list) else ():
        found = _DATA_URL.fullmatch(_text(_mapping(_mapping(image).get("image_url")).get("url")))
        if found:
            yield Media("image", found[1], found[2])
