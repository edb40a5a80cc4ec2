"""What the edge plays: a head, then chunks, each after its wait.

Nothing here is ever changed. What each answer makes anew is not `frozen` all the same: that doubles its cost.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import TypeAlias

from msgspec import Struct

LARGEST_WRITE = 65_536
"""Bytes that are handed over at once: a client that reads slowly holds no more than that twice."""

_FRAMING = (b"connection", b"content-length", b"transfer-encoding")
_PLAIN = b"\t" + bytes(code for code in range(32, 256) if code != 127)  # what a header may have


class RawHead(Struct, frozen=True):
    """How a head goes over the wire that no HTTP server would send: as it stands, no transfer coding after it.

    The body then ends where the connection does, or where a `content-length` says so, right or wrong. `seconds` is
    the time over which the bytes of the head trickle.
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
        """The lines of a head whose body follows in chunks; nothing where a server had better look at them."""
        lines = [name + b": " + value for name, value in self.headers]
        if b"".join(lines).translate(None, _PLAIN) or any(name in _FRAMING for name, _ in self.headers):
            return b""
        return b"\r\n".join((*lines, b"transfer-encoding: chunked", b"", b""))


class Chunk(Struct, frozen=True, gc=False):
    """Bytes of one event of a stream, or a whole body; `wait` is in seconds after the step before it.

    `events` says how many events of a stream they are, or a whole body stands for: faults are placed by them.
    """

    data: bytes
    tokens: int = 0
    wait: float = 0.0
    events: int = 1


class CloseConnection(Struct, frozen=True):
    """The connection ends here, politely or (`reset`) with a TCP reset."""

    reset: bool = False
    wait: float = 0.0


class Hang(Struct, frozen=True):
    """Nothing more is sent for `seconds`; then the connection is closed."""

    seconds: float
    wait: float = 0.0


Step: TypeAlias = Head | Chunk | CloseConnection | Hang


class Delivery(Struct, frozen=True, gc=False):
    """The steps, head first (unless a fault strikes before it): all that the edge must play.

    `size` is that of the body in bytes, where it is known without making the steps of a lazy sequence.
    """

    steps: Sequence[Step]
    size: int | None = None

    @property
    def as_single_write(self) -> tuple[Head, Chunk] | None:
        """Head and body, where nothing but these two steps is to be played, and nothing to be waited for."""
        if type(self.steps) is not tuple or len(self.steps) != 2:
            return None
        head, body = self.steps
        if type(head) is not Head or head.wait or head.bare or type(body) is not Chunk or body.wait:
            return None
        return head, body
