"""The application without a network: what it costs itself, and nothing else."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import orjson
from starlette.types import ASGIApp

_PATH = "/v1/projects/demo/locations/global/endpoints/openapi/chat/completions"
_HEADERS = [
    (b"host", b"127.0.0.1:8089"),
    (b"accept", b"application/json"),
    (b"accept-encoding", b"gzip, deflate"),
    (b"connection", b"keep-alive"),
    (b"content-type", b"application/json"),
    (b"user-agent", b"OpenAI/Python 3.54.0"),
    (b"authorization", b"Bearer emulator"),
    (b"x-stainless-lang", b"python"),
    (b"x-stainless-retry-count", b"0"),
]


def bodies(distinct: int) -> Iterator[bytes]:
    """Chat requests of about 300 bytes, of which `distinct` differ; 0: all."""
    system = "You are a helpful assistant that answers briefly and in the language of the question."
    for number in count():
        user = f"What is the capital of country {number % distinct if distinct else number}?"
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        yield orjson.dumps({"model": "google/gemini-2.5-flash", "messages": messages, "temperature": 0.7})


async def ask(app: ASGIApp, body: bytes, session: bytes = b"default") -> None:
    """One request, its answer thrown away. RuntimeError where it is no 200."""
    # A server makes new bytes for every request; so does this.
    headers = [*_HEADERS, (b"x-emulator-session", bytes(bytearray(session)))]
    scope = {"type": "http", "method": "POST", "path": _PATH, "headers": headers, "app": app}

    async def receive() -> Any:
        return {"type": "http.request", "body": bytes(bytearray(body)), "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start" and message["status"] != 200:
            raise RuntimeError(f"status {message['status']}")

    await app(scope, receive, send)
