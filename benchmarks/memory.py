"""Memory over many requests: the curve must become flat.

    python -m benchmarks.memory [REQUESTS]

A million by default, in process: half of them repeated, half always new, in 2,000 sessions that come and go.
"""

import asyncio
import sys
from pathlib import Path

from benchmarks.in_process import ask, bodies
from gemulator import create_app
from gemulator.core.settings import Settings

_POINTS = 20
_SESSIONS = 2_000
_MARK = 5  # megabytes


def resident() -> float:
    """Megabytes that the process holds now."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


async def main(requests: int) -> None:
    app = create_app(Settings(scenarios=(), log_format="off"))
    repeated, new = bodies(100), bodies(0)
    print(row(0, held := resident()), flush=True)
    second_half: list[float] = []
    step = max(1, requests // _POINTS)
    for number in range(1, requests + 1):
        session = b"s%d" % (number * 7 // 100 % _SESSIONS) if number % 2 else b"default"
        await ask(app, next(repeated if number % 4 < 2 else new), session)
        if number % step == 0:
            print(row(number, held := resident()), flush=True)
            if number * 2 >= requests:
                second_half.append(held)
    losses = await app.state.engine.store.losses()
    grown = second_half[-1] / second_half[0] - 1
    print(f"second half: {second_half[0]:.1f} to {held:.1f} MB ({grown:+.1%}); evicted {losses.evicted:,}")


def row(requests: int, held: float) -> str:
    """A point of the curve."""
    return f"{requests:>10,}  {held:7.1f} MB  {'#' * round(held / _MARK)}"


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
