"""Paced streams of gemulator beside a raw ASGI deadline sleeper, in one run: 50 chunks, 20 ms apart.

    python -m benchmarks.pacing [CONCURRENT ...]

For each number of streams at once: how far chunks are off their deadlines, how much later the last is than the first
(drift), CPU of the server a chunk, and memory a stream.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import PATH, Server, gemulator, request, started
from benchmarks.sleeper import CHUNKS, GAP

SCENARIO = """
pacing: { tokens_per_chunk: 1, inter_token: 20ms }
turns:
  - reply: "%s"
"""
CONCURRENT = (1, 100, 300, 1000, 5000)
SPREAD = 1.0  # seconds over which the streams begin


@dataclass(frozen=True, slots=True)
class Measured:
    """Errors in ms; drift in ms a stream; CPU in µs a chunk; memory in kB a stream."""

    median: float
    worst: float
    drift: float
    cpu: float
    memory: float


def memory_of(server: Server) -> int:
    """kB that the process holds (Linux)."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def measure(server: Server, path: str, streams: int) -> Measured:
    resting = memory_of(server)
    before = server.cpu()
    arrivals, peak = asyncio.run(_all(server, path, streams))
    cpu = (server.cpu() - before) / (streams * CHUNKS)
    errors = [abs(at - times[0] - number * GAP) for times in arrivals for number, at in enumerate(times)]
    drifts = [times[-1] - times[0] - (CHUNKS - 1) * GAP for times in arrivals]
    hundredths = statistics.quantiles(errors, n=100)
    return Measured(
        statistics.median(errors) * 1e3,
        hundredths[98] * 1e3,
        statistics.mean(drifts) * 1e3,
        cpu * 1e6,
        (peak - resting) / streams,
    )


async def _all(server: Server, path: str, streams: int) -> tuple[Sequence[Sequence[float]], int]:
    sent = request(path, json.dumps({"model": "google/m", "stream": True, "messages": [_MESSAGE]}).encode())
    running = [asyncio.ensure_future(_stream(server.port, sent, SPREAD * n / streams)) for n in range(streams)]
    peak = 0
    while not all(task.done() for task in running):
        peak = max(peak, memory_of(server))
        await asyncio.sleep(0.1)
    return [task.result() for task in running], peak


_MESSAGE = {"role": "user", "content": "Go."}


async def _stream(port: int, sent: bytes, later: float) -> Sequence[float]:
    """When each event came."""
    await asyncio.sleep(later)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await reader.readuntil(b"\r\n\r\n")
    times: list[float] = []
    while len(times) < CHUNKS:
        data = await reader.read(65536)
        times.extend([time.monotonic()] * data.count(b"data: {"))
        if not data:
            raise RuntimeError("a stream ended early")
    writer.close()
    return times[:CHUNKS]


HEAD = ("error p50", "p99, ms", "drift, ms", "CPU, µs", "ratio", "kB", "ratio")


def main() -> None:
    wanted = [int(number) for number in sys.argv[1:]] or CONCURRENT
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "bench.yaml").write_text(SCENARIO % " ".join(["word"] * CHUNKS))
        options = ("--scenarios", folder, "--log-format", "plain")
        print(f"{'streams':>8}{'':12}" + "".join(f"{title:>11}" for title in HEAD))
        for streams in wanted:
            _compare(streams, options)


def _compare(streams: int, options: Sequence[str]) -> None:
    """One row each. Fresh servers, so that no memory is there from the row before."""
    with ExitStack() as stack:
        ours = stack.enter_context(started("gemulator", lambda port: gemulator(port, *options)))
        raw = stack.enter_context(started("sleeper", _sleeper))
        for server, path in ((raw, "/stream"), (ours, PATH)):
            measure(server, path, 1)  # what is loaded when first used is loaded now
        plain, own = measure(raw, "/stream", streams), measure(ours, PATH, streams)
    for name, it in (("sleeper", plain), ("gemulator", own)):
        cpu = "" if it is plain else f"{it.cpu / plain.cpu:.2f}"
        memory = "" if it is plain or not plain.memory else f"{it.memory / plain.memory:.2f}"
        cells = (it.median, it.worst, it.drift, it.cpu, cpu, it.memory, memory)
        shown = "".join(f"{cell:>11}" if isinstance(cell, str) else f"{cell:>11.2f}" for cell in cells)
        print(f"{streams:>8} {name:11}{shown}", flush=True)


def _sleeper(port: int) -> list[str]:
    return [sys.executable, "-m", "benchmarks.sleeper", str(port)]


if __name__ == "__main__":
    main()
