"""Memory over many requests: the curve must become flat.

    python -m benchmarks.memory [REQUESTS] [LARGE]

A million by default, in process: half of them repeated, half always new, in 2,000 sessions that come and go. Every
LARGE-th (default: none) is new and large: a prompt of 200 kB, a picture of 1 MB and 50 tools of 900 characters.
"""

import asyncio
import base64
import hashlib
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import orjson

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


def large_bodies() -> Iterator[bytes]:
    """Chat requests of about 1.6 MB, all of which differ, with the same tools."""
    functions = [{"name": f"tool_{number}", "description": "d" * 900} for number in range(50)]
    tools = [{"type": "function", "function": function} for function in functions]
    for number in count():
        picture = base64.b64encode(hashlib.shake_128(b"%d" % number).digest(1_000_000))
        url = f"data:image/png;base64,{picture.decode()}"
        content = [
            {"type": "text", "text": f"{number} {'words ' * 33_000}"},
            {"type": "image_url", "image_url": {"url": url}},
        ]
        message = {"role": "user", "content": content}
        yield orjson.dumps({"model": "google/gemini-2.5-flash", "messages": [message], "tools": tools})


async def main(requests: int, large: int) -> None:
    app = create_app(Settings(scenarios=(), log_format="off"))
    repeated, new, big = bodies(100), bodies(0), large_bodies()
    print(row(0, held := resident()), flush=True)
    second_half: list[float] = []
    step = max(1, requests // _POINTS)
    for number in range(1, requests + 1):
        session = b"s%d" % (number * 7 // 100 % _SESSIONS) if number % 2 else b"default"
        is_large = large and number % large == 0
        await ask(app, next(big if is_large else repeated if number % 4 < 2 else new), session)
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
    given = [int(text) for text in sys.argv[1:]]
    asyncio.run(main(*(given + [1_000_000, 0][len(given) :])))
