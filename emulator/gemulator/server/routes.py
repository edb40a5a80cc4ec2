"""Which path goes where; everything else is Google's HTML page for it."""

import re
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gemulator.core.version import __version__
from gemulator.request.target import Target, target_of
from gemulator.server.chat import Chat
from gemulator.server.endpoints import describe
from gemulator.server.internal_error import internal_error
from gemulator.server.protocol.connection import HttpConnection, capture_headers

_ADMIN = "/__emulator"
_HEALTH = f"{_ADMIN}/health"
_SPECIAL = re.compile("[%?#]")  # where a path is not what stands there, or ends


@lru_cache(maxsize=1024)
def _path_and_target(url: bytes) -> tuple[str, Target | None]:
    """The path and the target of a chat request's URL, where it is as simple as any client's."""
    path = url.decode("latin-1")
    return path, target_of(path) if path.isascii() and not _SPECIAL.search(path) else None


class Application(Starlette):
    """An application with a short way for what comes from no browser: one path to match, no middleware.

    It is there for chat requests, and for those to the admin API.
    """

    def __init__(self, chat: Chat, admin: ASGIApp, **options: Any) -> None:
        super().__init__(**options)
        self._chat = chat
        self._admin = admin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answered = self._dispatch_fast(scope, receive, send) if scope["type"] == "http" else None
        if answered is None:
            await super().__call__(scope, receive, capture_headers(send))
            return
        try:
            await answered
        except Exception as error:
            with suppress(RuntimeError):  # where the answer has begun, the server takes no other
                response = await internal_error(Request(scope), error)
                await response(scope, receive, send)
            raise

    def answer_now(self, wire: HttpConnection, url: bytes, headers: Mapping[bytes, bytes], body: bytes) -> object:
        """Answer a POST that is here as a whole, if that takes no scope and no task (`direct.AtOnce`)."""
        path, target = _path_and_target(url)
        if target is None or b"origin" in headers:
            return None
        return self._chat.answer_now(wire, path, target, headers, body)

    def _dispatch_fast(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None] | None:
        """The answer on the short way; None: there is none for this request."""
        path = scope["path"]
        target = target_of(path) if scope["method"] == "POST" else None
        if target is None and (not path.startswith(_ADMIN + "/") or path == _HEALTH):
            return None
        headers = dict(scope["headers"])
        if b"origin" in headers:
            return None
        if target is not None:
            return self._chat(scope, receive, send, target, headers)
        return self._admin({**scope, "root_path": _ADMIN}, receive, send)


async def health(request: Request) -> Response:
    """Alive, with the version."""
    return JSONResponse({"status": "ok", "version": __version__})


class ChatRoute:
    """The way of a browser's chat requests, behind CORS."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        target = target_of(scope["path"])
        if target is None:
            raise HTTPException(404)
        await self._chat(scope, receive, send, target, dict(scope["headers"]))


# What Google's token service and metadata server answer, whatever the host.
_TOKEN_PATHS = ("/", "/token", "/v1/token", "/tokeninfo", "/oauth2/{path:path}", "/computeMetadata/{path:path}")


def routes_of(chat: Chat, admin: ASGIApp, tokens: ASGIApp) -> list[BaseRoute]:
    """All routes that are served."""
    return [
        Route(_HEALTH, health),
        Mount(_ADMIN, admin),
        *(Route(path, tokens) for path in _TOKEN_PATHS),
        Route("/{version}/projects/{project}/locations/{location}/endpoints/{endpoint}", describe),
        Route("/{path:path}", ChatRoute(chat), methods=["POST"]),
    ]
