"""What journal and metrics cost a request: CPU with them against without, side by side in one run.

    python -m benchmarks.journal [ROUNDS]

In process, so that the network hides nothing. A request over HTTP costs several times as much, its share is smaller.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from itertools import islice
from unittest.mock import patch

from starlette.types import ASGIApp

from benchmarks.in_process import ask, bodies
from gemulator import create_app
from gemulator.core.settings import Settings
from gemulator.server.metrics import Metrics
from gemulator.state.journal.entry import Finished, Received
from gemulator.state.memory import MemoryStore

_REQUESTS = 4_000


class Forgetful(MemoryStore):
    """Counts, but keeps no journal."""

    async def append(self, received: Received) -> int:
        return 1

    async def finish(self, session: str, number: int, finished: Finished) -> None:
        return None


def app(store: MemoryStore) -> ASGIApp:
    return create_app(Settings(scenarios=(), log_format="off"), store=store)


async def cost(application: ASGIApp, asked: Sequence[bytes]) -> float:
    """CPU microseconds a request."""
    began = time.process_time()
    for body in asked:
        await ask(application, body)
    return (time.process_time() - began) / len(asked) * 1e6


async def measure(name: str, distinct: int, rounds: int) -> None:
    with patch.object(Metrics, "add", lambda *_: None):
        without = app(Forgetful())
    with_ = app(MemoryStore())
    stream = bodies(distinct)
    pairs: list[tuple[float, float]] = []
    for turn in range(rounds + 1):
        asked = list(islice(stream, _REQUESTS))
        order = (with_, without) if turn % 2 else (without, with_)
        taken = {}
        for application in order:
            with patch.object(Metrics, "add", Metrics.add if application is with_ else lambda *_: None):
                taken[application is with_] = await cost(application, asked)
        if turn:  # the first warms up
            pairs.append((taken[True], taken[False]))
    ratio = statistics.median(one / other for one, other in pairs)
    more = statistics.median(one - other for one, other in pairs)
    bare = statistics.median(other for _, other in pairs)
    print(f"{name:12} {ratio:.2f} of {bare:.0f} us without: {more:.1f} us a request (medians of pairs)", flush=True)


async def main(rounds: int) -> None:
    await measure("repeated", 1, rounds)
    await measure("always new", 0, rounds)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 7))
