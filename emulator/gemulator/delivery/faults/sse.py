"""Faults of events: damaged, repeated, missing or additional ones."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Literal, TypeAlias

import orjson
from msgspec.structs import replace
from pydantic import BeforeValidator, Field, PrivateAttr, WithJsonSchema

from gemulator.core.plan import CANCELLED, Failure
from gemulator.core.seed import Seed
from gemulator.delivery.faults.fault import Fault, PositionedFault, next_chunk, streams
from gemulator.delivery.steps import Chunk, Step

_LARGEST = 64_000_000


class EventFault(PositionedFault):
    """A fault that rewrites the chunks from its position on."""

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        struck = self.divide(steps)
        after = list(struck.remaining()) if struck else []
        at = next_chunk(after)
        if struck is None or at is None:
            yield from steps
            return
        yield from (*struck.before, *after[:at], *self.rewrite(after[at:], seed))

    def rewrite(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        """Yield the damaged chunks."""
        raise TypeError(f"{type(self).__name__} cannot be applied")  # pragma: no cover


class Truncate(PositionedFault):
    """The body ends too early, but in good order: no error of the connection says that something is missing."""

    key = "truncate"

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        struck = self.divide(steps)
        if struck is None:
            yield from steps
            return
        yield from struck.before
        yield Chunk(b"", wait=struck.wait)


class Garble(EventFault):
    """The next event is no JSON: a few bytes in the midst of it are control characters."""

    key = "garble"

    def rewrite(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        chunk, *rest = steps
        if isinstance(chunk, Chunk):
            # Bytes 1 to 8 are invalid in JSON and no line ends.
            noise = bytes(1 + byte % 8 for byte in seed.child("noise").bytes(min(8, len(chunk.data) // 2)))
            at = len(chunk.data) // 4 + seed.child("place").below(len(chunk.data) // 4 + 1)
            yield replace(chunk, data=chunk.data[:at] + noise + chunk.data[at + len(noise) :])
        yield from rest


class Duplicate(EventFault):
    """The next event comes twice."""

    key = "duplicate"

    def rewrite(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        yield steps[0]
        yield replace(steps[0], wait=0.0)
        yield from steps[1:]


class Reorder(EventFault):
    """The next two events change places."""

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


def _bytes(value: Any) -> int:
    found = re.match(_SIZE, value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("a size needs a unit, like 512kB or 8MB")
    return int(float(found[1]) * {"B": 1, "kB": 1_000, "MB": 1_000_000}[found[2]])


Size: TypeAlias = Annotated[
    int, BeforeValidator(_bytes), WithJsonSchema({"type": "string", "pattern": _SIZE, "examples": ["8MB"]})
]


class HugeEvent(EventFault):
    """The next event says the same on one very long line: its JSON is padded with spaces."""

    key = "huge_event"
    size: Annotated[Size, Field(le=_LARGEST, description="Bytes of padding.")] = 8_000_000

    def rewrite(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        chunk, *rest = steps
        if isinstance(chunk, Chunk):
            opening = chunk.data.find(b"{") + 1
            yield replace(chunk, data=chunk.data[:opening] + b" " * self.size + chunk.data[opening:])
        yield from rest


class ErrorEvent(PositionedFault):
    """An error in the midst of a stream, which then ends: in the form of the server that answers, or in Google's."""

    key = "error_event"
    form: Annotated[
        Literal["own", "data", "bare", "array"],
        Field(
            description="The server's own words. Or Google's: an event with the error; the error alone, without `data:`"
            " (seen at the live service); an event with a list of it."
        ),
    ] = "own"
    code: Annotated[int | None, Field(description="The HTTP status that it names. Left out: the usual one.")] = None
    status: Annotated[str | None, Field(description="Google's name for it.")] = None
    message: Annotated[str | None, Field(description="What it says.")] = None
    _event: bytes = PrivateAttr(b"")

    def for_dialect(self, usual: Failure, say: Callable[[Failure], bytes]) -> Fault:
        told = self.model_copy()
        told._event = say(self._failure(usual)) if self.form == "own" else b""
        return told

    def _failure(self, usual: Failure) -> Failure:
        status, code, message = self.code or usual.status, self.status or usual.code, self.message
        return Failure(status, code, usual.message if message is None else message)

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        struck = self.divide(steps) if streams(steps) else None
        yield from struck.before if struck else steps
        if struck:
            yield Chunk(self._event or self._google_s(), wait=struck.wait)

    def _google_s(self) -> bytes:
        said = self._failure(CANCELLED)
        error = {"error": {"code": said.status, "message": said.message, "status": said.code}}
        if self.form == "bare":
            return orjson.dumps(error, option=orjson.OPT_INDENT_2) + b"\n"
        return b"data: " + orjson.dumps([error] if self.form == "array" else error) + b"\n\n"


class Comments(Fault):
    """Comments (`: ping`) stand between the events. SSE says that clients skip them."""

    key = "comments"
    every: Annotated[int, Field(ge=1, description="One before each so many-th event.")] = 1
    text: Annotated[str, Field(pattern=r"^[^\r\n]*$", description="What it says.")] = "ping"

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


def _edited(step: Step, edit: Callable[[dict[str, Any]], None]) -> Step:
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
    """No choice says why it ended."""

    key = "no_finish_reason"

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        return (_edited(step, _without_finish) for step in steps)


def _without_finish(document: dict[str, Any]) -> None:
    for choice in document.get("choices") or ():
        if choice.get("finish_reason") is not None:
            del choice["finish_reason"]


class NoUsage(Fault):
    """The usage is missing."""

    key = "no_usage"

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        return (_edited(step, lambda document: _forget(document, "usage")) for step in steps)


class RawNewlines(Fault):
    """Line breaks in streamed arguments have lost their escape: joined, the arguments are no JSON."""

    # Reported from the live service with `stream_function_call_arguments` (fidelity.md, Faults).
    key = "raw_newlines"

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        return (_edited(step, _unescaped) for step in steps)


def _unescaped(document: dict[str, Any]) -> None:
    for choice in document.get("choices") or ():
        for call in (choice.get("delta") or {}).get("tool_calls") or ():
            function = call["function"]
            if "arguments" in function:  # vLLM sends the name of a call without arguments
                function["arguments"] = function["arguments"].replace("\\n", "\n")


def _forget(document: dict[str, Any], key: str) -> None:
    document.pop(key, None)
