"""HTTP as clients send it: raw bytes on a socket, with the fast path and without."""

import json
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gemulator import Emulator
from gemulator.server.protocol.fast_path import FastHttpProtocol
from tests.acceptance.wire import ask
from tests.waiting import PATIENCE, until

TURNS = """
turns:
  - when: { user: slow }
    reply: One two three four five six.
    pacing: { tokens_per_chunk: 1, first_token: 5ms, inter_token: 5ms }
  - when: { user: held }
    reply: One two three four five six.
    pacing: { tokens_per_chunk: 1, first_token: 1ms, inter_token: 1h }
  - when: { user: endless }
    reply: "%s"
    pacing: { tokens_per_chunk: 1, first_token: 1ms, inter_token: 5ms }
  - reply: "You said {{ user }}."
""" % ("word " * 2000)
PATH = "/v1/projects/p/locations/global/endpoints/openapi/chat/completions"
HELLO = json.dumps(ask("hello")).encode()


@pytest.fixture(params=["fast path", "no fast path"])
def emulator(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    (tmp_path / "turns.yaml").write_text(TURNS)
    if request.param == "no fast path":
        monkeypatch.setattr(FastHttpProtocol, "_eligible", lambda self: False)
    with Emulator(scenarios=tmp_path, ids="stable", clock="2026-02-11T22:54:21Z") as emulator:
        yield emulator


@contextmanager
def connected(emulator: Emulator) -> Iterator[socket.socket]:
    assert emulator._server is not None
    with socket.create_connection(emulator._server.servers[0].sockets[0].getsockname()) as client:
        client.settimeout(PATIENCE)
        yield client


def post(body: bytes = HELLO, *fields: str, version: str = "1.1", length: int | None = None) -> bytes:
    """The bytes of a chat request; `fields` are more header lines."""
    size = len(body) if length is None else length
    lines = [f"POST {PATH} HTTP/{version}", "host: x", "authorization: Bearer x", *fields, f"content-length: {size}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunked(*pieces: bytes, trailer: bytes = b"", fields: bytes = b"") -> bytes:
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\r\ntransfer-encoding: chunked\r\n".encode()
    framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return head + fields + b"\r\n" + framed + b"0\r\n" + trailer + b"\r\n"


def says(text: str, **fields: Any) -> bytes:
    return json.dumps(ask(text, **fields)).encode()


LAST = b"GET /__emulator/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"


def exchange(emulator: Emulator, *sent: bytes) -> bytes:
    """All bytes that the server sends until it closes. Each part is sent once the one before was read."""
    with connected(emulator) as client:
        for part in sent:
            client.sendall(part)
        return rest_of(client)


def rest_of(client: socket.socket) -> bytes:
    received = b""
    while data := client.recv(65536):
        received += data
    return received


def answers(received: bytes) -> list[tuple[int, str]]:
    """Status and text of each answer in a connection, which they fill exactly."""
    found = []
    while received:
        head, _, received = received.partition(b"\r\n\r\n")
        fields = head.lower().split(b"\r\n")
        status = int(fields[0].split()[1])
        if status == 100:
            continue
        if b"transfer-encoding: chunked" in fields:
            body, received = _unchunk(received)
        else:
            (size,) = [int(line[16:]) for line in fields if line.startswith(b"content-length: ")] or [len(received)]
            body, received = received[:size], received[size:]
        found.append((status, body.decode()))
    return found


def _unchunk(data: bytes) -> tuple[bytes, bytes]:
    body = b""
    while True:
        line, _, data = data.partition(b"\r\n")
        size = int(line, 16)
        body, data = body + data[:size], data[size + 2 :]
        if not size:
            return body, data


def said(received: bytes) -> list[str]:
    """What each answer of a connection says: the reply, or status and reason."""
    return [_said(status, text) for status, text in answers(received)]


def _said(status: int, text: str) -> str:
    if text.startswith("data: "):
        events = [json.loads(line[6:]) for line in text.split("\n\n") if line.startswith("data: {")]
        return "".join(event["choices"][0]["delta"].get("content") or "" for event in events)
    if status != 200:
        return str(status)
    body = json.loads(text)
    return "ok" if "status" in body else str(body["choices"][0]["message"]["content"])


MANY = [says(f"number {number}") for number in range(50)]
WELL_FORMED: dict[str, tuple[bytes, list[str]]] = {
    "pipelined": (b"".join(map(post, MANY)) + LAST, [*(f"You said number {n}." for n in range(50)), "ok"]),
    "pipelined behind a stream": (
        post(says("slow", stream=True)) + post() + post(says("slow")) + LAST,
        ["One two three four five six.", "You said hello.", "One two three four five six.", "ok"],
    ),
    "HTTP/1.0": (post(version="1.0"), ["You said hello."]),
    "HTTP/1.0 stream": (post(says("hello", stream=True), version="1.0"), ["You said hello."]),
    "HTTP/1.0 paced stream": (post(says("slow", stream=True), version="1.0"), ["One two three four five six."]),
    "HTTP/1.0 keep-alive": (post(HELLO, "connection: keep-alive", version="1.0"), ["You said hello."]),
    "HTTP/1.0 not found": (b"GET /nothing HTTP/1.0\r\n\r\n", ["404"]),
    "expect": (post(HELLO, "expect: 100-continue", "connection: close"), ["You said hello."]),
    "chunked body": (chunked(HELLO[:9], HELLO[9:]) + LAST, ["You said hello.", "ok"]),
    "chunk extension": (
        chunked().replace(b"\r\n0\r\n", b"\r\n%x;a=b\r\n%b\r\n0\r\n" % (len(HELLO), HELLO)) + LAST,
        ["You said hello.", "ok"],
    ),
    "trailers": (chunked(HELLO, trailer=b"x-emulator-scenario: nothing\r\n") + LAST, ["You said hello.", "ok"]),
    "64 kB of headers": (post(HELLO, *(f"x-{n}: {'v' * 1000}" for n in range(64))) + LAST, ["You said hello.", "ok"]),
    "one header of 64 kB": (post(HELLO, f"x-large: {'v' * 64_000}") + LAST, ["You said hello.", "ok"]),
    "empty lines first": (b"\r\n\r\n" + post() + LAST, ["You said hello.", "ok"]),
    "half closed": (post(), ["You said hello."]),
}
MALFORMED: dict[str, tuple[bytes, list[str]]] = {
    "no HTTP": (b"EHLO example.com\r\n\r\n", ["400"]),
    "garbage behind a request": (post() + b"\x00\xff garbage\r\n\r\n", ["You said hello.", "400"]),
    "two lengths": (post(HELLO, "content-length: 3"), ["400"]),
    "length and chunks": (post(HELLO, "transfer-encoding: chunked"), ["400"]),
    "negative length": (post(length=-1), ["400"]),
    "length of a word": (post(HELLO, "content-length: many"), ["400"]),
    "chunk size of a word": (chunked().replace(b"\r\n0\r\n", b"\r\nzz\r\n"), ["400"]),
    "space before a colon": (post(HELLO, "x-bad : 1"), ["400"]),
    "endless head": (b"GET / HTTP/1.1\r\nx: " + b"v" * 256_000, ["400"]),
    "shorter length": (post(length=len(HELLO) - 1) + b"\r\n\r\n", ["400", "400"]),
}


@pytest.mark.parametrize("name", WELL_FORMED)
def test_unusual_requests_get_their_answers(emulator: Emulator, name: str) -> None:
    sent, expected = WELL_FORMED[name]
    with connected(emulator) as client:
        client.sendall(sent)
        if name == "half closed":
            client.shutdown(socket.SHUT_WR)
        received = rest_of(client)
    assert said(received) == expected
    assert b"HTTP/1.0" not in sent or b"transfer-encoding" not in received


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_requests_are_refused(emulator: Emulator, name: str, caplog: pytest.LogCaptureFixture) -> None:
    sent, expected = MALFORMED[name]
    assert said(exchange(emulator, sent)) == expected
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("text", ["hello", "slow"])
def test_garbage_behind_a_stream_leaves_it_whole(emulator: Emulator, text: str) -> None:
    received = exchange(
        emulator, post(says("slow", stream=True)), post(says(text))[:-1] + b"\x00", b"\x00 garbage\r\n\r\n"
    )
    assert said(received)[0] == "One two three four five six."
    assert b"Invalid HTTP" not in received.partition(b"[DONE]")[0]


def test_body_in_single_bytes_is_read(emulator: Emulator) -> None:
    with connected(emulator) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in post(HELLO, "connection: close"):
            client.sendall(bytes([byte]))
        assert said(rest_of(client)) == ["You said hello."]


def test_refusal_of_an_expected_body_announces_the_close(emulator: Emulator) -> None:
    """A client that waits for `100 Continue` does not send its body after another answer."""
    with connected(emulator) as client:
        client.sendall(post(b"", "expect: 100-continue", length=30_000_000))
        received = rest_of(client)
    assert [status for status, _ in answers(received)] == [413]
    assert b"connection: close" in received.lower()


def test_refusal_leaves_the_connection_usable(emulator: Emulator) -> None:
    unread = b"x" * 200_000
    refused = post(unread).replace(b"authorization: Bearer x\r\n", b"")
    assert said(exchange(emulator, refused + post(), LAST)) == ["401", "You said hello.", "ok"]


def test_internal_error_announces_the_close(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from gemulator.engine.engine import Engine

    def fail(*_: object) -> None:
        raise KeyError("nonsense")

    monkeypatch.setattr(Engine, "_admit", fail)
    received = exchange(emulator, post())
    assert [status for status, _ in answers(received)] == [500]
    assert b"connection: close" in received.partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize("cut", [1, 60, len(post()) - len(HELLO), len(post()) - 5])
@pytest.mark.parametrize("reset", [True, False])
def test_request_that_is_cut_is_not_answered(
    emulator: Emulator, cut: int, reset: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with connected(emulator) as client:
        client.sendall(post()[:cut])
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    _until_unconnected(emulator)
    assert emulator.requests == []
    assert "Traceback" not in caplog.text


def test_chunked_request_that_is_cut_is_not_answered(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    with connected(emulator) as client:
        client.sendall(chunked(HELLO[:20])[:-5])
    with connected(emulator) as client:
        client.sendall(b"POST /__emulator/verify HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 9\r\n\r\n{")
    with connected(emulator) as client:
        client.sendall(b"POST /token HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 9\r\n\r\n{")
    _until_unconnected(emulator)
    assert emulator.requests == []
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(("text", "pipelined"), [("held", 0), ("endless", 3)])
@pytest.mark.parametrize("reset", [True, False])
def test_stream_that_is_left_ends_with_all_behind_it(
    emulator: Emulator, text: str, pipelined: int, reset: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A client whose pipelined requests fill the queue is read no more: the next write finds that it is gone."""
    with connected(emulator) as client:
        client.sendall(post(says(text, stream=True)) + post() * pipelined)
        assert client.recv(65536)
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    until(lambda: [request.outcome for request in emulator.requests] == ["client gone"])
    _until_unconnected(emulator)
    assert "Traceback" not in caplog.text


def test_fault_that_closes_ends_with_requests_behind_it(emulator: Emulator) -> None:
    assert emulator._server is not None
    state = emulator._server.server_state
    with connected(emulator) as client:
        client.sendall(post(says("hello", stream=True), "x-emulator-fault: disconnect") + post() * 3)
        rest_of(client)
    until(lambda: not state.tasks)


def _until_unconnected(emulator: Emulator) -> None:
    """Wait until the server knows that the clients are gone, but for that of its admin API, and does nothing more."""
    assert emulator._server is not None
    state = emulator._server.server_state
    until(lambda: len(state.connections) <= 1)
    until(lambda: not state.tasks)


@pytest.mark.parametrize("body", [b"a=" + b"b" * 200_000, b'{"a":' + b"[" * 900 + b"]" * 900 + b"}"])
def test_token_service_bounds_its_body(emulator: Emulator, body: bytes) -> None:
    head = f"POST /token HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    (status, _), last = answers(exchange(emulator, head, body, LAST))
    assert last[0] == 200
    assert status == (413 if len(body) > 100_000 else 400)
