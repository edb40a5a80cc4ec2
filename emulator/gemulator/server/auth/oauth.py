"""Google's OAuth token service: token grants, token info and public keys."""

import hmac
from collections.abc import Mapping
from functools import cached_property
from typing import Any, assert_never
from urllib.parse import parse_qsl, urlsplit

import orjson
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gemulator.core.clock import Clock
from gemulator.core.folders import default_state_dir
from gemulator.core.settings import Settings
from gemulator.server.auth.keys import InvalidJwtError, ServiceKey
from gemulator.server.auth.tokens import Token, create_token, signing_key, verify

CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
CLIENT_ID = "764086051850-gemulator.apps.googleusercontent.com"
CLIENT_SECRET = "d-gemulator"
PROJECT_NUMBER = 123456789012
UNIQUE_ID = "112233445566778899001"

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
_ISSUER = "https://accounts.google.com"
_MAX_BODY = 100_000  # bytes; tokens of identity providers have up to 20 kB
_MAX_ASSERTION_LIFE = 3600 + 300  # seconds: an hour and the tolerated clock skew


def dev_email(project: str) -> str:
    """Return the email of the dev identity, a service account of the project."""
    return f"gemulator-dev@{project}.iam.gserviceaccount.com"


class OAuthError(Exception):
    """An OAuth error answer (RFC 6749, 5.2)."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status


class Grant(Struct, frozen=True):
    """Rights of a credential. A non-empty `audience` asks for an identity token instead of an access token."""

    session: str
    subject: str
    scopes: tuple[str, ...]
    audience: str = ""


class TokenService:
    """Token service for credentials that gemulator itself created."""

    def __init__(self, settings: Settings, utc: Clock) -> None:
        self._key = signing_key(settings)
        self._lifetime = settings.token_life
        self._state = settings.state
        self._utc = utc
        self.email = dev_email(settings.project)

    @cached_property
    def service_key(self) -> ServiceKey:
        """The key in the state folder, read on first use. Raises OAuthError if the folder is unusable."""
        try:
            return ServiceKey.of(self._state or default_state_dir())
        except OSError as error:
            remedy = "choose another folder with --state"
            raise OAuthError("server_error", f"gemulator: cannot store the key: {error}: {remedy}", 503) from None

    def access_token(self, grant: Grant) -> dict[str, Any]:
        """Return the body of an answer with a new access token."""
        now = self._utc()
        expires = int(now) + self._lifetime
        token = create_token(grant.session, expires, self._key, grant.scopes, grant.subject)
        return {"access_token": token, "expires_in": int(expires - now), "token_type": "Bearer"}

    def identity_token(self, audience: str, email: str) -> str:
        """Return an identity token: a JWT that the keys at /oauth2/v3/certs verify."""
        now = int(self._utc())
        claims = {
            "aud": audience,
            "azp": UNIQUE_ID,
            "email": email,
            "email_verified": True,
            "exp": now + self._lifetime,
            "iat": now,
            "iss": _ISSUER,
            "sub": UNIQUE_ID,
        }
        return self.service_key.sign(claims)

    # ---- grants

    def grant(self, form: Mapping[str, str], session: str) -> dict[str, Any]:
        """Return the answer to a token request. Raises OAuthError."""
        match form.get("grant_type", ""):
            case grant_type if grant_type == _JWT_BEARER:
                return self._for_assertion(form, session)
            case "refresh_token":
                return self._for_refresh_token(form)
            case grant_type if grant_type == _EXCHANGE:
                return self._for_subject_token(form)
            case "":
                raise OAuthError("invalid_request", "Missing required parameter: grant_type")
            case other:
                raise OAuthError("unsupported_grant_type", f"Invalid grant_type: {other}")

    def _for_assertion(self, form: Mapping[str, str], session: str) -> dict[str, Any]:
        grant = self._check_assertion(self._verify(_require(form, "assertion"), "Invalid JWT Signature."), session)
        if grant.audience:
            return {"id_token": self.identity_token(grant.audience, grant.subject)}
        return self.access_token(grant)

    def _check_assertion(self, claims: Mapping[str, Any], session: str) -> Grant:
        issuer, scope, audience = (str(claims.get(name) or "") for name in ("iss", "scope", "target_audience"))
        if not issuer.endswith(".gserviceaccount.com"):
            raise OAuthError("invalid_grant", "Invalid grant: account not found")
        if not _is_token_url(claims.get("aud")):
            raise OAuthError("invalid_grant", "Invalid JWT: the audience must be https://oauth2.googleapis.com/token")
        if not self._is_timely(claims):
            raise OAuthError(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your"
                " iat and exp values in the JWT claim.",
            )
        if not scope and not audience:
            raise OAuthError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        return Grant(session, str(claims.get("sub") or issuer), tuple(scope.split()), audience)

    def _is_timely(self, claims: Mapping[str, Any]) -> bool:
        issued, expires, now = claims.get("iat"), claims.get("exp"), self._utc()
        if not isinstance(issued, int | float) or not isinstance(expires, int | float):
            return False
        return issued - 300 <= now < expires and expires - issued <= _MAX_ASSERTION_LIFE

    def _for_refresh_token(self, form: Mapping[str, str]) -> dict[str, Any]:
        client = f"{form.get('client_id')} {form.get('client_secret')}"
        if not hmac.compare_digest(client.encode(), f"{CLIENT_ID} {CLIENT_SECRET}".encode()):
            raise OAuthError("invalid_client", "The OAuth client was not found.", 401)
        claims = self._verify(_require(form, "refresh_token"), "Token has been expired or revoked.")
        scopes = tuple(form.get("scope", CLOUD_PLATFORM).split())
        answer = self.access_token(_grant_from_claims(claims, "refresh", scopes))
        return {**answer, "scope": " ".join(scopes)}

    def _for_subject_token(self, form: Mapping[str, str]) -> dict[str, Any]:
        for name in ("audience", "requested_token_type", "subject_token_type"):
            _require(form, name)
        if form["requested_token_type"] != _ACCESS_TOKEN:
            raise OAuthError("invalid_request", f"Invalid requested_token_type: {form['requested_token_type']}")
        claims = self._verify(_require(form, "subject_token"), "The subject token was not signed by gemulator.")
        scopes = tuple(form.get("scope", CLOUD_PLATFORM).split())
        return {**self.access_token(_grant_from_claims(claims, "subject", scopes)), "issued_token_type": _ACCESS_TOKEN}

    def _verify(self, jwt: str, description: str) -> Mapping[str, Any]:
        """Return the claims of a JWT of our own key. Raises OAuthError with this description."""
        try:
            return self.service_key.verify(jwt)
        except InvalidJwtError:
            raise OAuthError("invalid_grant", description) from None

    # ---- token info

    def describe(self, token: str) -> dict[str, Any]:
        """Return the token info of an access token. Raises OAuthError."""
        verified = verify(token, self._key, self._utc())
        match verified:
            case Token():
                return self._token_info(verified)
            case "foreign" | "forged" | "expired":
                raise OAuthError("invalid_token", "Invalid Value")
            case _:
                assert_never(verified)

    def _token_info(self, token: Token) -> dict[str, Any]:
        info: dict[str, Any] = {"azp": UNIQUE_ID, "aud": UNIQUE_ID, "sub": UNIQUE_ID, "scope": " ".join(token.scopes)}
        if token.expires is not None:
            info |= {"exp": str(token.expires), "expires_in": str(int(token.expires - self._utc()))}
        if token.subject:
            info |= {"email": token.subject, "email_verified": "true"}
        return {**info, "access_type": "online"}

    def _identity_claims(self, jwt: str) -> Mapping[str, Any]:
        """Return the claims of a valid identity token. Raises OAuthError, also for the other JWTs of our key."""
        try:
            claims = self.service_key.verify(jwt)
        except InvalidJwtError:
            claims = {}
        expires = claims.get("exp")
        if claims.get("iss") != _ISSUER or not isinstance(expires, int) or self._utc() >= expires:
            raise OAuthError("invalid_token", "Invalid Value")
        return claims

    # ---- routes

    async def token(self, request: Request) -> Response:
        """POST /token and /v1/token."""
        session = request.query_params.get("session") or request.headers.get("x-emulator-session") or "default"
        return _json_response(self.grant(await _read_form(request), session))

    async def tokeninfo(self, request: Request) -> Response:
        """GET and POST /tokeninfo."""
        form = {**request.query_params, **await _read_form(request)}
        if "id_token" in form:
            return _json_response({name: str(value) for name, value in self._identity_claims(form["id_token"]).items()})
        return _json_response(self.describe(_require(form, "access_token")))

    async def keys(self, request: Request) -> Response:
        """GET /oauth2/v3/certs: the public keys of identity tokens."""
        return _json_response({"keys": [self.service_key.jwk]})

    async def pems(self, request: Request) -> Response:
        """GET /oauth2/v1/certs: the public keys as PEM."""
        return _json_response({self.service_key.id: self.service_key.public_pem.decode()})

    @property
    def routes(self) -> list[Route]:
        """Routes of the token service, on any host."""
        return [
            Route("/token", self.token, methods=["POST"]),
            Route("/v1/token", self.token, methods=["POST"]),
            Route("/tokeninfo", self.tokeninfo, methods=["GET", "POST"]),
            Route("/oauth2/v3/certs", self.keys),
            Route("/oauth2/v1/certs", self.pems),
        ]


def _grant_from_claims(claims: Mapping[str, Any], use: str, scopes: tuple[str, ...]) -> Grant:
    if claims.get("use") != use:
        raise OAuthError("invalid_grant", f"This is not a {use} token.")
    return Grant(str(claims.get("session") or "default"), str(claims.get("email") or ""), scopes)


def _require(form: Mapping[str, str], name: str) -> str:
    if not form.get(name):
        raise OAuthError("invalid_request", f"Missing required parameter: {name}")
    return form[name]


def _is_token_url(audience: object) -> bool:
    """Return True for the URL of a token service: Google's, or the emulator's on any host, which some clients name."""
    try:
        url = urlsplit(audience) if isinstance(audience, str) else None
    except ValueError:
        return False
    return url is not None and url.scheme in {"http", "https"} and bool(url.netloc) and url.path.endswith("/token")


async def _read_form(request: Request) -> dict[str, str]:
    """Return the fields of the body. Raises OAuthError if it is too large."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MAX_BODY:
            raise OAuthError("invalid_request", f"Request body is larger than {_MAX_BODY} bytes: send fewer", 413)
    return _parse_form(body)


def _parse_form(body: bytes) -> dict[str, str]:
    """Return the fields of a form, or of the JSON object that some clients send instead."""
    if body.lstrip()[:1] != b"{":
        return dict(parse_qsl(body.decode("utf-8", "replace")))
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(fields, dict):
        return {}
    return {name: str(value) for name, value in fields.items() if isinstance(value, str | int | float)}


def _json_response(body: Mapping[str, Any]) -> Response:
    return JSONResponse(body, headers={"cache-control": "no-store"})


async def oauth_error(request: Request, error: Exception) -> Response:
    """Return the response to an OAuthError."""
    assert isinstance(error, OAuthError)
    return JSONResponse({"error": error.error, "error_description": error.description}, error.status)
