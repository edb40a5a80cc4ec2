"""First byte of forwarded streams beside a bare Starlette and httpx pass-through, in one run; then memory.

    python -m benchmarks.forward [--requests N] [--streams N]

Requests take turns: straight to the upstream, through the bare pass-through, through gemulator to the same server with
Google's paths (`vertex`) and as an OpenAI-compatible one (`openai`). The ratio compares what each adds to the median
time of the first byte. Memory is that of a server over all streams, 200 at a time.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.servers import PATH, Server, gemulator, request, started

_BODY = json.dumps({"model": "google/m", "stream": True, "messages": [{"role": "user", "content": "Go."}]}).encode()
SENT = request(PATH, _BODY)
PARALLEL = 200
_POINTS = 10


async def first_byte(port: int) -> float:
    """Seconds from the request to the first byte of the body; the stream is read to its end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.perf_counter()
    writer.write(SENT)
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(1)
    took = time.perf_counter() - began
    rest = await reader.readuntil(b"\r\n0\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200") or b"[DONE]" not in rest:
        raise RuntimeError((head + rest).decode("latin-1"))
    writer.close()
    return took


async def compare(servers: Sequence[Server], requests: int) -> dict[str, list[float]]:
    """Times of the first byte by server, which take turns."""
    times: dict[str, list[float]] = {server.name: [] for server in servers}
    for number in range(requests + 20):
        for server in servers:
            took = await first_byte(server.port)
            if number >= 20:  # the first ones open connections and import modules
                times[server.name].append(took)
    return times


async def run_streams(server: Server, streams: int) -> None:
    """All streams, `PARALLEL` at a time; print the memory of the server ten times."""
    for point in range(_POINTS):
        for _ in range(max(1, streams // _POINTS // PARALLEL)):
            await asyncio.gather(*(first_byte(server.port) for _ in range(PARALLEL)))
        status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
        held = int(status.partition("VmRSS:")[2].split()[0]) / 1024
        print(
            f"{(point + 1) * max(1, streams // _POINTS // PARALLEL) * PARALLEL:>8,} streams  {held:7.1f} MB", flush=True
        )


def forwarding(port: int, upstream: str) -> list[str]:
    options = ("--unmatched", "forward", "--upstream", upstream, "--scenarios", "none", "--log-format", "off")
    return gemulator(port, *options)


def module(port: int, kind: str, *more: str) -> list[str]:
    return [sys.executable, "-m", "benchmarks.pass_through", kind, str(port), *more]


def main(requests: int, streams: int) -> None:
    with ExitStack() as stack:
        upstream = stack.enter_context(started("upstream", lambda port: module(port, "upstream")))
        url = f"http://127.0.0.1:{upstream.port}"
        servers = [
            upstream,
            stack.enter_context(started("bare", lambda port: module(port, "bare", url))),
            stack.enter_context(started("vertex", lambda port: forwarding(port, f"vertex={url}"))),
            stack.enter_context(started("openai", lambda port: forwarding(port, f"openai={url}/v1"))),
        ]
        medians = {name: statistics.median(own) for name, own in asyncio.run(compare(servers, requests)).items()}
        added = {name: median - medians["upstream"] for name, median in medians.items()}
        for name, median in medians.items():
            ratio = f"{added[name] / added['bare']:.2f} x bare" if name != "upstream" else ""
            print(f"{name:10} first byte {median * 1e3:6.2f} ms  adds {added[name] * 1e3:6.2f} ms  {ratio}", flush=True)
        for server in servers[2:]:
            print(server.name)
            asyncio.run(run_streams(server, streams))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--streams", type=int, default=10_000)
    given = parser.parse_args()
    main(given.requests, given.streams)
