"""Google's 404 page with gemulator's hints."""

from starlette.requests import Request
from starlette.responses import Response

from gemulator.server.log import RequestLog


class NotFound:
    """Handler that answers with Google's 404 page (fidelity.md, Errors) and puts a hint into header and log."""

    def __init__(self, log: RequestLog, *, emulator_headers: bool) -> None:
        self._log = log
        self._emulator_headers = emulator_headers

    async def __call__(self, request: Request, error: Exception) -> Response:
        from gemulator.server.neighbours import path_hint

        method, path = request.method, request.url.path
        hint = path_hint(method, path)
        self._log.unrouted(method, path, hint)
        page = _PAGE.format(code=404, title="Not Found", path=_escape_html(path))
        if not self._emulator_headers:
            return Response(page, 404, media_type=_HTML)
        if path == "/":  # opened in a browser, where headers are not visible
            page += f"  <p>{hint}\n"
        return Response(page, 404, {"x-emulator-hint": hint}, _HTML)


_HTML = "text/html; charset=UTF-8"


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
