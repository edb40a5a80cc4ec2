"""Derived views of a request for conditions, replies and the generator."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Literal

import orjson
from msgspec import Struct

from gemulator.core.json_types import JSON, digest
from gemulator.request.message import (
    ASSISTANT_ROLES,
    CALLS,
    MEDIA,
    SIGNED,
    SYSTEM_ROLES,
    TOOL_ROLES,
    ContentPart,
    HistoryCall,
    Message,
)
from gemulator.request.parsed import ParsedRequest, combine_digests
from gemulator.request.target import Target

_VARYING = frozenset({"tool_calls", "tool_call_id", "extra_content"})  # members with ids and signatures


class ToolResult(Struct, frozen=True):
    """Result of a tool. `value` is the parsed JSON, or the text if it is not JSON."""

    name: str
    text: str
    value: JSON


class Content(Struct):
    """Messages that reach the model as one content; consecutive tool results are one."""

    kind: Literal["user", "model", "calls", "results"]
    messages: list[Message]


class Conversation:
    """A request with its target and headers (names in lower case).

    `features` are those of all messages. `has_tool_calls` and `media`: some message has calls or results, or parts
    other than plain text.
    """

    def __init__(self, parsed: ParsedRequest, target: Target, headers: Mapping[str, str]) -> None:
        self.parsed = parsed
        self.request = parsed.request
        self.envelope = parsed.envelope
        self.target = target
        self.headers = headers
        self.features = features = parsed.history.features | parsed.newest.message.features
        self.has_tool_calls = features & CALLS != 0
        self.media = features & MEDIA != 0
        self._fingerprint: bytes | None = None
        self._user_turn_text: str | None = None
        self._user = len(self.request.messages) - 1  # index of the newest; -1 if there is none
        while self._user >= 0 and self.request.messages[self._user].role != "user":
            self._user -= 1

    @property
    def body(self) -> Mapping[str, JSON]:
        """Body as sent."""
        return self.parsed.tree

    @property
    def url_names(self) -> Mapping[str, str]:
        """Project, location and model of the request, for error texts."""
        target = self.target
        publisher, _, model = self.request.model.rpartition("/")
        return {
            "version": target.version,
            "project": target.project,
            "location": target.location,
            "endpoint": target.endpoint,
            "publisher": publisher,
            "model": model,
        }

    @cached_property
    def contents(self) -> Sequence[Content]:
        """The contents that reach the model: without instructions, which are apart from them."""
        contents: list[Content] = []
        for message in self.request.messages:
            if message.role in TOOL_ROLES:
                if not contents or contents[-1].kind != "results":
                    contents.append(Content("results", []))
                contents[-1].messages.append(message)
            elif message.role in ASSISTANT_ROLES:
                contents.append(Content("calls" if message.calls else "model", [message]))
            elif message.role not in SYSTEM_ROLES:
                contents.append(Content("user", [message]))
        return contents

    @cached_property
    def turn(self) -> int:
        """Number of assistant messages so far plus 1; messages with calls count."""
        return 1 + sum([message.role in ASSISTANT_ROLES for message in self.request.messages])

    @cached_property
    def user_texts(self) -> Sequence[str]:
        """Text of each user message, oldest first."""
        return [message.text for message in self.request.messages if message.role == "user"]

    @property
    def user_text(self) -> str:
        """Text of the newest user message."""
        return self.request.messages[self._user].text if self._user >= 0 else ""

    @property
    def user_turn(self) -> Sequence[Message]:
        """Newest user messages in a row, oldest first; instructions between them do not part them."""
        found: list[Message] = []
        for at in range(self._user, -1, -1):
            message = self.request.messages[at]
            if message.role == "user":
                found.append(message)
            elif message.role not in SYSTEM_ROLES:
                break
        return found[::-1]

    @property
    def user_turn_text(self) -> str:
        """Text of the newest user turn, messages joined by line breaks."""
        if self._user_turn_text is None:  # most turns test it, and a `cached_property` takes a lock in Python 3.11
            self._user_turn_text = self._join_user_turn()
        return self._user_turn_text

    def _join_user_turn(self) -> str:
        at, messages = self._user, self.request.messages
        before = messages[at - 1].role if at > 0 else ""
        if at == 0 or before in ASSISTANT_ROLES or (at == 1 and before in SYSTEM_ROLES):
            return messages[at].text
        return "\n".join([text for message in self.user_turn if (text := message.text)])

    @property
    def earlier_user_texts(self) -> Sequence[str]:
        """Text of each user message before the newest user turn, oldest first."""
        return self.user_texts[: len(self.user_texts) - len(self.user_turn)]

    @cached_property
    def system_text(self) -> str:
        return "\n".join(message.text for message in self.request.messages if message.role in SYSTEM_ROLES)

    @property
    def since_last_user(self) -> Sequence[Message]:
        """Messages since the newest user message."""
        return self.request.messages[self._user + 1 :]

    @property
    def tool_results(self) -> Sequence[ToolResult]:
        """Tool results since the newest user message, oldest first."""
        return self._tool_results if self.has_tool_calls else ()

    @cached_property
    def _tool_results(self) -> Sequence[ToolResult]:
        names = {call.id: call.function.name for message in self.since_last_user for call in message.calls if call.id}
        return [_result(message, names) for message in self.since_last_user if message.role in TOOL_ROLES]

    @property
    def current_calls(self) -> Sequence[HistoryCall]:
        """Tool calls since the newest user message."""
        return [call for message in self.since_last_user for call in message.calls]

    @property
    def parts(self) -> Iterator[ContentPart]:
        """Yield every part other than plain text, from all messages."""
        return (part for message in self.request.messages for part in message.parts) if self.media else iter(())

    @property
    def fingerprint(self) -> bytes:
        """16 bytes over everything that decides the text of an answer (architecture.md, Determinism)."""
        if self._fingerprint is None:
            parsed, envelope = self.parsed, self.envelope
            past, newest = parsed.history.digest, parsed.newest.digest
            if self.features & SIGNED or envelope.tag:
                *digests, newest = _normalized_digests(parsed, envelope.tag)
                past = combine_digests(digests)
            self._fingerprint = combine_digests((envelope.digest, past, newest))
        return self._fingerprint


def _result(message: Message, names: Mapping[str, str]) -> ToolResult:
    name = names.get(message.tool_call_id or "") or message.name or ""
    try:
        value = orjson.loads(message.text)
    except orjson.JSONDecodeError:
        value = message.text
    return ToolResult(name, message.text, value)


def _normalized_digests(parsed: ParsedRequest, tag: str | None) -> Sequence[bytes]:
    """Return the digests of the messages with positions for call ids, without signatures and earlier thoughts.

    Ids and signatures differ from run to run; the service drops earlier thoughts itself.
    """
    positions: dict[str, int] = {}
    messages = (*parsed.history.parsed_messages, parsed.newest)
    return [
        one.digest
        if not tag and _VARYING.isdisjoint(tree)
        else digest(_normalize_message(_without_thoughts(tree, tag), positions))
        for one, tree in zip(messages, parsed.message_trees, strict=True)
    ]


def _without_thoughts(message: dict[str, JSON], tag: str | None) -> dict[str, JSON]:
    """Return the message without text marked as thought by tags; its own `thought` flag takes precedence."""
    content, extra = message.get("content"), message.get("extra_content")
    google = extra.get("google") if isinstance(extra, dict) else None
    flag = google.get("thought") if isinstance(google, dict) else None
    if not tag or flag is False or message["role"] not in ASSISTANT_ROLES or not isinstance(content, str):
        return message
    return message | {"content": "".join(_outside(content, f"<{tag}>", f"</{tag}>"))}


def _outside(text: str, begin: str, end: str) -> Iterator[str]:
    """Yield the text outside of the marks. A pattern would search for the end from each beginning that has none."""
    *ended, rest = text.split(end)
    for piece in ended:
        before, begun, _ = piece.partition(begin)
        yield before if begun else piece + end
    yield rest


def _normalize_message(message: dict[str, JSON], positions: dict[str, int]) -> dict[str, JSON]:
    out = {key: value for key, value in message.items() if value is not None}
    if calls := out.get("tool_calls"):
        out["tool_calls"] = [_normalize_call(call, positions) for call in calls]
    if "tool_call_id" in out:
        out["tool_call_id"] = positions.get(out["tool_call_id"], -1)
    return _without_signature(out)


def _normalize_call(call: dict[str, JSON], positions: dict[str, int]) -> dict[str, JSON]:
    position = positions.setdefault(call.get("id") or f"#{len(positions)}", len(positions))
    return _without_signature(call) | {"id": position}


def _without_signature(item: dict[str, JSON]) -> dict[str, JSON]:
    content = item.get("extra_content")
    google = content.get("google") if isinstance(content, dict) else None
    if not isinstance(google, dict):
        return item
    content = {key: value for key, value in google.items() if key not in {"thought_signature", "thought"}}
    rest = {key: value for key, value in item.items() if key != "extra_content"}
    return rest | ({"extra_content": {"google": content}} if content else {})
