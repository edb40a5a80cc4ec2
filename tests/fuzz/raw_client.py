"""Raw keep-alive client that checks each answer, and the server it asks."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import NamedTuple

from tests.fuzz.exchanges import PROJECT, Exchange
from tests.waiting import PATIENCE

_LEAVE = 0.3  # seconds after which the client leaves an answer that may wait as it asked


class Broken(AssertionError):
    """An answer that none may be."""


class Client:
    """One connection to a server, opened again only where an answer says that it ends, or may break."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def send(self, exchange: Exchange) -> int:
        """Return the status of a checked answer, 0 if none came as was asked for. Raises Broken."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port))
        self._socket.settimeout(_LEAVE if exchange.may_break else PATIENCE)
        try:
            self._socket.sendall(exchange.data())
            return self._read(self._socket, exchange)
        except (OSError, HTTPException, ValueError) as error:
            self.close()
            if exchange.may_break and not isinstance(error, json.JSONDecodeError):
                return 0
            raise Broken(f"{error!r}") from error
        except BaseException:
            self.close()
            raise

    def _read(self, connection: socket.socket, exchange: Exchange) -> int:
        response = HTTPResponse(connection, method=exchange.method)
        response.begin()
        if exchange.endless and response.status == 200:
            self.close()
            return response.status
        body = response.read()
        if response.will_close or exchange.may_break:
            self.close()
        check(exchange, response, body)
        return response.status


def check(exchange: Exchange, response: HTTPResponse, body: bytes) -> None:
    """Check status and form of an answer. Raises Broken."""
    kind = response.headers.get("content-type", "")
    if response.headers.get("x-emulator-error") == "bug" or b"internal error: " in body:
        raise Broken(body[:500].decode("utf-8", "replace"))
    replaced = kind.startswith("text/html") or "location" in response.headers  # by a fault
    scripted = exchange.may_break and ("x-emulator-turn" in response.headers or replaced)
    if response.status >= 500 and not scripted:
        raise Broken(f"{response.status}: {body[:500]!r}")
    chat = exchange.path.startswith(PROJECT) and exchange.path.endswith("/chat/completions")
    if chat and exchange.method == "POST" and not scripted and not re.search("json|event-stream", kind):
        raise Broken(f"{response.status} as {kind!r}: {body[:500]!r}")
    # Faults and literal replies make of a body as they are told.
    if body and not exchange.may_break:
        _check_body(kind, body)


def _check_body(kind: str, body: bytes) -> None:
    if kind.startswith("text/event-stream"):
        *events, last = body.split(b"\n\n")
        if last or not events or events.pop() != b"data: [DONE]":
            raise Broken(f"stream without an end: {body[-300:]!r}")
        parts = [event.removeprefix(b"data: ") for event in events]
    else:
        parts = body.splitlines() if "ndjson" in kind else [body] if "json" in kind else []
    for part in parts:
        json.loads(part)


@contextmanager
def server(folder: Path, catalog: str, *more: str) -> "Iterator[tuple[int, subprocess.Popen[str], Path]]":
    """Start a server without waits; yield its port, its process and its log."""
    folder.joinpath("catalog.yaml").write_text(catalog)
    log = folder / "log"
    options = ["--port", "0", "--speed", "0", "--catalog", str(folder / "catalog.yaml"), "--state", str(folder), *more]
    command = [sys.executable, "-m", "gemulator", "serve", *options]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GEMULATOR_")}
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=kept, cwd=folder)
    try:
        assert process.stdout is not None
        found = next(filter(None, (re.search(r"http://127\.0\.0\.1:(\d+)", line) for line in process.stdout)))
        yield int(found[1]), process, log
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


class Usage(NamedTuple):
    """Resources of a process so far, 0 where the system does not say."""

    megabytes: float
    seconds: float

    @classmethod
    def of(cls, process: "subprocess.Popen[str]") -> "Usage":
        """Return the resident memory and the CPU time of a process."""
        folder = Path("/proc", str(process.pid))
        try:
            status, stat = (folder.joinpath(name).read_text(encoding="ascii") for name in ("status", "stat"))
        except OSError:
            return cls(0.0, 0.0)
        ticks = sum(map(int, stat.rpartition(")")[2].split()[11:13]))
        return cls(int(status.partition("VmRSS:")[2].split()[0]) / 1024, ticks / os.sysconf("SC_CLK_TCK"))
