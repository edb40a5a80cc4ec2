"""The HTTP client of the admin API: reuse, closed connections, threads, forks."""

import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from email.message import Message
from http.client import parse_headers
from typing import NamedTuple

import pytest

from gemulator import Emulator
from gemulator.client.http_client import HttpPool, Unreachable
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow


class Request(NamedTuple):
    """A request as received."""

    line: bytes
    headers: Message
    body: bytes


def read(connection: socket.socket) -> Request:
    """Read a whole request: head and body may arrive separately."""
    with connection.makefile("rb") as file:
        line, headers = file.readline().rstrip(), parse_headers(file)
        return Request(line, headers, file.read(int(headers.get("content-length", 0))))


@contextmanager
def server(answers: int, *pieces: bytes) -> Iterator[tuple[str, list[Request]]]:
    """Run a server that closes each connection after `answers` answers; yield its URL and the requests."""
    sent = pieces or (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",)
    seen: list[Request] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                for _ in range(answers):
                    seen.append(read(connection))
                    for piece in sent:
                        connection.sendall(piece)
                        threading.Event().wait(0.01 if len(sent) > 1 else 0)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", seen
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def await_end(connections: HttpPool) -> None:
    """Wait until the server's end of the idle connection is here."""
    (idle,) = connections._idle
    if idle.sock is not None:
        assert select.select([idle.sock], [], [], PATIENCE)[0]


def test_a_connection_that_the_server_closed_is_not_used_again() -> None:
    with server(1) as (url, seen), closing(HttpPool(url, {})) as connections:
        for number in range(3):
            assert connections.request("POST", f"/{number}") == (200, b"ok")
            await_end(connections)
    assert [one.line.split()[1] for one in seen] == [b"/0", b"/1", b"/2"]


def test_a_connection_is_kept_for_the_next_request() -> None:
    with Emulator() as emulator, closing(HttpPool(emulator.url, {})) as connections:
        for _ in range(3):
            assert connections.request("GET", "/__emulator/health")[0] == 200
        assert len(connections._idle) == 1
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(connections.request, "GET", "/__emulator/version") for _ in range(64)]
            assert {one.result()[0] for one in asked} == {200}
        assert 1 <= len(connections._idle) <= 8


FORKED = """
import os, sys
from contextlib import closing
from gemulator import Emulator
from gemulator.client.http_client import HttpPool

def wrong(status):
    return sum(connections.request("GET", f"/__emulator/{path}")[0] != status for _ in range(300))

with Emulator() as emulator, closing(HttpPool(emulator.url, {})) as connections:
    connections.request("GET", "/__emulator/health")
    child = os.fork()
    path, status = ("health", 200) if child else ("nothing", 404)
    found = wrong(status)
    if child == 0:
        os._exit(found and 1)
    print(found, os.waitpid(child, 0)[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_process_has_connections_of_its_own() -> None:
    """Processes that share a connection would get each other's answers."""
    command = [sys.executable, "-W", "error", "-c", FORKED]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert (done.stdout, done.stderr) == ("0 0\n", "")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:9", "refused"),
        ("http://127.0.0.1:port", "nonnumeric port"),
        ("127.0.0.1:8089", "must begin with http:// or https://"),
        ("http://nowhere.invalid", "[Nn]ame"),
    ],
)
def test_no_answer(url: str, said: str) -> None:
    with closing(HttpPool(url, {})) as connections, pytest.raises(Unreachable, match=said):
        connections.request("GET", "/")


def test_below_a_path_and_with_headers() -> None:
    with server(1) as (url, seen), closing(HttpPool(f"{url}/below/", {"x-key": "k"})) as connections:
        connections.request("POST", "/here?a=b", b"body")
    assert seen[0].line == b"POST /below/here?a=b HTTP/1.1"
    assert seen[0].headers["x-key"] == "k"
    assert seen[0].body == b"body"


@pytest.mark.parametrize(
    ("pieces", "answer"),
    [
        ((b"HTTP/1.1 200 OK\r\ncontent-le", b"ngth: 4\r\n\r\nab", b"cd"), (200, b"abcd")),
        ((b"HTTP/1.1 409 Conflict\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", b"0\r\n\r\n"), (409, b"ab")),
        ((b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n"), (204, b"")),
        ((b"HTTP/1.0 200 OK\r\n\r\nab", b"cd"), (200, b"abcd")),
    ],
)
def test_an_answer_in_pieces(pieces: tuple[bytes, ...], answer: tuple[int, bytes]) -> None:
    with server(1, *pieces) as (url, seen), closing(HttpPool(url, {})) as connections:
        for number in range(2):
            assert connections.request("GET", f"/{number}") == answer
            await_end(connections)
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ((b"",), "Remote end closed connection"),
        ((b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab",), "IncompleteRead"),
        ((b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nab",), "IncompleteRead"),
        ((b"SSH-2.0-server\r\n",), "BadStatusLine"),
    ],
)
def test_no_whole_answer(pieces: tuple[bytes, ...], said: str) -> None:
    with server(1, *pieces) as (url, _), closing(HttpPool(url, {})) as connections:
        with pytest.raises(Unreachable, match=said):
            connections.request("GET", "/")
        assert not connections._idle


def test_the_lines_of_a_stream() -> None:
    pieces = (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\none\n\r\n",
        b"3\r\ntwo\r\n",
        b"6\r\n\n\nend\n\r\n0\r\n\r\n",
    )
    wanted = {"accept": "text/event-stream"}
    with (
        server(1, *pieces) as (url, seen),
        closing(HttpPool(url, {})) as connections,
        connections.stream("/events", wanted) as response,
    ):
        assert list(response) == [b"one\n", b"two\n", b"\n", b"end\n"]
    assert seen[0].headers.get_all("accept") == ["text/event-stream"]


@pytest.mark.parametrize("key", ["k\r\nx: y", "ключ"])
def test_a_key_that_no_header_can_carry_is_none(key: str) -> None:
    with pytest.raises(ValueError, match="one line of printable ASCII"):
        HttpPool("http://127.0.0.1:8089", {"x-key": key})
