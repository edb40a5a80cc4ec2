"""Steps of a delivery: a head, then chunks, each after its wait.

Steps are never mutated. Those created for each answer are not `frozen` because that doubles their cost.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import TypeAlias

from msgspec import Struct

LARGEST_WRITE = 65_536
"""Maximum size of one write in bytes; a client that reads slowly makes the server buffer at most two writes."""

_FRAMING = (b"connection", b"content-length", b"transfer-encoding")
_PLAIN = b"\t" + bytes(code for code in range(32, 256) if code != 127)  # bytes allowed in headers


class RawHead(Struct, frozen=True):
    """A head sent as raw bytes, without transfer coding.

    The body ends with the connection or at `content-length`, right or wrong. `seconds` is the time over which the
    bytes of the head are spread.
    """

    version: str = "1.1"
    seconds: float = 0.0


class Head(Struct, frozen=True, dict=True):
    """Status line and headers, sent `wait` seconds after the request was read."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    wait: float = 0.0
    bare: RawHead | None = None

    @cached_property
    def chunked(self) -> bytes:
        """Head lines of a chunked body; empty if the server must check them."""
        lines = [name + b": " + value for name, value in self.headers]
        if b"".join(lines).translate(None, _PLAIN) or any(name in _FRAMING for name, _ in self.headers):
            return b""
        return b"\r\n".join((*lines, b"transfer-encoding: chunked", b"", b""))


class Chunk(Struct, frozen=True, gc=False):
    """Bytes of one event of a stream, or a whole body; `wait` is in seconds after the previous step.

    `events` is the number of events they contain or stand for; faults are positioned by it.
    """

    data: bytes
    tokens: int = 0
    wait: float = 0.0
    events: int = 1


class CloseConnection(Struct, frozen=True):
    """End of the connection, by a regular close or (`reset`) a TCP reset."""

    reset: bool = False
    wait: float = 0.0


class Hang(Struct, frozen=True):
    """Silence for `seconds`, then the connection is closed."""

    seconds: float
    wait: float = 0.0


Step: TypeAlias = Head | Chunk | CloseConnection | Hang


class Delivery(Struct, frozen=True, gc=False):
    """Steps of an answer, head first unless a fault comes before it.

    `size` is the size of the body in bytes, if known without creating lazy steps. `faults` are the names of the faults
    that changed the steps, in order; None if they are not known, as in a journal of an older release. `cut` is True if
    a journal has only the beginning of the body.
    """

    steps: Sequence[Step]
    size: int | None = None
    faults: tuple[str, ...] | None = ()
    cut: bool = False

    @property
    def as_single_write(self) -> tuple[Head, Chunk] | None:
        """Return head and body if these two steps are all and nothing waits; otherwise None."""
        if type(self.steps) is not tuple or len(self.steps) != 2:
            return None
        head, body = self.steps
        if type(head) is not Head or head.wait or head.bare or type(body) is not Chunk or body.wait:
            return None
        return head, body
