"""Dispatch of requests by path."""

from contextlib import suppress
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gemulator.core.version import __version__
from gemulator.request.target import target_of
from gemulator.server.endpoints import describe

_ADMIN = "/__emulator"
_HEALTH = f"{_ADMIN}/health"
# Paths of Google's token service and metadata server, on any host.
_TOKEN_PATHS = ("/", "/token", "/v1/token", "/tokeninfo", "/oauth2/{path:path}", "/computeMetadata/{path:path}")


class Application(Starlette):
    """Application that passes chat requests to `chat`, admin requests to `admin`, all others to Starlette's router."""

    def __init__(self, chat: ASGIApp, admin: ASGIApp, **options: Any) -> None:
        super().__init__(**options)
        self.router.redirect_slashes = False  # Google answers 404
        self._chat = chat
        self._admin = admin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(ClientDisconnect):  # before the end of its request: nobody reads an answer
            await self._dispatch(scope, receive, send)

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        if target_of(path) is not None and scope["method"] == "POST":
            await self._chat(scope, receive, send)
        elif path.startswith(f"{_ADMIN}/") and path != _HEALTH:
            await self._admin({**scope, "root_path": _ADMIN}, receive, send)
        else:
            await super().__call__(scope, receive, send)


async def health(request: Request) -> Response:
    """Answer that the process is alive, with the version."""
    return JSONResponse({"status": "ok", "version": __version__})


def routes_of(tokens: ASGIApp) -> list[BaseRoute]:
    """Return the routes besides chat and admin API."""
    return [
        Route(_HEALTH, health),
        *(Route(path, tokens) for path in _TOKEN_PATHS),
        Route("/{version}/projects/{project}/locations/{location}/endpoints/{endpoint}", describe),
    ]
