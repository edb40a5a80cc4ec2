"""CORS middleware."""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gemulator.server.protocol.connection import capture_headers

_PRIVATE_NETWORK = b"access-control-request-private-network"


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
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        send = capture_headers(send)
        if any(name == b"origin" for name, _ in scope.get("headers", ())):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def preflight_response(self, request_headers: Headers) -> Response:
        """Allow calls from a public page to this machine, as Starlette itself does from 0.51 on."""
        others = Headers(raw=[pair for pair in request_headers.raw if pair[0] != _PRIVATE_NETWORK])
        response = super().preflight_response(others)
        if len(others) != len(request_headers):
            response.headers["access-control-allow-private-network"] = "true"
        return response

    async def send(self, message: Message, send: Send, request_headers: Headers) -> None:
        async def merge_vary(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                names = re.split(r",\s*", ",".join([*headers.getlist("vary"), "Origin"]))
                headers["vary"] = ", ".join(dict.fromkeys(names))
            await send(message)

        await super().send(message, merge_vary, request_headers)
