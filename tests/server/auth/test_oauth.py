"""Grants and errors of the token service."""

from pathlib import Path
from typing import Any

import pytest

from gemulator.core.settings import Settings
from gemulator.server.auth.keys import ServiceKey
from gemulator.server.auth.oauth import CLIENT_ID, CLIENT_SECRET, CLOUD_PLATFORM, OAuthError, TokenService
from gemulator.server.auth.tokens import Token, derive_key, verify

NOW = 1_770_000_000.25
EMAIL = "gemulator-dev@demo.iam.gserviceaccount.com"
JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def service(state: Path) -> TokenService:
    return TokenService(Settings(state=state, token_life=60), lambda: NOW)


@pytest.fixture(scope="module")
def key(state: Path) -> ServiceKey:
    return ServiceKey.of(state)


def claims(**changed: Any) -> dict[str, Any]:
    usual = {
        "iss": EMAIL,
        "aud": "https://oauth2.googleapis.com/token",
        "iat": int(NOW),
        "exp": int(NOW) + 3600,
        "scope": f"{CLOUD_PLATFORM} email",
    }
    return {name: value for name, value in {**usual, **changed}.items() if value is not None}


def test_assertion_gets_a_token_of_the_session(service: TokenService, key: ServiceKey) -> None:
    answer = service.grant({"grant_type": JWT, "assertion": key.sign(claims())}, "tab")
    assert (answer["expires_in"], answer["token_type"]) == (59, "Bearer")
    verified = verify(answer["access_token"], derive_key("0"), NOW)
    assert verified == Token("tab", 1_770_000_060, (CLOUD_PLATFORM, "email"), EMAIL)


def test_assertion_with_audience_gets_an_identity_token(service: TokenService, key: ServiceKey) -> None:
    asked = claims(scope=None, target_audience="https://app.example")
    answer = service.grant({"grant_type": JWT, "assertion": key.sign(asked)}, "default")
    assert list(answer) == ["id_token"]
    claimed = key.verify(answer["id_token"])
    assert (claimed["aud"], claimed["email"], claimed["iss"]) == (
        "https://app.example",
        EMAIL,
        "https://accounts.google.com",
    )
    assert claimed["exp"] - claimed["iat"] == 60


def test_delegated_subject_is_in_the_token(service: TokenService, key: ServiceKey) -> None:
    answer = service.grant({"grant_type": JWT, "assertion": key.sign(claims(sub="a@demo.example"))}, "default")
    verified = verify(answer["access_token"], derive_key("0"), NOW)
    assert isinstance(verified, Token)
    assert verified.subject == "a@demo.example"


TIMES = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp"
    " values in the JWT claim."
)


@pytest.mark.parametrize(
    ("changed", "error", "description"),
    [
        ({"exp": int(NOW)}, "invalid_grant", TIMES),
        ({"exp": int(NOW) + 9000}, "invalid_grant", TIMES),
        ({"iat": int(NOW) + 900}, "invalid_grant", TIMES),
        ({"iat": "now"}, "invalid_grant", TIMES),
        ({"exp": None}, "invalid_grant", TIMES),
        ({"iss": "someone@example.com"}, "invalid_grant", "Invalid grant: account not found"),
        ({"iss": None}, "invalid_grant", "Invalid grant: account not found"),
        ({"aud": "https://example.com"}, "invalid_grant", "https://oauth2.googleapis.com/token"),
        ({"aud": "https://example.com/?/token"}, "invalid_grant", "https://oauth2.googleapis.com/token"),
        ({"aud": "x/token"}, "invalid_grant", "https://oauth2.googleapis.com/token"),
        ({"aud": "file:///token"}, "invalid_grant", "https://oauth2.googleapis.com/token"),
        ({"aud": "http://[/token"}, "invalid_grant", "https://oauth2.googleapis.com/token"),
        ({"aud": ["https://oauth2.googleapis.com/token"]}, "invalid_grant", "https://oauth2.googleapis.com/token"),
        ({"aud": None}, "invalid_grant", "https://oauth2.googleapis.com/token"),
        ({"exp": True}, "invalid_grant", TIMES),
        ({"exp": 2**63}, "invalid_grant", TIMES),
        ({"exp": str(int(NOW) + 60)}, "invalid_grant", TIMES),
        ({"iat": -1}, "invalid_grant", TIMES),
        ({"iss": [EMAIL]}, "invalid_grant", "Invalid grant: account not found"),
        ({"scope": None}, "invalid_scope", "Invalid OAuth scope or ID token audience provided."),
    ],
)
def test_invalid_assertions(
    service: TokenService, key: ServiceKey, changed: dict[str, Any], error: str, description: str
) -> None:
    with pytest.raises(OAuthError) as refused:
        service.grant({"grant_type": JWT, "assertion": key.sign(claims(**changed))}, "default")
    assert (refused.value.error, refused.value.status) == (error, 400)
    assert description in refused.value.description


