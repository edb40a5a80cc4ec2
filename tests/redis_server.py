"""A real redis-server of our own, for the tests that need one."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.waiting import PATIENCE

PROGRAM = shutil.which("redis-server") or shutil.which("valkey-server")
needs_redis = pytest.mark.skipif(PROGRAM is None, reason="redis-server is not installed here")


_LOWEST, _MANY = 20_000, 12_000
_numbers = count(61 * os.getpid())  # processes that test side by side try different ports


def free_port() -> int:
    """Return a free port that no outgoing connection takes, not even while its server is stopped."""
    while True:
        port = _LOWEST + next(_numbers) % _MANY  # below the ephemeral ports
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


class RedisServer:
    """Writes every change to a file before it answers, so that it may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        limits = "&".join(f"{name}={PATIENCE:g}" for name in ("timeout", "socket_timeout", "socket_connect_timeout"))
        self.url = f"redis://127.0.0.1:{self.port}/0?{limits}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert PROGRAM is not None
        options = {"port": self.port, "bind": "127.0.0.1", "dir": self._folder, "save": "", "appendonly": "yes"}
        options["appendfsync"] = "always"  # a busy disk lets `everysec` answer first
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self._process = subprocess.Popen([PROGRAM, *words], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as probe:
                    probe.sendall(b"PING\r\n")
                    if probe.recv(7) == b"+PONG\r\n":
                        return
            except OSError:
                pass
            time.sleep(0.02)
        raise RuntimeError("redis-server did not start")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    server = RedisServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()
