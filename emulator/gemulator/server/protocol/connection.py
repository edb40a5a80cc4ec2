"""Raw heads, abrupt closes and TCP resets on uvicorn's protocol."""

import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

from starlette.types import Message, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from gemulator.delivery.steps import Head, RawHead
from gemulator.server.protocol.framing import FramingProtocol

STARTED = "emulator.started"
"""Scope key of what the fast path returned for the request before the application was called."""

HANDLED = object()
"""Returned by the fast path if the request is answered and the application must not be called."""

_CONNECTION = "emulator.connection"
_RESET = struct.pack("ii", 1, 0)  # linger on, 0 seconds: closing discards unsent data and sends a reset


class HttpConnection(FramingProtocol):
    """uvicorn's protocol with direct access for the application: `connection_of(scope)`."""

    on_lost: Callable[[], None] | None = None  # called when the connection is lost
    on_writable: Callable[[], None] | None = None  # called once, when a paused transport is writable again

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.scope is not None:
            self.scope.pop(_CONNECTION, None)  # type: ignore[misc]  # breaks a reference cycle
        if self.on_lost is not None:
            self.on_lost()

    def eof_received(self) -> bool | None:  # type: ignore[override]
        # An answer that takes time sets `on_lost`: the client is taken to be gone.
        return None if self.on_lost is not None else super().eof_received()

    def resume_writing(self) -> None:
        super().resume_writing()
        callback, self.on_writable = self.on_writable, None
        if callback is not None:
            callback()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope[_CONNECTION] = self  # type: ignore[literal-required]

    def write_chunk(self, data: bytes) -> None:
        """Write a chunk of a chunked body, as uvicorn does for a body message."""
        self.transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    async def write(self, data: bytes) -> None:
        """Write bytes without framing; return when the transport has drained."""
        if not self.transport.is_closing():
            self.transport.write(data)
            await self.flow.drain()

    def write_whole(self, head: Head, body: bytes) -> None:
        """Write an answer as uvicorn does, in one write and with the prepared `head.chunked`.

        Neither `head.chunked` nor `body` may be empty.
        """
        defaults = [name + b": " + value + b"\r\n" for name, value in self.server_state.default_headers]
        size = b"%x\r\n" % len(body)
        self.transport.write(
            b"".join((STATUS_LINE[head.status], *defaults, head.chunked, size, body, b"\r\n0\r\n\r\n"))
        )

    def close(self) -> None:
        """Close the connection once all written data is sent."""
        self.transport.close()

    def abort(self) -> None:
        """Close the connection now and discard unsent data."""
        self.transport.abort()

    def reset(self) -> None:
        """Close the connection with a TCP reset."""
        own_socket = self.transport.get_extra_info("socket")
        own_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()

    @property
    def client_left(self) -> bool:
        """True if the client disconnected before the end of the answer."""
        return self.current.disconnected


def connection_of(scope: Scope) -> HttpConnection | None:
    """Return the connection of a request, None under another ASGI server."""
    return scope.get(_CONNECTION)


def capture_headers(send: Send) -> Send:
    """Return a `send` that withholds a head with `captured` and adds its headers to that list.

    It wraps the CORS middleware's `send`, so the list includes the CORS headers.
    """

    async def capture(message: Message) -> None:
        captured = message.get("captured")
        if captured is None:
            await send(message)
        else:
            captured.extend(message["headers"])

    return capture


def raw_head(status: int, headers: Sequence[tuple[bytes, bytes]], raw: RawHead) -> bytes:
    """Return the bytes of a raw head, which announces that the connection closes after the body."""
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    lines = [f"HTTP/{raw.version} {status} {phrase}".encode(), *(name + b": " + value for name, value in headers)]
    return b"\r\n".join((*lines, b"connection: close", b"", b""))


async def wait_for_disconnect(receive: Callable[[], Awaitable[Message]]) -> None:
    """Return when the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass
