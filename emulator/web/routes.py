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

from emulator import __version__
from emulator.request import Target
from emulator.web.chat import Chat
from emulator.web.endpoints import describe
from emulator.web.log import RequestLog
from emulator.web.transport import Wire, catching

_ADMIN = "/__emulator"
_HEALTH = f"{_ADMIN}/health"
_ODD = re.compile("[%?#]")  # where a path is not what stands there, or ends
_CHAT = re.compile(r"/(v1|v1beta1)/projects/([^/]+)/locations/([^/]+)/endpoints/([^/]+)/chat/completions/?")


@lru_cache(maxsize=1024)
def target_of(path: str) -> Target | None:
    """The target of a chat request, None where the path is no chat route."""
    found = _CHAT.fullmatch(path)
    return Target(*found.groups()) if found else None


@lru_cache(maxsize=1024)
def _place_of(url: bytes) -> tuple[str, Target | None]:
    """The path and the target of a chat request's URL, where it is as simple as any client's."""
    path = url.decode("latin-1")
    return path, target_of(path) if path.isascii() and not _ODD.search(path) else None


class Front(Starlette):
    """An application with a short way for what comes from no browser: one path to match, no middleware.

    It is there for chat requests, and for those to the admin API.
    """

    def __init__(self, chat: Chat, admin: ASGIApp, **options: Any) -> None:
        super().__init__(**options)
        self._chat = chat
        self._admin = admin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answered = self._shortly(scope, receive, send) if scope["type"] == "http" else None
        if answered is None:
            await super().__call__(scope, receive, catching(send))
            return
        try:
            await answered
        except Exception as error:
            with suppress(RuntimeError):  # where the answer has begun, the server takes no other
                await bug(Request(scope), error)(scope, receive, send)
            raise

    def at_once(self, wire: Wire, url: bytes, headers: Mapping[bytes, bytes], body: bytes) -> object:
        """Answer a POST that is here as a whole, if that takes no scope and no task (`direct.AtOnce`)."""
        path, target = _place_of(url)
        if target is None or b"origin" in headers:
            return None
        return self._chat.at_once(wire, path, target, headers, body)

    def _shortly(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None] | None:
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


def bug(request: Request, error: Exception) -> Response:
    """Our own mistake: never to be taken for the emulated service's."""
    body = {"error": {"code": 500, "message": f"gemulator: {error!r}: please report this", "status": "INTERNAL"}}
    return JSONResponse(body, 500, {"x-emulator-error": "bug"})


async def health(request: Request) -> Response:
    """Alive, with the version."""
    return JSONResponse({"status": "ok", "version": __version__})


class NotFound:
    """Google's page for an unknown URL (fidelity.md, Errors), with a hint for the developer in header and log."""

    def __init__(self, log: RequestLog, *, hints: bool) -> None:
        self._log = log
        self._hints = hints

    async def __call__(self, request: Request, error: Exception) -> Response:
        method, path = request.method, request.url.path
        hint = f"{method} is not served here: send a POST" if target_of(path) else hint_for(path)
        self._log.lost(method, path, hint)
        page = _PAGE.format(code=404, title="Not Found", path=_escaped(path))
        if hint is None or not self._hints:
            return Response(page, 404, media_type=_HTML)
        if path == "/":  # somebody looks at it who sees no headers
            page += f"  <p>{hint}\n"
        return Response(page, 404, {"x-emulator-hint": hint}, _HTML)


_HTML = "text/html; charset=UTF-8"
_EXPECTED = "/v1/projects/PROJECT/locations/LOCATION/endpoints/openapi/chat/completions"


def hint_for(path: str) -> str | None:
    """What is nearly right about a path; None where nothing is."""
    if path == "/":
        return f"gemulator {__version__} is here: send a POST to {_EXPECTED}"
    if "//" in path:
        return _hint_for_slashes(path, re.sub("/+", "/", path))
    if path.startswith("/projects/"):
        return "the path begins with /v1 or /v1beta1"
    if re.search("/publishers/[^/]+/models/?$", path):
        return "Google's catalogue of models is not served; a request may name any model"
    if path.rstrip("/").endswith("/models"):
        return "there is no /models under an endpoint; name the model in the request"
    if path.rstrip("/").endswith(("/endpoints/openapi", "/endpoints")):
        return "append /chat/completions (an SDK does so itself)"
    if path.endswith("/chat/completions"):
        return f"expected {_EXPECTED}"
    return None


def _hint_for_slashes(path: str, once: str) -> str | None:
    """Of a path with doubled slashes: one is too many, or something between them is empty, like an unset variable."""
    empty = [name for name in ("project", "location", "endpoint") if f"/{name}s//" in path]
    if target_of(once) is None and empty:
        return f"{' and '.join(f'the {name}' for name in empty)} in the path {'is' if len(empty) == 1 else 'are'} empty"
    return f"a doubled slash: did you mean {_quoted(once)} ?"


def _quoted(path: str) -> str:
    from urllib.parse import quote

    return quote(path, safe="/:@")


def _escaped(text: str) -> str:
    from html import escape

    return escape(text)


_PAGE = """<!DOCTYPE html>
<html lang=en>
  <meta charset=utf-8>
  <meta name=viewport content="initial-scale=1, minimum-scale=1, width=device-width">
  <title>Error {code} ({title})!!1</title>
  <p><b>{code}.</b> <ins>That’s an error.</ins>
  <p>The requested URL <code>{path}</code> was not found on this server.  <ins>That’s all we know.</ins>
"""


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
_TOKENS = ("/", "/token", "/v1/token", "/tokeninfo", "/oauth2/{path:path}", "/computeMetadata/{path:path}")


def routes_of(chat: Chat, admin: ASGIApp, tokens: ASGIApp) -> list[BaseRoute]:
    """All routes that are served."""
    return [
        Route(_HEALTH, health),
        Mount(_ADMIN, admin),
        *(Route(path, tokens) for path in _TOKENS),
        Route("/{version}/projects/{project}/locations/{location}/endpoints/{endpoint}", describe),
        Route("/{path:path}", ChatRoute(chat), methods=["POST"]),
    ]
