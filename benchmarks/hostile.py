"""Others beside hostile requests: pace of streams, short requests and health checks, for one body after another.

    python -m benchmarks.hostile [--seconds N] [--file hostile.jsonl] [NAME ...]

While one client sends a hostile body again and again, 20 streams with a chunk each 20 ms, 50 short requests a second
and 10 health checks a second go on. For each body: how it was answered and in how many seconds, by how much the last
chunk of a stream comes later after the first than it should (drift, the worst of all streams), how many of the short
requests were answered a second and the slowest health check. The row `nothing` has no hostile body beside them. Bodies
are those built in, and the lines of a file with `name`, `path` and `body`.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.servers import PATH, Server, gemulator, request, started

STREAMS, CHUNKS, GAP = 20, 100, 0.02
SHORT, HEALTH = 50, 10  # a second
SCENARIO = f"""
pacing: {{ tokens_per_chunk: 1, inter_token: {round(GAP * 1000)}ms }}
turns:
  - when: {{ user: Go }}
    reply: "{" ".join(["word"] * CHUNKS)}"
"""
_USER = b'{"model":"google/gemini-2.5-flash","messages":[{"role":"user","content":'


def _repeated(begin: bytes, piece: bytes, end: bytes, size: int) -> bytes:
    return begin + b",".join([piece] * (size // (len(piece) + 1))) + end


def _bodies() -> Mapping[str, tuple[str, bytes]]:
    """20 MB, and as many small values as the limit allows."""
    full, allowed = 19_500_000, 450_000
    message, part = b'{"role":"user","content":"x"}', b'{"type":"text","text":"x"}'
    bodies = {
        "20 MB of numbers": _repeated(_USER + b'"x"}],"z":[', b"1", b"]}", full),
        "20 MB of empty lists": _repeated(_USER + b'"x"}],"z":[', b"[]", b"]}", full),
        "20 MB of messages": _repeated(_USER + b'"x"},', message, b"]}", full),
        "20 MB of parts": _repeated(_USER + b"[", part, b"]}]}", full),
        "20 MB of one text": _USER + b'"' + b"word, " * (full // 6) + b'"}]}',
        "20 MB of escapes": _USER + b'"' + b"\\n" * (full // 2) + b'"}]}',
        "20 MB of no JSON": _USER + b'"' + b"word, " * (full // 6),
        "allowed numbers": _repeated(_USER + b'"x"}],"z":[', b"1", b"]}", allowed * 2),
        "allowed empty lists": _repeated(_USER + b'"x"}],"z":[', b"[]", b"]}", allowed * 3 // 2),
        "allowed messages": _repeated(_USER + b'"x"},', message, b"]}", 19_000 * (len(message) + 1)),
        "allowed parts": _repeated(_USER + b"[", part, b"]}]}", 19_000 * (len(part) + 1)),
        "20 MB of an image": _USER
        + b'[{"type":"image_url","image_url":{"url":"data:image/png;base64,'
        + b"QUJD" * (full // 4)
        + b'"}}]}]}',
    }
    return {name: (PATH, body) for name, body in bodies.items()}


def read(file: Path) -> Mapping[str, tuple[str, bytes]]:
    """Return the bodies of a file of JSON lines."""
    rows = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    return {row["name"]: (row["path"], json.dumps(row["body"]).encode()) for row in rows}


@dataclass(slots=True)
class Measured:
    """Seconds, but for `short`: answers a second."""

    statuses: list[int] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    drifts: list[float] = field(default_factory=list)
    health: list[float] = field(default_factory=list)
    short: float = 0.0


async def measure(port: int, hostile: bytes | None, seconds: float) -> Measured:
    """Send everything at once for so long."""
    found, end = Measured(), time.monotonic() + seconds
    streams = [_streams(port, found, end) for _ in range(STREAMS)]
    beside = [_hostile(port, hostile, found, end)] if hostile else []
    await asyncio.gather(*streams, *beside, _short(port, found, end), _health(port, found, end))
    found.short /= seconds
    return found


async def _answer(port: int, sent: bytes) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    writer.write(sent)
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return int(head.split()[1])


async def _hostile(port: int, sent: bytes, found: Measured, end: float) -> None:
    while time.monotonic() < end:
        began = time.monotonic()
        found.statuses.append(await _answer(port, sent))
        found.took.append(time.monotonic() - began)


async def _streams(port: int, found: Measured, end: float) -> None:
    body = json.dumps({"model": "google/m", "stream": True, "messages": [{"role": "user", "content": "Go"}]}).encode()
    while time.monotonic() < end:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request(PATH, body))
        times: list[float] = []
        while len(times) < CHUNKS:
            data = await reader.read(65536)
            if not data:
                raise RuntimeError("a stream ended early")
            times.extend([time.monotonic()] * data.count(b"data: {"))
        writer.close()
        found.drifts.append(times[CHUNKS - 1] - times[0] - (CHUNKS - 1) * GAP)


async def _short(port: int, found: Measured, end: float) -> None:
    body = json.dumps({"model": "google/m", "messages": [{"role": "user", "content": "Hello"}]}).encode()
    sent = request(PATH, body)

    async def one() -> None:
        if await _answer(port, sent) == 200 and time.monotonic() < end:
            found.short += 1

    async with asyncio.TaskGroup() as group:
        while time.monotonic() < end:
            group.create_task(one())
            await asyncio.sleep(1 / SHORT)


async def _health(port: int, found: Measured, end: float) -> None:
    sent = b"GET /__emulator/health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
    while time.monotonic() < end:
        began = time.monotonic()
        assert await _answer(port, sent) == 200
        found.health.append(time.monotonic() - began)
        await asyncio.sleep(1 / HEALTH)


def _row(server: Server, name: str, hostile: bytes | None, seconds: float) -> Sequence[str]:
    before = server.cpu()
    found = asyncio.run(measure(server.port, hostile, seconds))
    cpu = (server.cpu() - before) / seconds
    answers = ",".join(map(str, sorted(set(found.statuses)))) or "-"
    took = f"{statistics.median(found.took):.2f}" if found.took else "-"
    drift, health = max(found.drifts) * 1000, max(found.health) * 1000
    return name[:40], answers, took, f"{drift:.0f}", f"{found.short:.1f}", f"{health:.0f}", f"{cpu:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--file", type=Path)
    parser.add_argument("names", nargs="*", help="only bodies whose names have one of these words")
    wanted = parser.parse_args()
    bodies = {**_bodies(), **(read(wanted.file) if wanted.file else {})}
    titles = ("beside", "answer", "s", "drift, ms", "short/s", "health, ms", "CPU/s")
    print("".join(f"{title:>{width}}" for title, width in zip(titles, _WIDTHS, strict=True)))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "bench.yaml").write_text(SCENARIO)
        with started(
            "gemulator", lambda port: gemulator(port, "--scenarios", folder, "--log-format", "plain")
        ) as server:
            for name, (path, body) in {"nothing": ("", b""), **bodies}.items():
                if not wanted.names or name == "nothing" or any(word in name for word in wanted.names):
                    row = _row(server, name, request(path, body) if body else None, wanted.seconds)
                    print("".join(f"{cell:>{width}}" for cell, width in zip(row, _WIDTHS, strict=True)), flush=True)


_WIDTHS = (42, 9, 8, 11, 10, 12, 8)

if __name__ == "__main__":
    main()
