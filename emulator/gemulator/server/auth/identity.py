"""Authentication of requests and gemulator's request headers."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from msgspec.structs import replace

from gemulator.core.clock import Clock
from gemulator.core.credentials import Redactor
from gemulator.core.headers import Headers
from gemulator.core.overrides import NO_OVERRIDES, OVERRIDES, Overrides, header_of
from gemulator.core.plan import Failure
from gemulator.core.settings import Settings
from gemulator.engine.incoming import IncomingRequest
from gemulator.request.target import Caller, Target
from gemulator.scenario.override_values import check_override
from gemulator.server.auth.tokens import Token, session_of_token, signing_key, verify
from gemulator.service.locations import location_of_host
from gemulator.service.refusals import refuse
from gemulator.state.store import DEFAULT, SessionSettings

if TYPE_CHECKING:
    from gemulator.server.auth.policy import Policy

_DEDICATED_SUFFIX = ".prediction.vertexai.goog"
_MAX_CACHED = 4_000  # bytes of the headers that decide a caller
MAX_SESSION = 200  # characters; longer names are truncated

_PREFIX = "x-emulator-"
_OWN_HEADERS = frozenset([*map(header_of, OVERRIDES), "x-emulator-session", "x-emulator-admin-key"])

Reason: TypeAlias = Literal["missing", "api key", "foreign", "forged", "expired"]

# By reason: the name of Google's refusal (fidelity.md, 401).
_REFUSALS: Mapping[Reason, str] = {
    "missing": "missing-token",
    "api key": "api-key",
    "foreign": "bad-token",
    "forged": "bad-token",
    "expired": "expired-token",
}


class _UncachedError(Exception):
    """A caller whose headers are too long to be cached: exceptions are not."""

    def __init__(self, caller: Caller | Failure) -> None:
        self.caller = caller


class Authenticator:
    """Authenticator: checks bearer tokens as `auth` requires and applies the access policy."""

    def __init__(self, settings: Settings, policy: "Policy | None", utc: Clock) -> None:
        self._auth = settings.auth
        self._accepted_tokens = [token.get_secret_value().encode() for token in settings.tokens]
        self._key = signing_key(settings)
        self._policy = policy
        self._utc = utc
        self._redactor = Redactor(settings.redact)
        # Without a policy and expiring tokens, equal headers give an equal caller.
        self._cached_caller = (
            lru_cache(maxsize=1024)(self._caller_from_values) if policy is None and self._auth != "token" else None
        )

    def caller(self, headers: Headers, target: Target) -> Caller | Failure:
        """Return the caller, Google's 401 or its 403."""
        if self._cached_caller is not None:
            raw = headers.raw
            names = _deciding_names(tuple(raw))
            try:
                return self._cached_caller(names, tuple([raw[name] for name in names]), target.version)
            except _UncachedError as found:
                return found.caller
        caller = self._authenticate(headers, target.version, shared=target.shared)
        if self._policy is None or isinstance(caller, Failure):
            return caller
        return self._policy.check(self._identity(bearer_token(headers)), target) or caller

    def _caller_from_values(self, names: Sequence[bytes], values: Sequence[bytes], version: str) -> Caller | Failure:
        caller = self._authenticate(Headers(dict(zip(names, values, strict=True))), version)
        if sum(map(len, values)) > _MAX_CACHED:
            raise _UncachedError(caller)
        return caller

    def _authenticate(self, headers: Headers, version: str, *, shared: bool = True) -> Caller | Failure:
        bearer = bearer_token(headers)
        reason = self._refusal_reason(bearer, headers)
        if reason is not None:
            return _unauthenticated(reason, version, shared=shared)
        # The token may name the session too, because some clients cannot set headers.
        session = headers.get("x-emulator-session") or session_of_token(bearer) or DEFAULT
        if self._redactor.text(session) == session:
            return caller_from_headers(headers, session)
        return self.in_session(caller_from_headers(headers, DEFAULT), session)

    def in_session(self, caller: Caller, name: str) -> Caller:
        """Return the caller in another session; in the default one, with an error, if the name has a credential."""
        shown = self._redactor.text(name)
        if shown == name:
            return replace(caller, session=name[:MAX_SESSION])
        error = f"the request names its session {shown!r}: the journal, which has this name, keeps no credentials"
        return replace(caller, session=DEFAULT, error=caller.error or error)

    def _refusal_reason(self, bearer: str, headers: Headers) -> Reason | None:
        if self._auth == "open":
            return None
        if not bearer:
            return "api key" if "x-goog-api-key" in headers else "missing"
        if self._auth == "any" or self._is_accepted(bearer):
            return None
        verified = verify(bearer, self._key, self._utc())
        if isinstance(verified, Token):
            return None
        return "api key" if bearer.startswith("AIza") else verified

    def _is_accepted(self, bearer: str) -> bool:
        """Return True for a token of `--tokens`, in a time that does not depend on how much of it is right."""
        given = bearer.encode()
        matches = [compare_digest(given, token) for token in self._accepted_tokens]
        return any(matches)

    def _identity(self, bearer: str) -> str:
        token = verify(bearer, self._key, self._utc())
        return token.subject if isinstance(token, Token) and token.subject else bearer


