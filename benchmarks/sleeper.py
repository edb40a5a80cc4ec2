"""The floor of pacing: a raw ASGI application that sleeps to deadlines and sends prepared events."""

import asyncio
import sys
import time
from typing import Any

import uvicorn

from benchmarks.floor import EVENT, EVENTS

CHUNKS, GAP = 50, 0.020
_HELD = 3600.0


async def app(scope: Any, receive: Any, send: Any) -> None:
    """50 events, 20 ms apart; the first at once. A request that names a pace of its own has an hour between them."""
    await receive()
    gap = _HELD if any(name == b"x-emulator-pacing" for name, _ in scope["headers"]) else GAP
    began = time.monotonic()
    await send({"type": "http.response.start", "status": 200, "headers": EVENTS})
    for number in range(CHUNKS):
        delay = began + number * gap - time.monotonic()
        if delay > 0:
            await asyncio.sleep(delay)
        await send({"type": "http.response.body", "body": EVENT, "more_body": True})
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


if __name__ == "__main__":
    options: dict[str, Any] = {"access_log": False, "log_level": "critical", "lifespan": "off", "ws": "none"}
    uvicorn.run(app, port=int(sys.argv[1]), timeout_graceful_shutdown=1, **options)
