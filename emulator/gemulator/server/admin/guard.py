"""Access control of the admin API: host name, origin and key."""

import hmac
import re
from functools import lru_cache
from ipaddress import ip_address

import orjson
from msgspec import Struct
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gemulator.core.credentials import redact
from gemulator.core.headers import Headers
from gemulator.core.session_sources import host_is_allowed

_PORT = re.compile(r":\d*$")
_KEY_HEADER = b"x-emulator-admin-key"


class AdminHTTPError(Exception):
    """An error answer of the admin API, with a remedy."""

    def __init__(self, status: int, code: str, message: str, remedy: str, **details: object) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"code": code, "message": message, "remedy": remedy}
        self.details = details

    def response(self) -> Response:
        """Return the JSON response: `{"error": {"code", "message", "remedy"}}` and the details beside it.

        It has no credentials, which names in a request may have.
        """
        body = redact(orjson.dumps({"error": self.error, **self.details}))
        return Response(body, self.status, media_type="application/json")

    def text_response(self) -> Response:
        """Return the response as text: the message, and the remedy in a line of its own."""
        text = f"{self.error['message']}\n{self.error['remedy']}\n"
        return Response(redact(text.encode("utf-8", "replace")), self.status, media_type="text/plain")


class Guard(Struct, frozen=True):
    """Middleware that admits requests to the admin API. `key` None: no key is required."""

    app: ASGIApp
    enabled: bool
    key: str | None
    hosts: tuple[str, ...]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            refusal = self._check(Headers(dict(scope["headers"])))
            if refusal is not None:
                await refusal.response()(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _check(self, headers: Headers) -> AdminHTTPError | None:
        host = headers.get("host", "").lower()
        if not self.enabled:
            return AdminHTTPError(404, "admin_off", "the admin API is switched off", "Start gemulator with --admin on.")
        if not is_known_host(host, self.hosts):
            remedy = f"If the name is yours, start gemulator with --allow-host {_PORT.sub('', host)}."
            return AdminHTTPError(403, "foreign_host", f"the admin API does not accept the host name {host!r}", remedy)
        if _is_cross_origin(headers, host):
            remedy = "Call it from a test or a server, or open it in a browser tab."
            return AdminHTTPError(
                403, "cross_origin", "the admin API does not accept requests from web pages of other origins", remedy
            )
        given = headers.raw.get(_KEY_HEADER, b"")
        if self.key is not None and not hmac.compare_digest(given, self.key.encode()):
            remedy = "Send the value of --admin-key in the header x-emulator-admin-key."
            return AdminHTTPError(401, "key_required", "the admin key is missing or wrong", remedy)
        return None


@lru_cache(maxsize=64)
def is_known_host(host: str, allowed: tuple[str, ...]) -> bool:
    """Return True if a Host header names this machine or an allowed host.

    Guards against DNS rebinding: a foreign site can let its own name resolve to this machine, but no IP address, no
    name without a dot and none below `localhost`.
    """
    name = _PORT.sub("", host).removesuffix(".") if not host.endswith("]") else host
    if host_is_allowed(name, allowed) or name in {"host.docker.internal", "localhost"} or name.endswith(".localhost"):
        return True
    try:
        ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return bool(name) and re.fullmatch(r"[a-z0-9_-]+", name) is not None
    return True


def _is_cross_origin(headers: Headers, host: str) -> bool:
    origin = headers.get("origin")
    if origin is not None and origin.lower().partition("://")[2] != host:
        return True
    return headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}
