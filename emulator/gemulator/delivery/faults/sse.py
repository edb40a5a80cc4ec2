"""Faults of events: damaged, repeated, missing or additional ones."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Literal, TypeAlias

import orjson
from msgspec.structs import replace
from pydantic import BeforeValidator, Field, PrivateAttr, WithJsonSchema

from gemulator.core.plan import CANCELLED, Failure
from gemulator.core.seed import Seed
from gemulator.delivery.faults.fault import Fault, PositionedFault, next_chunk
from gemulator.delivery.sent_events import streams
from gemulator.delivery.steps import Chunk, Step

_LARGEST = 64_000_000


class EventFault(PositionedFault):
    """A fault that rewrites the chunks from its position on."""

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        split = self.divide(steps)
        after = list(split.remaining()) if split else []
        at = next_chunk(after)
        if split is None or at is None:
            yield from steps
            return
        rewritten = list(self.rewrite(after[at:], seed))
        # The split alone is no fault: an unchanged answer is sent, and told, as one without.
        yield from steps if rewritten == after[at:] else (*split.before, *after[:at], *rewritten)

    def rewrite(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        """Yield the damaged chunks."""
        raise TypeError(f"{type(self).__name__} cannot be applied")  # pragma: no cover


class Truncate(PositionedFault):
    """The body ends too early, but regularly: no error of the connection shows that something is missing."""

    key = "truncate"

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        split = self.divide_body(steps)
        if split is None:
            yield from steps
            return
        yield from split.before
        yield Chunk(b"", wait=split.wait)


class Garble(EventFault):
    """The next event is not valid JSON: some of its bytes are control characters."""

    key = "garble"

    def rewrite(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        chunk, *rest = steps
        if isinstance(chunk, Chunk):
            # Bytes 1 to 8 are invalid in JSON and not line breaks.
            noise = bytes(1 + byte % 8 for byte in seed.child("noise").bytes(min(8, len(chunk.data) // 2)))
            at = len(chunk.data) // 4 + seed.child("place").below(len(chunk.data) // 4 + 1)
            yield replace(chunk, data=chunk.data[:at] + noise + chunk.data[at + len(noise) :])
        yield from rest


class Duplicate(EventFault):
    """The next event is sent twice."""

    key = "duplicate"

    def rewrite(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        yield steps[0]
        yield replace(steps[0], wait=0.0)
        yield from steps[1:]


class Reorder(EventFault):
    """The next two events are sent in reverse order."""

    key = "reorder"

    def rewrite(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        first, *rest = steps
        if rest and isinstance(rest[0], Chunk):
            yield replace(rest[0], wait=first.wait)
            yield replace(first, wait=rest[0].wait)
            yield from rest[1:]
        else:
            yield from steps


_SIZE = r"^(\d+(?:\.\d+)?)\s*(B|kB|MB)$"


def _parse_size(value: Any) -> int:
    found = re.match(_SIZE, value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("a size needs a unit, like 512kB or 8MB")
    return int(float(found[1]) * {"B": 1, "kB": 1_000, "MB": 1_000_000}[found[2]])


Size: TypeAlias = Annotated[
    int, BeforeValidator(_parse_size), WithJsonSchema({"type": "string", "pattern": _SIZE, "examples": ["8MB"]})
]


class HugeEvent(EventFault):
    """The next event is one very long line: its JSON is padded with spaces."""

    key = "huge_event"
    size: Annotated[Size, Field(le=_LARGEST, description="Bytes of padding.")] = 8_000_000

    def rewrite(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        chunk, *rest = steps
        if isinstance(chunk, Chunk):
            opening = chunk.data.find(b"{") + 1
            yield replace(chunk, data=chunk.data[:opening] + b" " * self.size + chunk.data[opening:])
        yield from rest


class ErrorEvent(PositionedFault):
    """An error event in mid-stream, then the end: in the format of the emulated server, or in Google's."""

    key = "error_event"
    form: Annotated[
        Literal["own", "data", "bare", "array"],
        Field(
            description="Format: the server's own, or Google's: an event with the error (`data`), the error without"
            " `data:` (`bare`, as seen at the live service), or an event with a list of one error (`array`)."
        ),
    ] = "own"
    code: Annotated[int | None, Field(description="HTTP status in the error. Default: the server's.")] = None
    status: Annotated[str | None, Field(description="Google's status name.")] = None
    message: Annotated[str | None, Field(description="Message.")] = None
    _event: bytes = PrivateAttr(b"")

    def for_dialect(self, default: Failure, render: Callable[[Failure], bytes]) -> Fault:
        fault = self.model_copy()
        fault._event = render(self._failure(default)) if self.form == "own" else b""
        return fault

    def _failure(self, default: Failure) -> Failure:
        return Failure(
            default.status if self.code is None else self.code,
            default.code if self.status is None else self.status,
            default.message if self.message is None else self.message,
        )

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        split = self.divide_body(steps) if streams(steps) else None
        yield from split.before if split else steps
        if split:
            yield Chunk(self._event or self._google_event(), wait=split.wait)

    def _google_event(self) -> bytes:
        failure = self._failure(CANCELLED)
        error = {"error": {"code": failure.status, "message": failure.message, "status": failure.code}}
        if self.form == "bare":
            return orjson.dumps(error, option=orjson.OPT_INDENT_2) + b"\n"
        return b"data: " + orjson.dumps([error] if self.form == "array" else error) + b"\n\n"


