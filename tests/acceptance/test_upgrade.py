"""Clients that offer another protocol are answered in HTTP/1.1, with the whole of their request."""

import socket
from collections.abc import Iterator
from http.client import HTTPResponse
from io import BufferedReader
from types import SimpleNamespace

import orjson
import pytest

from gemulator import Emulator
from tests.waiting import PATIENCE

PATH = "/v1/projects/p/locations/global/endpoints/openapi/chat/completions"
BODY = orjson.dumps({"model": "google/m", "messages": [{"role": "user", "content": "hello"}]})
SIZE = b"Content-Length: %d" % len(BODY)
OFFER = [  # what the JDK's client sends with the first request of a connection
    b"Connection: Upgrade, HTTP2-Settings",
    b"Upgrade: h2c",
    b"HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA",
]


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(unmatched="error") as running:
        running.when(user="hello").reply("Hello!")
        yield running


def head(*headers: bytes) -> bytes:
    return b"\r\n".join(
        (b"POST " + PATH.encode() + b" HTTP/1.1", b"Host: 127.0.0.1", b"Authorization: Bearer x", *headers, b"\r\n")
    )


def answers(emulator: Emulator, pieces: list[bytes], count: int) -> list[str]:
    """What so many requests on one connection get; the pieces are sent one by one."""
    address = ("127.0.0.1", int(emulator.url.rpartition(":")[2]))
    with socket.create_connection(address, PATIENCE) as connection, connection.makefile("rb") as stream:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
        return [answer(stream) for _ in range(count)]


def answer(stream: BufferedReader) -> str:
    response = HTTPResponse(SimpleNamespace(makefile=lambda *_: stream))  # type: ignore[arg-type]
    response._close_conn = lambda: None  # type: ignore[attr-defined]  # the stream has the next answer
    response.begin()
    tree = orjson.loads(response.read())
    return str(tree["choices"][0]["message"]["content"] if response.status == 200 else tree)


@pytest.mark.parametrize(
    "pieces",
    [
        [head(*OFFER, SIZE) + BODY],
        [head(*OFFER, SIZE), BODY],
        [head(*OFFER, SIZE)[:60], head(*OFFER, SIZE)[60:] + BODY[:9], BODY[9:]],
        [head(*OFFER, b"Transfer-Encoding: chunked") + b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)],
        [head(b"Connection: keep-alive, upgrade", b"Upgrade: websocket", SIZE) + BODY],
    ],
    ids=["in one segment", "body apart", "cut anywhere", "chunked", "websocket"],
)
def test_an_offer_is_ignored(emulator: Emulator, pieces: list[bytes]) -> None:
    again = head(SIZE) + BODY
    assert answers(emulator, [*pieces, again], 2) == ["Hello!"] * 2


def test_requests_that_come_at_once(emulator: Emulator) -> None:
    one = head(*OFFER, SIZE) + BODY
    assert answers(emulator, [one + one + head(SIZE) + BODY], 3) == ["Hello!"] * 3
