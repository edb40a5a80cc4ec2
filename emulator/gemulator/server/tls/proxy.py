"""HTTPS proxy that tunnels requests for Google's hosts to gemulator."""

import asyncio
import socket
from http import HTTPStatus
from typing import TypeAlias

from gemulator.server.tls.hosts import is_google_host

Address: TypeAlias = tuple[str, int]

_HEAD_TIMEOUT = 10.0
_BUFFER_SIZE = 65_536


class Proxy:
    """Proxy whose tunnels all end at the HTTPS listener `tls_address`."""

    def __init__(self, tls_address: Address) -> None:
        self._tls_address = ({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(tls_address[0], tls_address[0]), tls_address[1])
        self._tunnels: set[asyncio.Task[None]] = set()

    async def open(self, listener: socket.socket) -> None:
        """Accept clients on a listening socket."""
        self._server = await asyncio.start_server(self._accept, sock=listener)

    def stop_accepting(self) -> None:
        """Stop accepting clients."""
        self._server.close()

    async def cancel_tunnels(self) -> None:
        """Cancel the open tunnels and wait for their end."""
        for tunnel in self._tunnels:
            tunnel.cancel()
        await asyncio.gather(*self._tunnels, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it is closed."""
        task = asyncio.current_task()
        assert task is not None
        self._tunnels.add(task)
        try:
            await self._serve(reader, writer)
        except OSError:
            pass  # either side closed its connection
        finally:
            self._tunnels.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_HEAD_TIMEOUT):
                head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            return
        refusal = proxy_error(head)
        if refusal is not None:
            writer.write(refusal)
            await writer.drain()
            return
        upstream = await asyncio.open_connection(*self._tls_address)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _tunnel((reader, writer), upstream)


def proxy_error(head: bytes) -> bytes | None:
    """Return the error answer to a request, None if it gets a tunnel."""
    method, _, rest = head.decode("latin-1").partition(" ")
    target = rest.partition(" ")[0]
    if method != "CONNECT":
        return _error_response(
            HTTPStatus.METHOD_NOT_ALLOWED, "this proxy supports CONNECT only: set HTTPS_PROXY, not HTTP_PROXY"
        )
    host, _, port = target.rpartition(":")
    if port != "443" or not is_google_host(host):
        return _error_response(HTTPStatus.FORBIDDEN, f"{target} is not a Google host that gemulator emulates")
    return None


def _error_response(status: HTTPStatus, reason: str) -> bytes:
    text = f"gemulator: {reason}\n".encode()
    head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: text/plain; charset=utf-8\r\n"
    return f"{head}content-length: {len(text)}\r\nconnection: close\r\n\r\n".encode() + text


Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _tunnel(client: Streams, emulator: Streams) -> None:
    """Forward bytes both ways until the emulator closes its side."""
    client_task = asyncio.ensure_future(_forward_client(client[0], emulator[1]))
    try:
        await _forward(emulator[0], client[1])
    finally:
        client_task.cancel()
        await asyncio.gather(client_task, return_exceptions=True)
        emulator[1].close()


async def _forward_client(client: asyncio.StreamReader, emulator: asyncio.StreamWriter) -> None:
    """Forward the client's bytes; pass a reset by the client on to the emulator."""
    try:
        await _forward(client, emulator)
    except OSError:
        emulator.transport.abort()


async def _forward(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(_BUFFER_SIZE):
        sink.write(data)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()
