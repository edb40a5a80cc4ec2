"""Writers of a response: ASGI messages, or raw bytes on the connection."""

from collections.abc import Awaitable, Callable

from starlette.types import Send

from gemulator.delivery.steps import LARGEST_WRITE, Head, RawHead
from gemulator.server.delivery_clock import DeliveryClock
from gemulator.server.protocol.connection import HttpConnection, raw_head

_TRICKLE_WRITES = 20  # writes of a head that is sent slowly


class Progress:
    """Counts of what a response has sent. `first` is the time of the first body byte, in seconds after the start.

    `head` is True once the whole head was sent.
    """

    __slots__ = ("bytes", "chunks", "first", "head")

    def __init__(self) -> None:
        self.bytes = 0
        self.chunks = 0
        self.first: float | None = None
        self.head = False

    def add(self, chunks: int, size: int, elapsed: float) -> None:
        """Count chunks that are sent together, `elapsed` seconds after the start."""
        if self.first is None and size:
            self.first = elapsed
        self.chunks += chunks
        self.bytes += size


class ResponseBody:
    """Head and body of a response. Added chunks are sent by the next `flush`, in one write if they are not large."""

    def __init__(self, send: Send, connection: HttpConnection | None, clock: DeliveryClock, progress: Progress) -> None:
        self.raw = False
        self.before_end: Callable[[], Awaitable[None]] | None = None  # awaited when the last bytes are counted
        self._send = send
        self._connection = connection
        self._clock = clock
        self._progress = progress
        self._pending: list[bytes] = []
        self._pending_chunks = 0
        self._announced = 0

    @property
    def is_short(self) -> bool:
        """Return True if a raw head announced more bytes than were sent."""
        return self._progress.bytes < self._announced

    async def start(self, head: Head) -> None:
        """Send the head. A raw one needs a connection of ours, else it is sent as any other."""
        message = {"type": "http.response.start", "status": head.status, "headers": head.headers}
        if head.bare is None or self._connection is None:
            await self._send(message)
            self._progress.head = True
            return
        self.raw = True
        headers: list[tuple[bytes, bytes]] = []
        await self._send(message | {"captured": headers})
        self._announced = int(dict(headers).get(b"content-length", 0))
        await self._write_slowly(raw_head(head.status, headers, head.bare), head.bare)
        self._progress.head = True

    async def _write_slowly(self, data: bytes, head: RawHead) -> None:
        size = -(-len(data) // _TRICKLE_WRITES) if head.seconds else len(data)
        for begin in range(0, len(data), size):
            await self._write(data[begin : begin + size], more=True)
            if head.seconds:
                await self._clock.wait(head.seconds / _TRICKLE_WRITES)

    def add(self, data: bytes, chunks: int = 1) -> None:
        """Add data that counts as so many chunks."""
        self._pending.append(data)
        self._pending_chunks += chunks

    async def flush_pending(self) -> None:
        """Send the pending data, if any."""
        if self._pending:
            await self.flush(more=True)

    async def flush(self, *, more: bool) -> None:
        """Send the pending data, even if empty. Without `more` the body ends."""
        data = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
        self._progress.add(self._pending_chunks, len(data), self._clock.elapsed())
        self._pending_chunks = 0
        self._pending.clear()
        if self.before_end is not None and not more:
            await self.before_end()
        for begin in range(0, len(data) or 1, LARGEST_WRITE):
            await self._write(data[begin : begin + LARGEST_WRITE], more=more or begin + LARGEST_WRITE < len(data))

    async def _write(self, data: bytes, *, more: bool) -> None:
        if self.raw and self._connection is not None:
            await self._connection.write(data)
        else:
            await self._send({"type": "http.response.body", "body": data, "more_body": more})
