"""Faults of HTTP framing: lengths, versions, codings, packets."""

import re
import zlib
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from msgspec.structs import replace
from pydantic import Field, field_validator

from gemulator.core.duration import Duration
from gemulator.core.seed import Seed
from gemulator.delivery.faults.fault import Fault
from gemulator.delivery.steps import Chunk, CloseConnection, Hang, Head, RawHead, Step


def _with_header(head: Head, name: bytes, value: bytes) -> Head:
    others = tuple(header for header in head.headers if header[0] != name)
    return replace(head, headers=((name, value), *others))


class WrongLength(Fault):
    """The `content-length` is wrong, and the connection is closed after the body."""

    key = "wrong_length"
    by: Annotated[int, Field(description="Difference to the correct length in bytes; negative for too few.")] = 100

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        announced = max(0, self.by + sum(len(step.data) for step in steps if isinstance(step, Chunk)))
        for step in steps:
            if isinstance(step, Head):
                yield replace(_with_header(step, b"content-length", b"%d" % announced), bare=step.bare or RawHead())
            else:
                yield step


class Http10(Fault):
    """An HTTP/1.0 answer, whose body ends with the connection."""

    key = "http10"

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        for step in steps:
            yield replace(step, bare=replace(step.bare or RawHead(), version="1.0")) if isinstance(step, Head) else step


class ContentType(Fault):
    """The `content-type` is wrong."""

    key = "content_type"
    to: Annotated[str, Field(description="Content type to send.", examples=["text/plain"])] = "text/plain"

    @field_validator("to")
    @classmethod
    def _validate_header_value(cls, value: str) -> str:
        return validate_header_value(value)

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        for step in steps:
            yield _with_header(step, b"content-type", self.to.encode()) if isinstance(step, Head) else step


def validate_header_value(value: str) -> str:
    """Return the header value. Raises ValueError for line breaks or characters beyond ASCII."""
    if not value.isascii() or not value.isprintable():
        raise ValueError("a header value must be printable ASCII")
    return value


class Gzip(Fault):
    """The body is compressed although the client did not accept it; a stream is flushed after each event."""

    key = "gzip"
    header: Annotated[bool, Field(description="Send `content-encoding`.")] = True

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        packer = zlib.compressobj(wbits=31)
        last = max((at for at, step in enumerate(steps) if isinstance(step, Chunk)), default=-1)
        broken = any(isinstance(step, CloseConnection | Hang) for step in steps)
        for position, step in enumerate(steps):
            if isinstance(step, Chunk):
                ended = position == last and not broken
                packed = packer.compress(step.data) + packer.flush(zlib.Z_FINISH if ended else zlib.Z_SYNC_FLUSH)
                yield replace(step, data=packed)
            elif isinstance(step, Head) and self.header:
                yield _with_header(step, b"content-encoding", b"gzip")
            else:
                yield step


class Split(Fault):
    """The body arrives in small packets, split without regard to events or characters."""

    key = "split"
    size: Annotated[int, Field(ge=1, description="Bytes per packet.")] = 7
    gap: Annotated[Duration, Field(gt=0, description="Time between packets.")] = 0.001

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        for step in steps:
            if isinstance(step, Chunk):
                yield from _packets(step, range(self.size, len(step.data), self.size), self.gap)
            else:
                yield step


class SplitCharacters(Fault):
    """Each multi-byte character is split over two packets."""

    key = "split_characters"
    gap: Annotated[Duration, Field(gt=0, description="Time between packets.")] = 0.001

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        for step in steps:
            if isinstance(step, Chunk):
                inside = [found.end() for found in re.finditer(rb"[\xc0-\xff]", step.data)]
                yield from _packets(step, inside, self.gap)
            else:
                yield step


def _packets(chunk: Chunk, cuts: Sequence[int], gap: float) -> Iterator[Chunk]:
    """Return the chunk cut at these offsets; only the first packet counts as the chunk."""
    begin = 0
    for end in (*cuts, len(chunk.data)):
        data = chunk.data[begin:end]
        yield replace(chunk, data=data) if not begin else Chunk(data, wait=gap)
        begin = end


class LineEnds(Fault):
    """Lines of events end with CR LF or CR, which SSE allows too."""

    key = "line_ends"
    to: Annotated[Literal["crlf", "cr"], Field(description="Line ending.")] = "crlf"

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        end = b"\r\n" if self.to == "crlf" else b"\r"
        for step in steps:
            yield replace(step, data=step.data.replace(b"\n", end)) if isinstance(step, Chunk) else step


class Bom(Fault):
    """The body begins with a byte order mark."""

    key = "bom"

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        first = True
        for step in steps:
            yield replace(step, data=b"\xef\xbb\xbf" + step.data) if isinstance(step, Chunk) and first else step
            first = first and not isinstance(step, Chunk)
