"""Upstream that plays bytes on a socket, and notes what it was asked."""

import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

Part = bytes | float  # bytes to send, or seconds to wait


class Asked:
    """A request as it arrived."""

    def __init__(self, head: bytes, body: bytes) -> None:
        lines = head.decode("latin-1").split("\r\n")
        self.line = lines[0]
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class RawUpstream:
    """Plays `script` to every request. `left` is set when a client has closed the connection early."""

    def __init__(self, script: Sequence[Part]) -> None:
        self.script = script
        self.asked: list[Asked] = []
        self.left = threading.Event()
        self.go_on = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=300)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.go_on.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self.asked.append(_read(connection))
            for part in self.script:
                if isinstance(part, float):
                    self._wait(connection, part)
                else:
                    connection.sendall(part)

    def _wait(self, connection: socket.socket, seconds: float) -> None:
        """Wait, at most until the client leaves or the test says `go_on`."""
        end = time.monotonic() + seconds
        connection.settimeout(0.01)
        while time.monotonic() < end and not self.go_on.is_set():
            try:
                if not connection.recv(1):
                    self.left.set()
                    return
            except TimeoutError:
                continue
            except OSError:
                self.left.set()
                return
        connection.settimeout(None)


def _read(connection: socket.socket) -> Asked:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65_536)
    head, _, body = data.partition(b"\r\n\r\n")
    asked = Asked(head, body)
    while len(body) < int(asked.headers.get("content-length", 0)):
        body += connection.recv(65_536)
    asked.body = body
    return asked


@contextmanager
def raw_upstream(*script: Part) -> Iterator[RawUpstream]:
    upstream = RawUpstream(script)
    try:
        yield upstream
    finally:
        upstream.close()


def head(status: str = "200 OK", kind: str = "text/event-stream", *more: str) -> bytes:
    lines = (f"HTTP/1.1 {status}", f"content-type: {kind}", "connection: close", *more)
    return "\r\n".join((*lines, "", "")).encode()


def event(delta: dict[str, Any] | None = None, finish: str | None = None, **more: Any) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return (
        b"data: "
        + json.dumps({"id": "x", "object": "chat.completion.chunk", "choices": choices, **more}).encode()
        + b"\n\n"
    )


DONE = b"data: [DONE]\n\n"
