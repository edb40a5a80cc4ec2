"""HTTPS proxy."""

import asyncio
import socket
import struct

import pytest

from gemulator.server.tls.proxy import Proxy, proxy_error
from tests.waiting import PATIENCE


@pytest.mark.parametrize(
    ("line", "status", "says"),
    [
        ("CONNECT example.com:443 HTTP/1.1", 403, "example.com:443 is not a Google host that gemulator emulates"),
        ("CONNECT storage.googleapis.com:443 HTTP/1.1", 403, "storage.googleapis.com"),
        ("CONNECT oauth2.googleapis.com:80 HTTP/1.1", 403, "oauth2.googleapis.com:80"),
        ("CONNECT oauth2.googleapis.com HTTP/1.1", 403, "oauth2.googleapis.com"),
        ("CONNECT 127.0.0.1:443 HTTP/1.1", 403, "127.0.0.1:443"),
        ("CONNECT [::1]:443 HTTP/1.1", 403, "[::1]:443"),
        ("GET http://oauth2.googleapis.com/ HTTP/1.1", 405, "CONNECT only"),
        ("", 405, "CONNECT only"),
    ],
)
def test_refused_tunnels(line: str, status: int, says: str) -> None:
    answer = proxy_error(f"{line}\r\nhost: x\r\n\r\n".encode())
    assert answer is not None
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert f"content-length: {len(body)}".encode() in head
    assert says.encode() in body


@pytest.mark.parametrize("host", ["oauth2.googleapis.com", "e.us-central1-1.prediction.vertexai.goog"])
def test_google_hosts_get_a_tunnel(host: str) -> None:
    assert proxy_error(f"CONNECT {host}:443 HTTP/1.1\r\n\r\n".encode()) is None


@pytest.mark.parametrize("how", ["end", "reset"])
async def test_upstream_learns_of_a_disconnect(how: str) -> None:
    heard, disconnected = asyncio.Event(), asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            assert await reader.readexactly(5) == b"hello"
            heard.set()
            await reader.read()
        except ConnectionResetError:
            pass
        finally:
            disconnected.set()
            writer.close()

    door = await asyncio.start_server(answer, "127.0.0.1", 0)
    proxy = Proxy(door.sockets[0].getsockname())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        await proxy.open(listener)
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(b"CONNECT aiplatform.googleapis.com:443 HTTP/1.1\r\n\r\nhello")
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.wait_for(heard.wait(), PATIENCE)
        if how == "reset":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        await asyncio.wait_for(disconnected.wait(), PATIENCE)
        proxy.stop_accepting()
        await proxy.cancel_tunnels()
    door.close()
