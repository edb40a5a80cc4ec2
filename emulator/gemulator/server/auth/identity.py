"""Who asks, and whether they may: from bearer token and headers to a Caller, or Google's refusal."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec.structs import replace

from gemulator.core.clock import Clock
from gemulator.core.plan import Failure
from gemulator.core.settings import Settings, parse_speed
from gemulator.engine.incoming import IncomingRequest
from gemulator.request.target import Caller, Target
from gemulator.scenario.delivery_fields import parse_faults, parse_pacing, parse_quota
from gemulator.server.auth.tokens import Token, key_for, session_in, verify
from gemulator.service.refusals import refuse
from gemulator.state.store import DEFAULT

if TYPE_CHECKING:
    from gemulator.server.auth.policy import Policy

_DEDICATED = b".prediction.vertexai.goog"
_SESSION = 200  # characters of a session's name that count

# The headers that say who asks, and how they want to be answered.
_READ = (
    b"authorization",
    b"x-goog-api-key",
    *(b"x-emulator-" + name for name in (b"session", b"seed", b"scenario", b"wire", b"speed")),
    *(b"x-emulator-" + name for name in (b"fault", b"pacing", b"quota")),
)

Headers: TypeAlias = Mapping[bytes, bytes]
Reason: TypeAlias = Literal["missing", "api key", "foreign", "forged", "expired"]

# Reason: which of Google's refusals it gets (fidelity.md, 401), and what helps.
_REFUSALS: Mapping[Reason, tuple[str, str]] = {
    "missing": ("missing-token", "send any bearer token, or start gemulator with --auth open"),
    "api key": ("api-key", "send the key as a bearer token (OpenAI clients do), or use a token of gemulator's own"),
    "foreign": ("bad-token", "--auth token accepts tokens of gemulator's token service and those named with --tokens"),
    "forged": ("bad-token", "this token was made with another key: same --seed or --token-key?"),
    "expired": ("expired-token", "this token has expired: fetch a new one"),
}


class Authenticator:
    """Lets callers in as `auth` says, and turns away whom the policy denies."""

    def __init__(self, settings: Settings, policy: "Policy | None", utc: Clock) -> None:
        self._auth = settings.auth
        self._accepted = frozenset(token.get_secret_value() for token in settings.tokens)
        self._key = key_for(settings)
        self._policy = policy
        self._utc = utc
        # Where tokens neither expire nor name anyone, the same headers are the same caller.
        self._known = lru_cache(maxsize=1024)(self._read) if policy is None and self._auth != "token" else None

    def caller(self, headers: Headers, target: Target) -> Caller | Failure:
        """The caller, Google's 401 or its 403."""
        if self._known is not None:
            return self._known(tuple(map(headers.get, _READ)), target.version)
        caller = self._caller(headers, target.version)
        if self._policy is None or isinstance(caller, Failure):
            return caller
        return self._policy.denied(self._identity(bearer_of(headers)), target) or caller

    def _read(self, said: Sequence[bytes | None], version: str) -> Caller | Failure:
        return self._caller(
            {name: value for name, value in zip(_READ, said, strict=True) if value is not None}, version
        )

    def _caller(self, headers: Headers, version: str) -> Caller | Failure:
        bearer = bearer_of(headers)
        reason = self._reason(bearer, headers)
        if reason is not None:
            return _unauthenticated(reason, version)
        # By header, else by token: every client can set a token, not every one a header.
        return caller_of(headers, _text(headers, b"x-emulator-session") or session_in(bearer) or DEFAULT)

    def _reason(self, bearer: str, headers: Headers) -> Reason | None:
        if self._auth == "open":
            return None
        if not bearer:
            return "api key" if b"x-goog-api-key" in headers else "missing"
        if self._auth == "any" or bearer in self._accepted:
            return None
        told = verify(bearer, self._key, self._utc())
        if isinstance(told, Token):
            return None
        return "api key" if bearer.startswith("AIza") else told

    def _identity(self, bearer: str) -> str:
        told = verify(bearer, self._key, self._utc())
        return told.subject if isinstance(told, Token) and told.subject else bearer


def bearer_of(headers: Headers) -> str:
    """The bearer token of a request, empty where it has none."""
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def caller_of(headers: Headers, session: str) -> Caller:
    """The caller in a session, with what the headers override."""
    return Caller(
        session=session[:_SESSION],
        seed=_text(headers, b"x-emulator-seed"),
        scenario=_text(headers, b"x-emulator-scenario"),
        wire=_text(headers, b"x-emulator-wire"),
        speed=_text(headers, b"x-emulator-speed"),
        fault=_text(headers, b"x-emulator-fault"),
        pacing=_text(headers, b"x-emulator-pacing"),
        quota=_text(headers, b"x-emulator-quota"),
    )


def header_error(caller: Caller) -> str | None:
    """What is wrong with gemulator's own headers, where they mean nothing."""
    if caller.wire not in {None, "faithful", "sdk-safe"}:
        return "x-emulator-wire is faithful or sdk-safe"
    if caller.speed is caller.fault is caller.pacing is caller.quota is None:
        return None
    lines = (
        ("speed", caller.speed, parse_speed),
        ("fault", caller.fault, parse_faults),
        ("pacing", caller.pacing, parse_pacing),
        ("quota", caller.quota, parse_quota),
    )
    for name, line, read in lines:
        if line is not None:
            try:
                read(line)
            except ValueError as error:
                return f"x-emulator-{name}: {error}"
    return None


def with_dedicated_host(target: Target, headers: Headers) -> Target:
    """The target with the host name that a request names, where it is one of a dedicated endpoint."""
    if target.shared:
        return target
    host = headers.get(b"host", b"").partition(b":")[0].lower()
    return replace(target, host=host.decode("latin-1")) if host.endswith(_DEDICATED) else target


def rebuild_request(body: bytes, path: str, target: Target, headers: Headers, session: str) -> IncomingRequest:
    """A request of a session, to be looked at: who asks has been decided."""
    return IncomingRequest(body, path, with_dedicated_host(target, headers), headers, caller_of(headers, session))


def _text(headers: Headers, name: bytes) -> str | None:
    value = headers.get(name)
    return value.decode("latin-1") if value else None


def _unauthenticated(reason: Reason, version: str) -> Failure:
    name, hint = _REFUSALS[reason]
    return replace(refuse(name, version=version), hint=hint)
