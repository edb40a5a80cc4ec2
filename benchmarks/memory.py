"""Memory over many requests: the curve must become flat.

    python -m benchmarks.memory [REQUESTS]

A million by default, in process: half of them repeated, half always new, in 2,000 sessions that come and go.
"""

import asyncio
import sys
from pathlib import Path

from benchmarks.in_process import ask, bodies
from emulator import create_app
from emulator.settings import Settings

_POINTS = 20
_SESSIONS = 2_000
_WIDTH = 50


def resident() -> float:
    """Megabytes that the process holds now."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


async def main(requests: int) -> None:
    app = create_app(Settings(scenarios=(), log_format="off"))
    repeated, new = bodies(100), bodies(0)
    curve = [(0, resident())]
    step = max(1, requests // _POINTS)
    for number in range(1, requests + 1):
        session = b"s%d" % (number * 7 // 100 % _SESSIONS) if number % 2 else b"default"
        await ask(app, next(repeated if number % 4 < 2 else new), session)
        if number % step == 0:
            curve.append((number, resident()))
    top = max(held for _, held in curve)
    for number, held in curve:
        print(f"{number:>10,}  {held:7.1f} MB  {'#' * round(held / top * _WIDTH)}")
    half = [held for number, held in curve if number >= requests / 2]
    losses = await app.state.engine.store.losses()
    print(
        f"second half: {half[0]:.1f} to {half[-1]:.1f} MB ({half[-1] / half[0] - 1:+.1%}); evicted {losses.evicted:,}"
    )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
