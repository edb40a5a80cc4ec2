"""Who asks: from bearer token and headers to a Caller, or Google's refusal."""

from collections.abc import Mapping

from emulator.plan import Failure
from emulator.request import Caller
from emulator.settings import Settings

_SESSION = 200  # characters of a session's name that count
_MISSING = (
    "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid"
    " authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
)


def caller_of(headers: Mapping[bytes, bytes], settings: Settings, version: str) -> Caller | Failure:
    """The caller, or the 401 for a missing token (fidelity.md, Errors)."""
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").strip().partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    if settings.auth == "any" and not bearer:
        return _unauthenticated(version)
    return Caller(
        session=_session(headers, bearer),
        seed=_text(headers, b"x-emulator-seed"),
        scenario=_text(headers, b"x-emulator-scenario"),
        wire=_text(headers, b"x-emulator-wire"),
        speed=_text(headers, b"x-emulator-speed"),
        fault=_text(headers, b"x-emulator-fault"),
        pacing=_text(headers, b"x-emulator-pacing"),
    )


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return value.decode("latin-1") if value else None


def _session(headers: Mapping[bytes, bytes], bearer: str) -> str:
    """By header; else the part after the dot of a token: every client can set a token, not every one a header."""
    name = _text(headers, b"x-emulator-session")
    if name is None and bearer.startswith("emulator."):
        name = bearer.split(".")[1]
    return (name or "default")[:_SESSION]


def _unauthenticated(version: str) -> Failure:
    method = f"google.cloud.aiplatform.{version}.PredictionService.ChatCompletions"
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "CREDENTIALS_MISSING",
        "domain": "googleapis.com",
        "metadata": {"method": method, "service": "aiplatform.googleapis.com"},
    }
    hint = "send any bearer token, or start gemulator with --auth open"
    return Failure(401, "UNAUTHENTICATED", _MISSING, (info,), hint=hint)
