"""How long loading and choosing take, for growing numbers of turns: `python -m benchmarks.scenarios`."""

import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

from gemulator.request.conversation import Conversation
from gemulator.request.parser import parse
from gemulator.request.target import Target
from gemulator.scenario.library import Library, load

TARGET = Target("v1", "demo", "global", "openapi")
TURNS_PER_FILE = 10
CURVE = (10, 100, 1_000, 5_000, 20_000)

# What the turns of a large test suite look like: an order, a tool and its answer, a language, an error.
_TURN = """\
  - when: {{ user: order number {n}, tool_result: get_order }}
    reply: Order {n} is on its way.
  - when: {{ user: order number {n} }}
    reply: {{ call: get_order, with: {{ number: {n} }} }}
  - when: {{ user: [cancel {n}, stop {n}], model: google/gemini-3* }}
    reply: Cancelled.
  - when: {{ user: {{ equals: "Where is {n}?" }} }}
    reply: [{{ thinking: A parcel. }}, {{ text: "In Paris. {{{{ user }}}}" }}]
  - when: {{ user: refund {n} }}
    times: 2
    reply: {{ error: 429, retry_after: 1s }}
"""


def write(folder: Path, turns: int) -> None:
    """Files of ten turns each."""
    for file in range(turns // TURNS_PER_FILE):
        text = "".join(_TURN.format(n=f"{file:05d}{half}") for half in "ab")
        (folder / f"orders-{file:05d}.yaml").write_text(f"description: Orders.\nturns:\n{text}")


def conversation(text: str) -> Conversation:
    """A request with one user message."""
    body = b'{"model":"google/gemini-3.1-pro-preview","messages":[{"role":"user","content":"%s"}]}' % text.encode()
    return Conversation(parse(body), TARGET, {})


def questions(turns: int) -> Iterator[str]:
    """Questions that fit a turn somewhere in the middle of each tenth."""
    files = turns // TURNS_PER_FILE
    for tenth in range(10):
        number = f"{min(files - 1, files * tenth // 10):05d}a"
        yield f"Please, what about order number {number} of last week?"
        yield f"Where is {number}?"


def microseconds(library: Library, texts: Sequence[str]) -> tuple[float, float]:
    """Median and worst time of choosing a turn for each text, none of it cached."""
    times = []
    for text in [*texts, *texts]:  # the first round warms up
        asked = conversation(text)
        begun = time.perf_counter()
        chosen = next(library.matching_turns(asked), None)
        times.append((time.perf_counter() - begun) * 1e6)
        assert chosen is not None
    counted = times[len(texts) :]
    return statistics.median(counted), max(counted)


def loaded(turns: int, *, traced: bool) -> tuple[Library, float, float]:
    """A library, the seconds that loading took, and the MB that it keeps (only where traced, which is slow)."""
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), turns)
        if traced:
            tracemalloc.start()
        begun = time.perf_counter()
        library = load([Path(name)])
        seconds = time.perf_counter() - begun
        kept = tracemalloc.get_traced_memory()[0] / 1e6 if traced else 0.0
        tracemalloc.stop()
    return library, seconds, kept


def main() -> None:
    print(f"{'turns':>7} {'files':>6} {'load s':>8} {'choose µs (median)':>20} {'choose µs (worst)':>19}")
    for turns in CURVE:
        library, seconds, _ = loaded(turns, traced=False)
        median, worst = microseconds(library, list(questions(turns)))
        print(f"{turns:>7} {turns // TURNS_PER_FILE:>6} {seconds:>8.2f} {median:>20.1f} {worst:>19.1f}", flush=True)
    _, _, kept = loaded(CURVE[-1], traced=True)
    print(f"memory of {CURVE[-1]} turns in {CURVE[-1] // TURNS_PER_FILE} files: {kept:.0f} MB")


if __name__ == "__main__":
    main()
