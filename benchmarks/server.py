"""CPU and rate of gemulator against a raw ASGI application on the same uvicorn, side by side in one run.

    python -m benchmarks.server [ROUNDS]

Prints ratios of CPU per request (the steady figure) and of requests a second. Ratios, not times: machines differ.
"""

import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.servers import PATH, Server, floor, gemulator, load, request, started

MODEL = "google/gemini-3.5-flash"
SCENARIO = """
turns:
  - when: { user: stream }
    reply: "%s"
  - reply: The capital of France is Paris, home to about 2.1 million people.
"""


def small(text: str, **fields: object) -> bytes:
    """A request of about 300 bytes."""
    system = "You are a helpful assistant that answers briefly and in the language of the question."
    messages = [{"role": "system", "content": system}, {"role": "user", "content": text}]
    return json.dumps({"model": MODEL, "messages": messages, "temperature": 0.7, **fields}).encode()


def large(text: str) -> bytes:
    """A request of about 5 kB: a history and eight tools."""
    parameters = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
    functions = [{"name": f"tool_{i}", "description": "Looks things up.", "parameters": parameters} for i in range(8)]
    history = [
        {"role": role, "content": f"Message {i} of a longer history, with some words in it to give it a usual length."}
        for i in range(11)
        for role in ("user", "assistant")
    ]
    return small(
        text,
        messages=[*history, {"role": "user", "content": text}],
        tools=[{"type": "function", "function": f} for f in functions],
    )


CASES: dict[str, tuple[int, float, Callable[[int], bytes]]] = {
    # name: requests a round, aim of the ratio, body of the i-th request
    "repeated, 300 B": (3000, 2.0, lambda i: small("What is the capital of France?")),
    "repeated, 5 kB": (2000, 2.0, lambda i: large("What is the capital of France?")),
    "always new, 300 B": (2000, 3.5, lambda i: small(f"What is the capital of country {i}?")),
    "always new, 5 kB": (1000, 3.5, lambda i: large(f"What is the capital of country {i}?")),
    "stream, 200 chunks": (200, 0.4, lambda i: small("stream", stream=True)),
}


def measure(ours: Server, raw: Server, rounds: int) -> None:
    serial = iter(range(10**9))
    print(f"{'':22}{'CPU ratio':>10}{'aim':>6}{'rate ratio':>12}{'CPU/req, µs':>14}")
    for name, (count, aim, body) in CASES.items():
        path = "/stream" if "stream" in name else "/unary"
        cpu, rate, mine = [], [], []
        for _ in range(rounds):
            sent = [request(PATH, body(next(serial))) for _ in range(count)]
            plain = load(raw, [request(path, body(0))] * count)
            own = load(ours, sent)
            cpu.append(own.cpu / plain.cpu)
            rate.append(own.rate / plain.rate)
            mine.append(own.cpu)
        print(
            f"{name:22}{statistics.median(cpu):>10.2f}{aim:>6}{statistics.median(rate):>12.2f}{min(mine) * 1e6:>14.0f}"
        )


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "bench.yaml").write_text(SCENARIO % ("word " * 200).strip() + "\n")
        options = ("--scenarios", str(folder), "--log-format", "plain")
        paced = (folder / "bench.yaml").read_text().replace("turns:", "pacing: { tokens_per_chunk: 1 }\nturns:")
        (folder / "bench.yaml").write_text(paced)
        ours = stack.enter_context(started("gemulator", lambda port: gemulator(port, *options)))
        raw = stack.enter_context(started("raw", floor))
        measure(ours, raw, rounds)


if __name__ == "__main__":
    main()
