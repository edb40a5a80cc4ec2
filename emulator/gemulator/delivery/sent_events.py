"""Event counts of an answer after faults."""

import re
import zlib
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from gemulator.delivery.steps import Chunk, Head, Step

_GZIP = b"\x1f\x8b"
_BLANK_LINE = re.compile(rb"(?>\r\n|\r|\n){2}")  # atomic: CR LF is one line end
_LONGEST_BLANK_LINE = 4
_DATA_LINE = re.compile(rb"(?:^(?:\xef\xbb\xbf)?|[\r\n])data(?:[:\r\n]|$)")  # after a byte order mark, too


def recount(before: Sequence[Step], after: Sequence[Step]) -> Iterator[Step]:
    """Yield the steps `after` faults; `events` of each chunk is the number of events that a client has with it.

    `before` are the steps without faults. A body that is no stream counts as one event, however many chunks it has.
    """
    is_stream = streams(before) and status_of(before) == status_of(after)
    count = EventCounter().add if is_stream else _BodyCounter().add
    for step in after:
        yield replace(step, events=count(step.data)) if isinstance(step, Chunk) else step


def streams(steps: Sequence[Step]) -> bool:
    """Return True if the answer is a stream of events."""
    heads = (step for step in steps if isinstance(step, Head))
    return any(
        name == b"content-type" and value.startswith(b"text/event-stream") for h in heads for name, value in h.headers
    )


def status_of(steps: Sequence[Step]) -> int:
    """Return the status of the head, 0 if no head is sent."""
    for step in steps:
        if isinstance(step, Head):
            return step.status
    return 0


class _BodyCounter:
    def __init__(self) -> None:
        self._begun = False

    def add(self, data: bytes) -> int:
        begins, self._begun = bool(data) and not self._begun, self._begun or bool(data)
        return int(begins)


class EventCounter:
    """Counter of the events in the bytes of a stream: blocks with data that end with a blank line.

    A compressed stream is decompressed first; damaged bytes in it end the count.
    """

    def __init__(self) -> None:
        self._begun = False
        self._unpacker: zlib._Decompress | None = None
        self._event = bytearray()  # the beginning of an event that is not complete

    def add(self, data: bytes) -> int:
        """Return the number of events that end in `data`, the next bytes of the stream."""
        if not self._begun and data:
            self._begun = True
            if data.startswith(_GZIP):
                self._unpacker = zlib.decompressobj(wbits=31)
        return self._count(self._unpack(data))

    def _unpack(self, data: bytes) -> bytes:
        if self._unpacker is None:
            return data
        try:
            return self._unpacker.decompress(data)
        except zlib.error:
            return b""

    def _count(self, data: bytes) -> int:
        seen = max(0, len(self._event) - _LONGEST_BLANK_LINE)
        self._event += data
        begin = count = 0
        for found in _BLANK_LINE.finditer(self._event, seen):
            count += _DATA_LINE.search(bytes(self._event[begin : found.start()])) is not None
            begin = found.end()
        del self._event[:begin]
        return count
