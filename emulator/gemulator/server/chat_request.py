"""Reading of chat requests: caller, gemulator's headers and body."""

from functools import lru_cache

from msgspec import Struct
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from gemulator.core.headers import Headers
from gemulator.core.plan import Failure, own_failure
from gemulator.core.session_sources import named_session
from gemulator.core.settings import Settings
from gemulator.engine.incoming import IncomingRequest
from gemulator.request.target import Caller, Target, target_of
from gemulator.server.auth.identity import Authenticator, with_host
from gemulator.server.metrics import Metrics
from gemulator.service.locations import GLOBAL_HOST, NO_HOST
from gemulator.state.store import DEFAULT

_NOBODY = Caller(DEFAULT)
_TOO_LARGE = "the body is larger than the service reads"
_SMALLER = "send less, put media behind gs:// URIs, or raise --openapi-limit, --shared-limit or --dedicated-limit"


class Refusal(Struct, frozen=True):
    """A refusal by Google's front end or gemulator, before a model is involved."""

    failure: Failure
    target: Target
    session: str = DEFAULT


class Address(Struct, frozen=True):
    """Target of a path at a host, with the size limit of bodies there. `failure` is set if no such host exists."""

    target: Target
    limit: int
    failure: Failure | None


class RequestReader:
    """Reader of chat requests. `metrics` has the number of those in progress."""

    def __init__(self, settings: Settings, authenticator: Authenticator, metrics: Metrics) -> None:
        self._settings = settings
        self._authenticator = authenticator
        self._metrics = metrics
        self._address = lru_cache(maxsize=1024)(self._find_address)

    async def read(
        self, path: str, headers: Headers, source: bytes | Receive, query: str = ""
    ) -> IncomingRequest | Refusal:
        """Return the request to a chat path or its refusal. `source` is the body, or what receives it."""
        address = self._address(path, headers.raw.get(b"host", b""))
        target, limit = address.target, address.limit
        if address.failure is not None:
            return Refusal(address.failure, target)
        caller = self._authenticator.caller(headers, target)
        if isinstance(caller, Failure):
            session = headers.get("x-emulator-session") or self._named_session(headers, query) or DEFAULT
            return Refusal(caller, target, self._authenticator.in_session(_NOBODY, session).session)
        if self._settings.session_from and (named := self._named_session(headers, query)):
            caller = self._authenticator.in_session(caller, named)
        if caller.error:
            remedy = "correct the header, or leave it out"
            return Refusal(own_failure(caller.error, caller.error, remedy), target, caller.session)
        body = source if isinstance(source, bytes) else await _read_body(source, headers, limit)
        if body is None or len(body) > limit:
            message = f"Request payload size exceeds the limit: {limit} bytes."
            failure = Failure(413, "INVALID_ARGUMENT", message, cause=_TOO_LARGE, remedy=_SMALLER)
            return Refusal(failure, target, caller.session)
        return IncomingRequest(body, path, target, headers.raw, caller, self._metrics.running - 1)

    def _named_session(self, headers: Headers, query: str) -> str:
        """Return the session that `session_from` finds, empty if the header of gemulator names one."""
        if "x-emulator-session" in headers:
            return ""
        return named_session(self._settings.session_from, headers, query)

    def _find_address(self, path: str, host: bytes) -> Address:
        target, name, settings = target_of(path), host.decode("latin-1"), self._settings
        assert target is not None
        if name.startswith(NO_HOST):
            message = f"no host {NO_HOST} exists: use {GLOBAL_HOST}"
            return Address(target, 0, own_failure(message, status=404, code="NOT_FOUND"))
        target = with_host(target, name)
        limit = settings.dedicated_limit if target.host else settings.shared_limit
        return Address(target, settings.openapi_limit if target.shared else limit, None)


async def _read_body(receive: Receive, headers: Headers, limit: int) -> bytes | None:
    """Return the body, None once it is known to exceed the limit. Raises ClientDisconnect if it is not complete."""
    announced = headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > limit:
        return None
    parts: list[bytes] = []
    size, more = 0, True
    while more and size <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
    return None if more else b"".join(parts)