@pytest.mark.parametrize("audience", ["http://127.0.0.1:8089/token", "http://gemulator:8089/token?session=tab"])
def test_assertion_may_name_the_emulator_as_audience(service: TokenService, key: ServiceKey, audience: str) -> None:
    assertion = key.sign(claims(aud=audience))  # Go and Java name the `token_uri` of the credential file
    assert "access_token" in service.grant({"grant_type": JWT, "assertion": assertion}, "tab")


def test_credentials_of_another_key_are_refused(service: TokenService, tmp_path: Path) -> None:
    stranger = ServiceKey.of(tmp_path)
    held = {"use": "subject", "session": "default", "email": EMAIL}
    forms = [
        {"grant_type": JWT, "assertion": stranger.sign(claims())},
        {
            "grant_type": "refresh_token",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": stranger.sign({**held, "use": "refresh"}),
        },
        exchange(stranger.sign(held)),
    ]
    for form, says in zip(forms, ("Invalid JWT Signature.", "expired or revoked", "not signed"), strict=True):
        with pytest.raises(OAuthError, match=says) as refused:
            service.grant(form, "default")
        assert refused.value.error == "invalid_grant"


def exchange(subject: str, **changed: str) -> dict[str, str]:
    return {
        "grant_type": EXCHANGE,
        "audience": "//iam.googleapis.com/x",
        "requested_token_type": ACCESS,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "subject_token": subject,
        **changed,
    }


def test_subject_token_is_exchanged(service: TokenService, key: ServiceKey) -> None:
    subject = key.sign({"use": "subject", "session": "tab", "email": EMAIL})
    answer = service.grant(exchange(subject, scope="a b"), "default")
    assert (answer["issued_token_type"], answer["expires_in"]) == (ACCESS, 59)
    assert verify(answer["access_token"], derive_key("0"), NOW) == Token("tab", 1_770_000_060, ("a", "b"), EMAIL)


def refresh(token: str, **changed: str) -> dict[str, str]:
    usual = {"grant_type": "refresh_token", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    return {**usual, "refresh_token": token, **changed}


def test_refresh_token_gets_a_token(service: TokenService, key: ServiceKey) -> None:
    token = key.sign({"use": "refresh", "session": "tab", "email": EMAIL})
    answer = service.grant(refresh(token), "default")
    assert answer["scope"] == CLOUD_PLATFORM
    assert verify(answer["access_token"], derive_key("0"), NOW) == Token("tab", 1_770_000_060, (CLOUD_PLATFORM,), EMAIL)


def test_subject_token_is_no_refresh_token(service: TokenService, key: ServiceKey) -> None:
    subject = key.sign({"use": "subject", "session": "tab", "email": EMAIL})
    with pytest.raises(OAuthError, match="not a refresh token"):
        service.grant(refresh(subject), "default")


@pytest.mark.parametrize(
    ("form", "error", "description", "status"),
    [
        ({}, "invalid_request", "Missing required parameter: grant_type", 400),
        ({"grant_type": "password"}, "unsupported_grant_type", "Invalid grant_type: password", 400),
        ({"grant_type": JWT}, "invalid_request", "Missing required parameter: assertion", 400),
        ({"grant_type": JWT, "assertion": "x"}, "invalid_grant", "Invalid JWT Signature.", 400),
        (refresh("x", client_id="?"), "invalid_client", "The OAuth client was not found.", 401),
        (refresh(""), "invalid_request", "Missing required parameter: refresh_token", 400),
        (exchange(""), "invalid_request", "Missing required parameter: subject_token", 400),
        (exchange("x", audience=""), "invalid_request", "Missing required parameter: audience", 400),
        (exchange("x", requested_token_type="y"), "invalid_request", "Invalid requested_token_type: y", 400),
    ],
)
def test_invalid_token_requests(
    service: TokenService, form: dict[str, str], error: str, description: str, status: int
) -> None:
    with pytest.raises(OAuthError) as refused:
        service.grant(form, "default")
    assert (refused.value.error, refused.value.description, refused.value.status) == (error, description, status)
