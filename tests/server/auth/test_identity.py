"""Authentication and Google's documented 401s (fidelity.md)."""

from typing import Any

import pytest

from gemulator.core.headers import Headers
from gemulator.core.plan import Failure
from gemulator.core.settings import Settings
from gemulator.request.target import Caller, Target
from gemulator.server.auth.identity import Authenticator
from gemulator.server.auth.policy import Policy
from gemulator.server.auth.tokens import create_token, derive_key

NOW = 1_770_000_000.0
KEY = derive_key("0")
TARGET = Target("v1", "demo", "global", "openapi")
EXPECTED = (
    "Expected OAuth 2 access token, login cookie or other valid authentication credential. "
    "See https://developers.google.com/identity/sign-in/web/devconsole-project."
)
INVALID = f"Request had invalid authentication credentials. {EXPECTED}"
MISSING = f"Request is missing required authentication credential. {EXPECTED}"
API_KEY = (
    "API keys are not supported by this API. Expected OAuth2 access token or other authentication credentials that "
    "assert a principal. See https://cloud.google.com/docs/authentication"
)

LIVE = create_token("tab", 1_770_000_002, KEY)


def asked(auth: str, headers: dict[str, str], target: Target = TARGET, **settings: Any) -> Caller | Failure:
    authenticator = Authenticator(Settings(auth=auth, **settings), None, lambda: NOW)  # type: ignore[arg-type]
    return authenticator.caller(Headers.from_text(headers), target)


@pytest.mark.parametrize(
    ("auth", "headers", "message", "reason"),
    [
        ("any", {}, MISSING, "CREDENTIALS_MISSING"),
        ("any", {"authorization": "Bearer "}, MISSING, "CREDENTIALS_MISSING"),
        ("any", {"authorization": "Basic eDp5"}, MISSING, "CREDENTIALS_MISSING"),
        ("any", {"x-goog-api-key": "AIzaX"}, API_KEY, "CREDENTIALS_MISSING"),
        ("token", {}, MISSING, "CREDENTIALS_MISSING"),
        ("token", {"authorization": "Bearer AIzaSyA"}, API_KEY, "CREDENTIALS_MISSING"),
        ("token", {"x-goog-api-key": "x"}, API_KEY, "CREDENTIALS_MISSING"),
        ("token", {"authorization": "Bearer nonsense"}, INVALID, "ACCESS_TOKEN_TYPE_UNSUPPORTED"),
        ("token", {"authorization": "Bearer emulator.tab"}, INVALID, "ACCESS_TOKEN_TYPE_UNSUPPORTED"),
        ("token", {"authorization": f"Bearer {LIVE}x"}, INVALID, "ACCESS_TOKEN_TYPE_UNSUPPORTED"),
        (
            "token",
            {"authorization": f"Bearer {create_token('tab', None, derive_key('1'))}"},
            INVALID,
            "ACCESS_TOKEN_TYPE_UNSUPPORTED",
        ),
        (
            "token",
            {"authorization": f"Bearer {create_token('tab', 1_770_000_000, KEY)}"},
            INVALID,
            "ACCESS_TOKEN_TYPE_UNSUPPORTED",
        ),
    ],
)
def test_401(auth: str, headers: dict[str, str], message: str, reason: str) -> None:
    refused = asked(auth, headers)
    assert isinstance(refused, Failure)
    assert (refused.status, refused.code, refused.message) == (401, "UNAUTHENTICATED", message)
    assert refused.details == (
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": reason,
            "domain": "googleapis.com",
            "metadata": {
                "method": "google.cloud.aiplatform.v1.PredictionService.ChatCompletions",
                "service": "aiplatform.googleapis.com",
            },
        },
    )
    assert refused.hint


def test_401_names_the_requested_version() -> None:
    refused = asked("any", {}, Target("v1beta1", "demo", "global", "openapi"))
    assert isinstance(refused, Failure)
    assert refused.details[0]["metadata"]["method"].startswith("google.cloud.aiplatform.v1beta1.")


@pytest.mark.parametrize(
    ("auth", "headers", "session"),
    [
        ("open", {}, "default"),
        ("open", {"authorization": "Bearer emulator.tab"}, "tab"),
        ("any", {"authorization": "Bearer anything"}, "default"),
        ("any", {"authorization": "bearer  emulator.tab"}, "tab"),
        ("any", {"authorization": "Bearer x", "x-emulator-session": "mine"}, "mine"),
        ("any", {"authorization": f"Bearer {create_token('a.b/c', 1, KEY)}"}, "a.b/c"),
        ("token", {"authorization": f"Bearer {LIVE}"}, "tab"),
        ("token", {"authorization": f"Bearer {create_token('ever', None, KEY)}"}, "ever"),
        ("token", {"authorization": f"Bearer {LIVE}", "x-emulator-session": "mine"}, "mine"),
        ("token", {"authorization": "Bearer sk-accepted"}, "default"),
        ("any", {"authorization": "Bearer x", "x-emulator-session": "s" * 300}, "s" * 200),
    ],
)
def test_caller_has_the_session_of_header_or_token(auth: str, headers: dict[str, str], session: str) -> None:
    caller = asked(auth, headers, tokens=("sk-accepted",))
    assert isinstance(caller, Caller)
    assert caller.session == session


@pytest.mark.parametrize(
    ("bearer", "accepted"), [("sk-one", True), ("sk-two", True), ("sk-thr", False), ("ключ", False)]
)
def test_accepted_tokens_are_compared_in_constant_time(
    monkeypatch: pytest.MonkeyPatch, bearer: str, accepted: bool
) -> None:
    compared: list[bytes] = []

    def compare(given: bytes, token: bytes) -> bool:
        compared.append(token)
        return given == token

    monkeypatch.setattr("gemulator.server.auth.identity.compare_digest", compare)
    headers = Headers({b"authorization": b"Bearer " + bearer.encode()})
    settings = Settings(auth="token", tokens=("sk-one", "sk-two"))  # type: ignore[arg-type]
    caller = Authenticator(settings, None, lambda: NOW).caller(headers, TARGET)
    assert isinstance(caller, Caller) is accepted
    assert compared == [b"sk-one", b"sk-two"]


def test_token_key_refuses_tokens_of_the_seed() -> None:
    bearer = {"authorization": f"Bearer {LIVE}"}
    assert isinstance(asked("token", bearer, token_key="a secret"), Failure)
    assert "a secret" not in repr(Settings.model_validate({"token_key": "a secret"}))


def test_policy_identity_is_subject_or_token() -> None:
    policy = Policy.model_validate({"identities": {"reader@demo.iam.gserviceaccount.com": [], "sk-reader": []}})
    authenticator = Authenticator(Settings(), policy, lambda: NOW)
    token = create_token("tab", None, KEY, (), "reader@demo.iam.gserviceaccount.com")
    statuses = [
        getattr(authenticator.caller(Headers({b"authorization": f"Bearer {bearer}".encode()}), TARGET), "status", 200)
        for bearer in (token, "sk-reader", LIVE)
    ]
    assert statuses == [403, 403, 200]
