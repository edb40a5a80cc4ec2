"""A proxy for HTTPS_PROXY: tunnels to Google's hosts end in this emulator, all others are refused."""

import asyncio
import socket
from http import HTTPStatus
from typing import TypeAlias

from gemulator.server.tls.hosts import google

Address: TypeAlias = tuple[str, int]

_HEAD_SECONDS = 10.0
_PIECE = 65_536


class Proxy:
    """Answers CONNECT by joining the client to the TLS door at `door`, whatever Google's host it named."""

    def __init__(self, door: Address) -> None:
        self._door = ({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(door[0], door[0]), door[1])
        self._tunnels: set[asyncio.Task[None]] = set()

    async def open(self, listener: socket.socket) -> None:
        """Accept clients on a listening socket."""
        self._server = await asyncio.start_server(self._accept, sock=listener)

    def shut(self) -> None:
        """Accept no more clients."""
        self._server.close()

    async def end(self) -> None:
        """End the tunnels that are left."""
        for tunnel in self._tunnels:
            tunnel.cancel()
        await asyncio.gather(*self._tunnels, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        task = asyncio.current_task()
        assert task is not None
        self._tunnels.add(task)
        try:
            await self._serve(reader, writer)
        except OSError:
            pass  # either side is gone: so is the tunnel
        finally:
            self._tunnels.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            return
        refusal = proxy_error(head)
        if refusal is not None:
            writer.write(refusal)
            await writer.drain()
            return
        beyond = await asyncio.open_connection(*self._door)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _join((reader, writer), beyond)


def proxy_error(head: bytes) -> bytes | None:
    """The answer to a request that gets no tunnel; None: it gets one."""
    method, _, rest = head.decode("latin-1").partition(" ")
    target = rest.partition(" ")[0]
    if method != "CONNECT":
        return _answer(HTTPStatus.METHOD_NOT_ALLOWED, "this proxy serves CONNECT only: set HTTPS_PROXY, not HTTP_PROXY")
    host, _, port = target.rpartition(":")
    if port != "443" or not google(host):
        return _answer(HTTPStatus.FORBIDDEN, f"{target} is no host of Google's that gemulator emulates")
    return None


def _answer(status: HTTPStatus, reason: str) -> bytes:
    text = f"gemulator: {reason}\n".encode()
    head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: text/plain; charset=utf-8\r\n"
    return f"{head}content-length: {len(text)}\r\nconnection: close\r\n\r\n".encode() + text


Ends: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _join(client: Ends, emulator: Ends) -> None:
    """Carry bytes both ways until the emulator's side has ended: then there is nothing more to say."""
    asking = asyncio.ensure_future(_ask(client[0], emulator[1]))
    try:
        await _carry(emulator[0], client[1])
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        emulator[1].close()


async def _ask(client: asyncio.StreamReader, emulator: asyncio.StreamWriter) -> None:
    """Carry what the client says; its reset is passed on, which ends the emulator's side too."""
    try:
        await _carry(client, emulator)
    except OSError:
        emulator.transport.abort()


async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while piece := await source.read(_PIECE):
        sink.write(piece)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()
