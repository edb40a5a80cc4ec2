"""Paced streams of gemulator beside a raw ASGI deadline sleeper, in one run: 50 chunks, 20 ms apart.

    python -m benchmarks.pacing [--rounds N] [CONCURRENT ...]

For each number of streams at once: how far chunks are off their deadlines, how much later the last is than the first
(drift), CPU of the server a chunk, and memory a stream. `jittered` is gemulator with waits of its own for each stream,
which leave the deadlines that errors could be measured against. Servers take turns, round by round: CPU is that of
the round that others disturbed least, errors and drift are those of the round with the least errors, memory is that
of the first round, which begins with a fresh server.
"""

import argparse
import asyncio
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.servers import PATH, Server, gemulator, request, started
from benchmarks.sleeper import CHUNKS, GAP

SCENARIO = """
pacing: { tokens_per_chunk: 1, inter_token: 20ms%s }
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


def best(rounds: Sequence[Measured]) -> Measured:
    """What the rounds say together."""
    calm = min(rounds, key=lambda one: one.worst)
    return replace(calm, cpu=min(one.cpu for one in rounds), memory=rounds[0].memory)


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
NAMES = ("sleeper", "gemulator", "jittered")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("streams", type=int, nargs="*", default=CONCURRENT)
    wanted = parser.parse_args()
    _allow_files(2 * max(wanted.streams))
    print(f"{'streams':>8} {'':11}" + "".join(f"{title:>11}" for title in HEAD))
    for streams in wanted.streams:
        _compare(streams, wanted.rounds)


def _allow_files(count: int) -> None:
    """A stream is a file, here and in the server, which inherits this."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(count, 1024)), hard))


def _compare(streams: int, rounds: int) -> None:
    """One row each. Fresh servers, so that no memory is there from the row before."""
    with ExitStack() as stack:
        servers = [stack.enter_context(_server(name)) for name in NAMES]
        measured: list[list[Measured]] = [[] for _ in NAMES]
        for server in servers:
            measure(server, PATH, 1)  # what is loaded when first used is loaded now
        for _ in range(rounds):
            for server, found in zip(servers, measured, strict=True):
                found.append(measure(server, PATH, streams))
    plain = best(measured[0])
    for name, found in zip(NAMES, measured, strict=True):
        print(
            f"{streams:>8} {name:11}" + "".join(f"{cell:>11}" for cell in _cells(best(found), plain, name)), flush=True
        )


def _cells(own: Measured, plain: Measured, name: str) -> Sequence[str]:
    """The texts of a row; ratios are those to the sleeper."""
    errors = [f"{value:.2f}" for value in (own.median, own.worst, own.drift)] if name != "jittered" else [""] * 3
    cpu, memory = own.cpu / plain.cpu, own.memory / plain.memory if plain.memory else 0.0
    ratios = [f"{ratio:.2f}" if name != "sleeper" and ratio else "" for ratio in (cpu, memory)]
    return [*errors, f"{own.cpu:.2f}", ratios[0], f"{own.memory:.2f}", ratios[1]]


@contextmanager
def _server(name: str) -> Iterator[Server]:
    if name == "sleeper":
        with started(name, lambda port: [sys.executable, "-m", "benchmarks.sleeper", str(port)]) as server:
            yield server
        return
    with tempfile.TemporaryDirectory() as folder:
        jitter = ", jitter: 20%" if name == "jittered" else ""
        Path(folder, "bench.yaml").write_text(SCENARIO % (jitter, " ".join(["word"] * CHUNKS)))
        options = ("--scenarios", folder, "--log-format", "plain")
        with started(name, lambda port: gemulator(port, *options)) as server:
            yield server


if __name__ == "__main__":
    main()