@lru_cache(maxsize=64)  # clients send the same names with each request
def _deciding_names(names: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return the names of the headers that decide a Caller."""
    identity = (b"authorization", b"x-goog-api-key")
    return tuple(name for name in names if name in identity or name.startswith(_PREFIX.encode()))


def bearer_token(headers: Headers) -> str:
    """Return the bearer token of a request, empty if there is none."""
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def caller_from_headers(headers: Headers, session: str) -> Caller:
    """Return the caller in a session with the overrides in the headers."""
    given: Any = {name: value for name in OVERRIDES if (value := headers.get(header_of(name)))}
    return Caller(session[:MAX_SESSION], Overrides(**given) if given else NO_OVERRIDES, _header_error(headers, given))


def _header_error(headers: Headers, given: Mapping[str, str]) -> str:
    """Return the mistake in gemulator's request headers with these overrides, empty if there is none."""
    for header in headers:
        if header.startswith(_PREFIX) and header not in _OWN_HEADERS:
            return _unknown_header(header)
    for name, value in given.items():
        try:
            check_override(name, value)
        except ValueError as error:
            return f"{header_of(name)}: {error}"
    return ""


def _unknown_header(header: str) -> str:
    from difflib import get_close_matches

    name = header.removeprefix(_PREFIX).replace("-", "_")
    if name in SessionSettings.__struct_fields__:
        return f"{header} is no header: set {name} on the session"
    if name in Settings.model_fields:
        return f"{header} is no header: start the server with --{name.replace('_', '-')}"
    near = get_close_matches(header, _OWN_HEADERS, 1)
    known = ", ".join(sorted(_OWN_HEADERS))
    return f"{header} is unknown: " + (f"did you mean {near[0]}?" if near else f"known are {known}")


def with_host(target: Target, host: str) -> Target:
    """Return the target with the location of a regional host, and the name of a dedicated endpoint's."""
    location = location_of_host(host)
    if location is not None and location != target.location:
        target = replace(target, location=location)
    if target.shared:
        return target
    host = host.partition(":")[0].lower()
    return replace(target, host=host) if host.endswith(_DEDICATED_SUFFIX) else target


def rebuild_request(
    body: bytes, path: str, target: Target, raw: Mapping[bytes, bytes], session: str
) -> IncomingRequest:
    """Return a journaled or explained request again, without authentication."""
    headers = Headers(raw)
    target = with_host(target, headers.get("host", ""))
    return IncomingRequest(body, path, target, raw, caller_from_headers(headers, session))


def _unauthenticated(reason: Reason, version: str, *, shared: bool) -> Failure:
    known = refuse(_REFUSALS[reason], version=version)
    if reason == "forged":
        remedy = "start the servers with the same --seed or --token-key"
        return replace(known, cause="this token was signed with another key", remedy=remedy)
    if reason == "expired" and shared:
        # endpoints/openapi does not tell an expired token from a wrong one (fidelity.md, 401).
        return replace(refuse("bad-token", version=version), cause=known.cause, remedy=known.remedy)
    return known
