"""What uvicorn forbids: heads and bodies as they stand, and connections that end badly."""

import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

from starlette.types import Message, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from gemulator.delivery.steps import Head, RawHead
from gemulator.server.protocol.upgrade import UpgradeIgnoringProtocol

BEGUN = "emulator.begun"
"""Where a scope has what the application did for the request before it was called, if it did anything."""

HANDLED = object()
"""Says that a request is answered, and the application need not be called."""

_WIRE = "emulator.wire"
_RESET = struct.pack("ii", 1, 0)  # linger, for no time: closing discards what is unsent and sends a reset


class HttpConnection(UpgradeIgnoringProtocol):
    """uvicorn's protocol, with a way past it for the application: `wire_of(scope)`."""

    on_lost: Callable[[], None] | None = None  # told when the connection is lost
    on_writable: Callable[[], None] | None = None  # told once, when a client that read slowly has read

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.scope is not None:
            self.scope.pop(_WIRE, None)  # type: ignore[misc]  # each would keep the other until garbage is collected
        if self.on_lost is not None:
            self.on_lost()

    def resume_writing(self) -> None:
        super().resume_writing()
        told, self.on_writable = self.on_writable, None
        if told is not None:
            told()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope[_WIRE] = self  # type: ignore[literal-required]

    def write_chunk(self, data: bytes) -> None:
        """Write a chunk of a body that is under way, as uvicorn does for a message."""
        self.transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    async def put(self, data: bytes) -> None:
        """Write bytes as they are; returns when the client keeps up."""
        if not self.transport.is_closing():
            self.transport.write(data)
            await self.flow.drain()

    def write_whole(self, head: Head, body: bytes) -> None:
        """Write an answer as uvicorn would, but in one piece, and no header is looked at again.

        `head.chunked` and `body` are not empty.
        """
        stamps = [name + b": " + value + b"\r\n" for name, value in self.server_state.default_headers]
        size = b"%x\r\n" % len(body)
        self.transport.write(b"".join((STATUS_LINE[head.status], *stamps, head.chunked, size, body, b"\r\n0\r\n\r\n")))

    def hang_up(self) -> None:
        """Close the connection when all that was written has left."""
        self.transport.close()

    def drop(self) -> None:
        """Close the connection now, whatever is still to leave."""
        self.transport.abort()

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()

    @property
    def gone(self) -> bool:
        """Whether the client left before it had the whole answer."""
        return self.cycle.disconnected


def connection_of(scope: Scope) -> HttpConnection | None:
    """The wire that a request came over; None where another server plays host."""
    return scope.get(_WIRE)


def capture_headers(send: Send) -> Send:
    """A `send` that keeps back a head with `caught`, and puts its headers into that list.

    It stands outside of CORS, which adds some of them.
    """

    async def sending(message: Message) -> None:
        caught = message.get("caught")
        if caught is None:
            await send(message)
        else:
            caught.extend(message["headers"])

    return sending


def bare_head(status: int, headers: Sequence[tuple[bytes, bytes]], bare: RawHead) -> bytes:
    """The bytes of a head that says what it is told to say, and that the connection ends with the body."""
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    lines = [f"HTTP/{bare.version} {status} {phrase}".encode(), *(name + b": " + value for name, value in headers)]
    return b"\r\n".join((*lines, b"connection: close", b"", b""))


async def wait_for_disconnect(receive: Callable[[], Awaitable[Message]]) -> None:
    """Returns when the connection is lost."""
    while (await receive())["type"] != "http.disconnect":
        pass
