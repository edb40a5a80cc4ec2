"""Servers as child processes, their CPU clocks, and a small load generator on raw sockets."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATH = "/v1/projects/p/locations/global/endpoints/openapi/chat/completions"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server process."""

    name: str
    process: "subprocess.Popen[bytes]"
    port: int

    def cpu(self) -> float:
        return cpu_of(self.process)


def cpu_of(process: "subprocess.Popen[bytes]") -> float:
    """Seconds of CPU that a process has used (Linux: its own clock)."""
    return time.clock_gettime(((~process.pid) << 3) | 2)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: "subprocess.Popen[bytes]", patience: float = 30.0) -> None:
    """Until something listens. Polls every half millisecond: start-up is measured with it."""
    end = time.monotonic() + patience
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.0005)
    raise RuntimeError(f"{process.args!r} does not listen on {port}")


@contextmanager
def started(name: str, command: Callable[[int], list[str]], tree: Path | None = None) -> Iterator[Server]:
    """A server started with `command(port)` from the sources of a working tree, stopped afterwards."""
    port = free_port()
    env = {**os.environ, "PYTHONPATH": str(tree.resolve() / "emulator")} if tree else dict(os.environ)
    process = subprocess.Popen(command(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    try:
        wait_for(port, process)
        yield Server(name, process, port)
    finally:
        process.terminate()
        process.wait()


def floor(port: int) -> list[str]:
    return [sys.executable, "-m", "benchmarks.floor", str(port)]


def gemulator(port: int, *options: str) -> list[str]:
    return [sys.executable, "-m", "gemulator", "serve", "--port", str(port), *options]


def request(path: str, body: bytes) -> bytes:
    """The bytes of a POST."""
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer x\r\ncontent-type: application/json\r\n"
    return head.encode() + b"content-length: %d\r\n\r\n" % len(body) + body


@dataclass(frozen=True, slots=True)
class Load:
    """What a round of requests cost."""

    cpu: float
    rate: float


def load(server: Server, requests: list[bytes], connections: int = 8) -> Load:
    """Send all `requests` over kept connections; CPU seconds of the server each, and requests a second."""
    before, began = server.cpu(), time.perf_counter()
    asyncio.run(_all(server.port, requests, connections))
    took = time.perf_counter() - began
    return Load((server.cpu() - before) / len(requests), len(requests) / took)


async def _all(port: int, requests: list[bytes], connections: int) -> None:
    shares = [requests[index::connections] for index in range(connections)]
    await asyncio.gather(*(_connection(port, share) for share in shares))


async def _connection(port: int, requests: list[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    for sent in requests:
        writer.write(sent)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode("latin-1"))
        lowered = head.lower()
        at = lowered.find(b"content-length: ")
        if at >= 0:
            await reader.readexactly(int(lowered[at + 16 : lowered.index(b"\r", at)]))
        else:
            await reader.readuntil(b"\r\n0\r\n\r\n")
    writer.close()
