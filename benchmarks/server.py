"""CPU and rate of gemulator against a raw ASGI application on the same uvicorn, side by side in one run.

    python -m benchmarks.server [ROUNDS] [--before FOLDER] [--case TEXT]

Prints ratios of CPU per request (the steady figure) and of requests a second. Ratios, not times: machines differ.
`--before` measures the server of another working tree in the same rounds, so that a change is held against what was
before it: `git worktree add ../before COMMIT`, then `--before ../before`. Its column is the CPU of this tree ÷ that of
the other. Two equal trees differ by some 3 % in 15 rounds.
"""

import argparse
import json
import statistics
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


def agent(text: str) -> bytes:
    """A request of about 8 kB: the twelfth message of an agent with twenty tools."""
    fields = {
        "city": {"type": "string", "description": "Name of the city."},
        "days": {"type": "integer"},
        "unit": {"type": "string", "enum": ["c", "f"]},
        "tags": {"type": "array", "items": {"type": "string"}},
    }
    parameters = {"type": "object", "properties": fields, "required": ["city"]}
    functions = [{"name": f"tool_{i}", "description": "Looks things up.", "parameters": parameters} for i in range(20)]
    history: list[dict[str, object]] = [{"role": "system", "content": "You plan journeys and look things up."}]
    for i in range(3):
        function = {"name": f"tool_{i}", "arguments": '{"city":"Oslo"}'}
        call = {"id": f"call_{i}", "type": "function", "function": function}
        history += [
            {"role": "user", "content": f"Question {i}: what should I pack?"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"call_{i}", "content": '{"temperature": 7}'},
        ]
    history.append({"role": "assistant", "content": "A warm coat."})
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
    "agent, 20 tools": (1000, 6.0, lambda i: agent(f"What is the capital of country {i}?")),
    "stream, 200 chunks": (200, 0.4, lambda i: small("stream", stream=True)),
}


def measure(ours: Server, raw: Server, before: Server | None, rounds: int, chosen: str) -> None:
    serial = iter(range(10**9))
    compared = f"{'÷ before':>10}" if before else ""
    print(f"{'':22}{'CPU ratio':>10}{'aim':>6}{'rate ratio':>12}{'CPU/req, µs':>14}{compared}")
    for name, (count, aim, body) in CASES.items():
        if chosen not in name:
            continue
        path = "/stream" if "stream" in name else "/unary"
        cpu, rate, mine, change = [], [], [], []
        for turn in range(rounds):
            sent = [request(PATH, body(next(serial))) for _ in range(count)]
            plain = load(raw, [request(path, body(0))] * count)
            earlier = load(before, sent) if before and turn % 2 else None
            own = load(ours, sent)
            earlier = earlier or (load(before, sent) if before else own)
            cpu.append(own.cpu / plain.cpu)
            rate.append(own.rate / plain.rate)
            mine.append(own.cpu)
            change.append(own.cpu / earlier.cpu)
        print(
            f"{name:22}{statistics.median(cpu):>10.2f}{aim:>6}{statistics.median(rate):>12.2f}{min(mine) * 1e6:>14.0f}"
            + (f"{statistics.median(change):>10.3f}" if before else ""),
            flush=True,
        )


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.server")
    options.add_argument("rounds", nargs="?", type=int, default=5)
    options.add_argument("--before", metavar="FOLDER", type=Path, help="another working tree to compare with")
    options.add_argument("--case", metavar="TEXT", default="", help="only the cases with this text in their name")
    given = options.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        paced = "pacing: { tokens_per_chunk: 1 }\n" + SCENARIO % ("word " * 200).strip() + "\n"
        (folder / "bench.yaml").write_text(paced)
        scenario = ("--scenarios", str(folder), "--log-format", "plain")
        servers = [
            stack.enter_context(started("gemulator", lambda port: gemulator(port, *scenario), tree))
            for tree in (Path(), given.before)
            if tree is not None
        ]
        raw = stack.enter_context(started("raw", floor))
        measure(servers[0], raw, servers[1] if given.before else None, given.rounds, given.case)


if __name__ == "__main__":
    main()
