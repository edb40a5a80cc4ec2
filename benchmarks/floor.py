"""The floor: raw ASGI applications on the same uvicorn, which only send what they were given."""

import os
import sys
from typing import Any

import uvicorn

UNARY = b'{"choices":[{"finish_reason":"stop","index":0,"logprobs":null,"message":{"content":"' + b"x" * 400 + b'"}}]}'
EVENT = (
    b'data: {"choices":[{"delta":{"content":" word"},"index":0}],"created":1770850461,"id":"' + b"x" * 190 + b'"}\n\n'
)
JSON = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(UNARY))]
EVENTS = [(b"content-type", b"text/event-stream")]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers every request with the same bytes; `/stream`: 200 events, one send each."""
    await receive()
    if not scope["path"].endswith("stream"):
        await send({"type": "http.response.start", "status": 200, "headers": JSON})
        await send({"type": "http.response.body", "body": UNARY})
        return
    await send({"type": "http.response.start", "status": 200, "headers": EVENTS})
    for _ in range(200):
        await send({"type": "http.response.body", "body": EVENT, "more_body": True})
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


if __name__ == "__main__":
    print(os.getpid(), flush=True)
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning", lifespan="off", ws="none")
