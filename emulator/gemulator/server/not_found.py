"""Google's 404 page with gemulator's hints."""

import re

from starlette.requests import Request
from starlette.responses import Response

from gemulator.core.version import __version__
from gemulator.request.target import target_of
from gemulator.server.log import RequestLog


class NotFound:
    """Handler that answers with Google's 404 page (fidelity.md, Errors) and puts a hint into header and log."""

    def __init__(self, log: RequestLog, *, emulator_headers: bool) -> None:
        self._log = log
        self._emulator_headers = emulator_headers

    async def __call__(self, request: Request, error: Exception) -> Response:
        method, path = request.method, request.url.path
        hint = f"{method} is not supported here: send a POST" if target_of(path) else path_hint(path)
        self._log.unrouted(method, path, hint)
        page = _PAGE.format(code=404, title="Not Found", path=_escape_html(path))
        if hint is None or not self._emulator_headers:
            return Response(page, 404, media_type=_HTML)
        if path == "/":  # opened in a browser, where headers are not visible
            page += f"  <p>{hint}\n"
        return Response(page, 404, {"x-emulator-hint": hint}, _HTML)


_HTML = "text/html; charset=UTF-8"


_CHAT_PATH = "/v1/projects/PROJECT/locations/LOCATION/endpoints/openapi/chat/completions"


def path_hint(path: str) -> str | None:
    """Return how to correct a path, None if it resembles no known one."""
    if path == "/":
        return f"gemulator {__version__} is running: send a POST to {_CHAT_PATH}"
    if "//" in path:
        return _slash_hint(path, re.sub("/+", "/", path))
    if path.startswith("/projects/"):
        return "the path must begin with /v1 or /v1beta1"
    if re.search("/publishers/[^/]+/models/?$", path):
        return "Google's model catalogue is not served: a request may name any model"
    if path.rstrip("/").endswith("/models"):
        return "an endpoint has no /models: name the model in the request"
    if path.rstrip("/").endswith(("/endpoints/openapi", "/endpoints")):
        return "append /chat/completions (SDKs append it to their base URL)"
    if path.endswith("/chat/completions"):
        return f"the path must be {_CHAT_PATH}"
    return None


def _slash_hint(path: str, corrected: str) -> str | None:
    """Return the hint for doubled slashes: a superfluous slash, or an empty name as of an unset variable."""
    empty = [name for name in ("project", "location", "endpoint") if f"/{name}s//" in path]
    if target_of(corrected) is None and empty:
        return f"{' and '.join(f'the {name}' for name in empty)} in the path {'is' if len(empty) == 1 else 'are'} empty"
    return f"the path has a doubled slash: did you mean {_percent_encode(corrected)} ?"


def _percent_encode(path: str) -> str:
    from urllib.parse import quote

    return quote(path, safe="/:@")


def _escape_html(text: str) -> str:
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