class Comments(Fault):
    """Comments (`: ping`) between the events, which clients must skip according to SSE."""

    key = "comments"
    every: Annotated[int, Field(ge=1, description="Events per comment.")] = 1
    text: Annotated[str, Field(pattern=r"^[^\r\n]*$", description="Text of the comment.")] = "ping"

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        count = 0
        comments = streams(steps)
        for step in steps:
            if comments and isinstance(step, Chunk):
                count += 1
                if count % self.every == 0:
                    yield Chunk(f": {self.text}\n\n".encode(), wait=step.wait)
                    yield replace(step, wait=0.0)
                    continue
            yield step


class NoDone(Fault):
    """The stream ends without `[DONE]`."""

    key = "no_done"

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        for step in steps:
            if not isinstance(step, Chunk) or not re.fullmatch(rb"data: ?\[DONE\]\s*", step.data):
                yield step


def _edit_json(step: Step, edit: Callable[[dict[str, Any]], None]) -> Step:
    """Return the step with its JSON object edited, or unchanged if it has none."""
    if not isinstance(step, Chunk):
        return step
    begin, end = step.data.find(b"{"), step.data.rfind(b"}") + 1
    try:
        document = orjson.loads(step.data[begin:end])
    except orjson.JSONDecodeError:
        return step
    edit(document)
    return replace(step, data=step.data[:begin] + orjson.dumps(document) + step.data[end:])


class NoFinishReason(Fault):
    """No choice has a finish reason."""

    key = "no_finish_reason"

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        return (_edit_json(step, _remove_finish_reason) for step in steps)


def _remove_finish_reason(document: dict[str, Any]) -> None:
    for choice in document.get("choices") or ():
        if choice.get("finish_reason") is not None:
            del choice["finish_reason"]


class NoUsage(Fault):
    """The usage is missing."""

    key = "no_usage"

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        return (_edit_json(step, _remove_usage) for step in steps)


def _remove_usage(document: dict[str, Any]) -> None:
    document.pop("usage", None)


class RawNewlines(Fault):
    """Line breaks in streamed arguments are not escaped: joined, the arguments are not valid JSON."""

    # Reported from the live service with `stream_function_call_arguments` (fidelity.md, Faults).
    key = "raw_newlines"

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        return (_edit_json(step, _unescape_newlines) for step in steps)


def _unescape_newlines(document: dict[str, Any]) -> None:
    for choice in document.get("choices") or ():
        for call in (choice.get("delta") or {}).get("tool_calls") or ():
            function = call["function"]
            if "arguments" in function:  # vLLM sends the name of a call without arguments
                function["arguments"] = function["arguments"].replace("\\n", "\n")
