"""Journal entry as an observed call of a client."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import orjson
from msgspec import Struct

from gemulator.delivery.steps import Chunk, Head
from gemulator.state.journal.entry import Entry

_SECONDS = re.compile(rb"[0-9]+(\.[0-9]+)?")
_RETRYABLE = frozenset({0, 408, 409, 429})  # and all from 500; 0 means that the connection closed before any header


class Finding(Struct, frozen=True):
    """Client error with its requests and advice."""

    kind: str
    requests: tuple[int, ...]
    message: str
    advice: str


class ObservedCall(Struct, frozen=True, dict=True):
    """Entry with derived properties. `clock_frozen` means that `received.at` is a frozen time."""

    entry: Entry
    clock_frozen: bool = False

    @property
    def number(self) -> int:
        return self.entry.number

    @property
    def at(self) -> float:
        """Return the arrival time in seconds of a running clock; NaN, for which comparisons fail, if unknown."""
        if not self.clock_frozen:
            return self.entry.received.at
        began = self.entry.finished.began if self.entry.finished else None
        return math.nan if began is None else began

    @property
    def ended(self) -> float:
        """Return the end time of the answer by the same clock."""
        return self.at + (self.entry.finished.duration if self.entry.finished else 0.0)

    @property
    def outcome(self) -> str:
        return self.entry.finished.outcome if self.entry.finished else ""

    @cached_property
    def request_key(self) -> tuple[str, bytes, str]:
        """Return a key that is equal for requests with equal path and body."""
        exchange = self.entry.received.exchange
        return exchange.path, exchange.body.data, exchange.body.sha256

    @cached_property
    def head(self) -> Head | None:
        """Return the head that was sent, including faults, or None."""
        return next((step for step in self.entry.received.delivery.steps if isinstance(step, Head)), None)

    @property
    def status(self) -> int:
        return self.head.status if self.head else 0

    @property
    def is_retryable(self) -> bool:
        """Return True if the call failed with a transient error."""
        return self.status in _RETRYABLE or self.status >= 500

    @property
    def is_final_refusal(self) -> bool:
        """Return True if the call failed with a permanent error."""
        return 400 <= self.status < 500 and not self.is_retryable

    @cached_property
    def retry_after(self) -> float | None:
        """Return the seconds that the answer asks to wait; None if it does not, or until a date."""
        headers = dict(self.head.headers) if self.head else {}
        for name, unit in ((b"retry-after-ms", 0.001), (b"retry-after", 1.0)):
            if _SECONDS.fullmatch(headers.get(name, b"")):
                return float(headers[name]) * unit
        return None

    @cached_property
    def messages(self) -> Sequence[Mapping[str, Any]]:
        """Return the messages of the request; empty if the journal cut its body."""
        body = self.entry.received.exchange.body
        tree = None if body.cut else _parse_json(body.data)
        messages = tree.get("messages") if isinstance(tree, dict) else None
        return [one for one in messages if isinstance(one, dict)] if isinstance(messages, list) else ()

    @cached_property
    def sent_body(self) -> bytes:
        """Return the bytes of the body that were sent."""
        data = b"".join(step.data for step in self.entry.received.delivery.steps if isinstance(step, Chunk))
        return data[: self.entry.finished.bytes] if self.entry.finished else data

    @cached_property
    def choices(self) -> Sequence[Mapping[str, Any]]:
        """Return the choices of the answer: those of a unary body, or of all events of a stream."""
        if self.entry.received.exchange.stream:
            lines = (line.removeprefix(b"data:") for line in self.sent_body.splitlines() if line.startswith(b"data:"))
            trees = [_parse_json(line) for line in lines]
        else:
            trees = [_parse_json(self.sent_body)]
        return [choice for tree in trees for choice in _choices(tree)]

    @cached_property
    def text(self) -> str:
        """Return the text of the first candidate."""
        return "".join(str(part.get("content") or "") for part in self._parts())

    @property
    def is_complete(self) -> bool:
        """Return True if the answer has a finish reason."""
        return any(choice.get("finish_reason") for choice in self.choices)

    @cached_property
    def call_signatures(self) -> Mapping[str, str]:
        """Return the signatures of the calls in the answer by call id."""
        return {call_id: sign for part in self._parts() for call_id, sign in signatures(part) if sign}

    def _parts(self) -> Iterator[Mapping[str, Any]]:
        for choice in self.choices:
            part = choice.get("message") or choice.get("delta")
            if isinstance(part, dict) and not choice.get("index"):
                yield part


def signatures(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield id and signature of the calls in a message or delta; the signature may be empty."""
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, dict):
            google = _member(_member(call, "extra_content"), "google")
            yield str(call.get("id")), str(_member(google, "thought_signature") or "")


def _member(tree: Any, name: str) -> Any:
    return tree.get(name) if isinstance(tree, dict) else None  # a refused request may have any value anywhere


def _choices(tree: Any) -> Iterator[Mapping[str, Any]]:
    choices = tree.get("choices") if isinstance(tree, dict) else None
    return (choice for choice in choices or () if isinstance(choice, dict))


def _parse_json(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
