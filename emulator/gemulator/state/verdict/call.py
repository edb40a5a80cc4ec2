"""One entry of the journal as a verdict sees it: what was asked, what really left, and how it ended."""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import orjson
from msgspec import Struct

from gemulator.delivery.steps import Chunk, Head
from gemulator.state.journal.entry import Entry

_AGAIN = frozenset({0, 408, 409, 429})  # and all from 500 up; 0: the connection ended before any header


class Finding(Struct, frozen=True):
    """Something that a client does wrong: in which requests, and what to do about it."""

    kind: str
    requests: tuple[int, ...]
    message: str
    advice: str


class ObservedCall(Struct, frozen=True, dict=True):
    """An entry, with questions about it. `still`: it is dated by a clock that stood still."""

    entry: Entry
    clock_frozen: bool = False

    @property
    def number(self) -> int:
        return self.entry.number

    @property
    def at(self) -> float:
        """When it came, in seconds of whatever clock ran; NaN, which is never before anything: nobody knows."""
        if not self.clock_frozen:
            return self.entry.received.at
        began = self.entry.finished.began if self.entry.finished else None
        return math.nan if began is None else began

    @property
    def ended(self) -> float:
        """When the answer was over, by the same clock."""
        return self.at + (self.entry.finished.duration if self.entry.finished else 0.0)

    @property
    def outcome(self) -> str:
        return self.entry.finished.outcome if self.entry.finished else ""

    @cached_property
    def same(self) -> tuple[str, bytes, str]:
        """Equal for requests that ask the same, byte for byte."""
        exchange = self.entry.received.exchange
        return exchange.path, exchange.body.data, exchange.body.sha256

    @cached_property
    def head(self) -> Head | None:
        """The head that was sent, faults included; None: there was none."""
        return next((step for step in self.entry.received.delivery.steps if isinstance(step, Head)), None)

    @property
    def status(self) -> int:
        return self.head.status if self.head else 0

    @property
    def retryable(self) -> bool:
        """Whether it failed in a way that may pass."""
        return self.status in _AGAIN or self.status >= 500

    @property
    def refused(self) -> bool:
        """Whether it failed in a way that will not pass."""
        return 400 <= self.status < 500 and not self.retryable

    @cached_property
    def retry_after(self) -> float | None:
        named = dict(self.head.headers).get(b"retry-after", b"") if self.head else b""
        return float(named) if named.isdigit() else None

    @cached_property
    def messages(self) -> Sequence[Mapping[str, Any]]:
        """The messages of the request; none where the journal has not all of it."""
        body = self.entry.received.exchange.body
        tree = _json(body.data) if body.whole else None
        listed = tree.get("messages") if isinstance(tree, dict) else None
        return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else ()

    @cached_property
    def sent(self) -> bytes:
        """The body as far as it left."""
        data = b"".join(step.data for step in self.entry.received.delivery.steps if isinstance(step, Chunk))
        return data[: self.entry.finished.bytes] if self.entry.finished else data

    @cached_property
    def said(self) -> Sequence[Mapping[str, Any]]:
        """The choices of the answer: one of a whole body, one for each event of a stream."""
        if self.entry.received.exchange.stream:
            lines = (line.removeprefix(b"data:") for line in self.sent.splitlines() if line.startswith(b"data:"))
            trees = [_json(line) for line in lines]
        else:
            trees = [_json(self.sent)]
        return [choice for tree in trees for choice in _choices(tree)]

    @cached_property
    def text(self) -> str:
        """The words of the first candidate."""
        return "".join(str(part.get("content") or "") for part in self._parts())

    @property
    def complete(self) -> bool:
        return any(choice.get("finish_reason") for choice in self.said)

    @cached_property
    def signed(self) -> Mapping[str, str]:
        """The signatures of the calls in the answer, by the id of the call."""
        return {call_id: sign for part in self._parts() for call_id, sign in signatures(part) if sign}

    def _parts(self) -> Iterator[Mapping[str, Any]]:
        for choice in self.said:
            part = choice.get("message") or choice.get("delta")
            if isinstance(part, dict) and not choice.get("index"):
                yield part


def signatures(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The ids of the calls in a message or delta, each with its signature, empty where there is none."""
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, dict):
            google = _member(_member(call, "extra_content"), "google")
            yield str(call.get("id")), str(_member(google, "thought_signature") or "")


def _member(tree: Any, name: str) -> Any:
    return tree.get(name) if isinstance(tree, dict) else None  # what was refused may have anything anywhere


def _choices(tree: Any) -> Iterator[Mapping[str, Any]]:
    choices = tree.get("choices") if isinstance(tree, dict) else None
    return (choice for choice in choices or () if isinstance(choice, dict))


def _json(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
