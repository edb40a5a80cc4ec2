"""CORS middleware."""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gemulator.server.protocol.connection import capture_headers


class Cors(CORSMiddleware):
    """CORS middleware for `origins` (comma-separated, `*`: all), applied to requests with an `Origin`.

    It merges `vary` values, because Google's headers name the origin too, and captures the headers of raw heads.
    """

    def __init__(self, app: ASGIApp, origins: str) -> None:
        super().__init__(
            app,
            allow_origins=[origin.strip() for origin in origins.split(",") if origin.strip()],
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=["*"],
            allow_private_network=True,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        send = capture_headers(send)
        if any(name == b"origin" for name, _ in scope.get("headers", ())):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def send(self, message: Message, send: Send, request_headers: Headers) -> None:
        async def merge_vary(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                names = re.split(r",\s*", ",".join(headers.getlist("vary")))
                headers["vary"] = ", ".join(dict.fromkeys(names))
            await send(message)

        await super().send(message, merge_vary, request_headers)
