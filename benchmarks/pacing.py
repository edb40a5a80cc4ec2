"""Paced streams of gemulator beside a raw ASGI deadline sleeper, in one run: 50 chunks, 20 ms apart.

    python -m benchmarks.pacing [--rounds N] [CONCURRENT ...]

For each number of streams at once: how far chunks are off their deadlines, how much later the last is than the first
(drift), CPU of the server a chunk, and memory a stream. `jittered` is gemulator with waits of its own for each stream,
so that no error can be told from a wait. Servers take turns, round by round: CPU is that of the round that others
disturbed least, errors and drift are those of the round with the least errors. Memory is what a fresh server takes
more while all streams are open and have had their first chunk, the journal's entries included.
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
NAMES = ("sleeper", "gemulator", "jittered")

_BODY = json.dumps({"model": "google/m", "stream": True, "messages": [{"role": "user", "content": "Go."}]}).encode()
SENT = request(PATH, _BODY)
HELD = SENT.replace(b"\r\n", b"\r\nx-emulator-pacing: tokens_per_chunk: 1, inter_token: 1h\r\n", 1)


@dataclass(frozen=True, slots=True)
class Measured:
    """Errors in ms; drift in ms a stream; CPU in µs a chunk."""

    median: float
    worst: float
    drift: float
    cpu: float


def measure(server: Server, streams: int) -> Measured:
    before = server.cpu()
    arrivals = asyncio.run(_all(server, streams))
    cpu = (server.cpu() - before) / (streams * CHUNKS)
    errors = [abs(at - times[0] - number * GAP) for times in arrivals for number, at in enumerate(times)]
    drifts = [times[-1] - times[0] - (CHUNKS - 1) * GAP for times in arrivals]
    worst = statistics.quantiles(errors, n=100)[98]
    return Measured(statistics.median(errors) * 1e3, worst * 1e3, statistics.mean(drifts) * 1e3, cpu * 1e6)


def best(rounds: Sequence[Measured]) -> Measured:
    """What the rounds say together."""
    calm = min(rounds, key=lambda one: one.worst)
    return replace(calm, cpu=min(one.cpu for one in rounds))


async def _all(server: Server, streams: int) -> Sequence[Sequence[float]]:
    return await asyncio.gather(*(_stream(server.port, SPREAD * n / streams) for n in range(streams)))


async def _asked(port: int, sent: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection over which a request went and a head came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def _stream(port: int, later: float) -> Sequence[float]:
    """When each event came."""
    await asyncio.sleep(later)
    reader, writer = await _asked(port, SENT)
    times: list[float] = []
    while len(times) < CHUNKS:
        data = await reader.read(65536)
        times.extend([time.monotonic()] * data.count(b"data: {"))
        if not data:
            raise RuntimeError("a stream ended early")
    writer.close()
    return times[:CHUNKS]


async def held(server: Server, streams: int) -> float:
    """kB a stream, while so many are open."""
    resting = _memory_of(server)
    writers = []
    for _ in range(streams):
        reader, writer = await _asked(server.port, HELD)
        await reader.readuntil(b"data: ")
        writers.append(writer)
    taken = _memory_of(server) - resting
    for writer in writers:
        writer.close()
    return taken / streams


def _memory_of(server: Server) -> int:
    """kB that the process holds (Linux)."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("streams", type=int, nargs="*", default=CONCURRENT)
    wanted = parser.parse_args()
    _allow_files(2 * max(wanted.streams))
    titles = ("error p50", "p99, ms", "drift, ms", "CPU, µs", "ratio", "kB", "ratio")
    print(f"{'streams':>8} {'':11}" + "".join(f"{title:>11}" for title in titles))
    for streams in wanted.streams:
        for name, cells in zip(NAMES, _compared(streams, wanted.rounds), strict=True):
            print(f"{streams:>8} {name:11}" + "".join(f"{cell:>11}" for cell in cells), flush=True)


def _allow_files(count: int) -> None:
    """A stream is a file, here and in the servers, which inherit this."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(count, 1024)), hard))


def _compared(streams: int, rounds: int) -> Iterator[Sequence[str]]:
    """A row for each server; ratios are those to the first."""
    with ExitStack() as stack:
        servers = [stack.enter_context(_server(name)) for name in NAMES]
        for server in servers:
            measure(server, 1)  # what is loaded when first used is loaded now
        memory = [asyncio.run(held(server, streams)) for server in servers]
        turns = [[measure(server, streams) for server in servers] for _ in range(rounds)]
    found = [best(one) for one in zip(*turns, strict=True)]
    for name, own, taken in zip(NAMES, found, memory, strict=True):
        errors = ("", "", "") if name == "jittered" else (f"{own.median:.2f}", f"{own.worst:.2f}", f"{own.drift:.2f}")
        cpu, kept = _ratio(own.cpu, found[0].cpu), _ratio(taken, memory[0])
        yield *errors, f"{own.cpu:.2f}", cpu, f"{taken:.2f}", kept


def _ratio(own: float, plain: float) -> str:
    return f"{own / plain:.2f}" if plain else ""


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
