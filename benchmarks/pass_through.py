"""Bare pass-through and its upstream: Starlette with httpx, and a raw application that sends prepared events.

python -m benchmarks.pass_through upstream PORT | bare PORT UPSTREAM
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from benchmarks.floor import EVENTS

FIRST = b'data: {"choices":[{"delta":{"content":"Hello","role":"assistant"},"index":0}]}\n\n'
SECOND = b'data: {"choices":[{"delta":{"content":" you"},"index":0}]}\n\n'
LAST = b'data: {"choices":[{"delta":{},"finish_reason":"stop","index":0}]}\n\ndata: [DONE]\n\n'
_GAP = 0.005


async def upstream(scope: Any, receive: Any, send: Any) -> None:
    """Answer every request with two events at once, and the end 5 ms later."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": EVENTS})
    await send({"type": "http.response.body", "body": FIRST + SECOND, "more_body": True})
    await asyncio.sleep(_GAP)
    await send({"type": "http.response.body", "body": LAST})


def bare(url: str) -> Starlette:
    """Return an application that passes requests on to `url`, and bytes back."""
    client = httpx.AsyncClient(limits=httpx.Limits(max_connections=None))

    async def forward(request: Request) -> StreamingResponse:
        sent = client.build_request("POST", url + request.url.path, content=await request.body())
        answer = await client.send(sent, stream=True)

        async def parts() -> AsyncIterator[bytes]:
            async for part in answer.aiter_raw():
                yield part
            await answer.aclose()

        return StreamingResponse(parts(), answer.status_code, {"content-type": answer.headers["content-type"]})

    return Starlette(routes=[Route("/{path:path}", forward, methods=["POST"])])


if __name__ == "__main__":
    kind, port, *more = sys.argv[1:]
    app: Any = upstream if kind == "upstream" else bare(*more)
    uvicorn.run(app, port=int(port), access_log=False, log_level="critical", lifespan="off", ws="none")
