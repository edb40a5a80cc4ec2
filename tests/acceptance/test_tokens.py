"""Tokens over the wire: where they are had, and what they open."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from openai import AuthenticationError, OpenAI, PermissionDeniedError

from gemulator import Emulator
from gemulator.server.auth.keys import ServiceKey
from gemulator.server.auth.oauth import CLOUD_PLATFORM
from gemulator.server.auth.tokens import derive_key, verify
from tests.acceptance.wire import ask
from tests.waiting import PATIENCE

EMAIL = "gemulator-dev@demo.iam.gserviceaccount.com"
GOOGLE = {"metadata-flavor": "Google"}
ROOT = "/computeMetadata/v1"


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def guarded(state: Path) -> Iterator[Emulator]:
    """It wants live tokens."""
    with Emulator(auth="token", tokens=("sk-accepted",), state=state) as emulator:
        yield emulator


def metadata(emulator: Emulator, path: str, **query: str) -> httpx.Response:
    return httpx.get(f"{emulator.url}{ROOT}{path}", params=query, headers=GOOGLE)


# ---- the metadata server


def test_the_probe_of_clients_is_answered(guarded: Emulator) -> None:
    answer = httpx.get(guarded.url)
    assert (answer.status_code, answer.headers["metadata-flavor"]) == (200, "Google")


@pytest.mark.parametrize(
    ("path", "query", "text"),
    [
        ("/project/project-id", {}, "demo"),
        ("/project/numeric-project-id", {}, "123456789012"),
        ("/project/", {}, "numeric-project-id\nproject-id\n"),
        ("/universe/universe-domain", {}, "googleapis.com"),
        ("/instance", {}, "hostname\nid\nname\nservice-accounts/\nzone\n"),
        ("/instance/zone", {}, "projects/123456789012/zones/us-central1-a"),
        ("/instance/service-accounts/", {}, f"default/\n{EMAIL}/\n"),
        ("/instance/service-accounts/default/", {}, "aliases\nemail\nidentity\nscopes\ntoken\n"),
        ("/instance/service-accounts/default/email", {}, EMAIL),
        ("/instance/service-accounts/default/aliases", {}, "default"),
        (
            "/instance/service-accounts/default/scopes",
            {},
            f"{CLOUD_PLATFORM}\nhttps://www.googleapis.com/auth/userinfo.email",
        ),
        ("/project/", {"recursive": "true", "alt": "text"}, "numeric-project-id 123456789012\nproject-id demo\n"),
    ],
)
def test_metadata_as_text(guarded: Emulator, path: str, query: dict[str, str], text: str) -> None:
    answer = metadata(guarded, path, **query)
    assert (answer.status_code, answer.text) == (200, text)
    assert answer.headers["content-type"].startswith("application/text")
    assert answer.headers["metadata-flavor"] == "Google"


ACCOUNT = {
    "aliases": ["default"],
    "email": EMAIL,
    "scopes": [CLOUD_PLATFORM, "https://www.googleapis.com/auth/userinfo.email"],
}


@pytest.mark.parametrize(
    ("path", "query", "tree"),
    [
        ("/instance/service-accounts/default/", {"recursive": "true"}, ACCOUNT),
        ("/instance/service-accounts/", {"recursive": "true"}, {"default": ACCOUNT, EMAIL: ACCOUNT}),
        ("/project", {"recursive": "true"}, {"numericProjectId": 123456789012, "projectId": "demo"}),
        ("/project/project-id", {"alt": "json"}, "demo"),
    ],
)
def test_metadata_as_json(guarded: Emulator, path: str, query: dict[str, str], tree: object) -> None:
    answer = metadata(guarded, path, **query)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == tree


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/project/project-id", {}, 403),
        ("/project/project-id", {**GOOGLE, "x-forwarded-for": "10.0.0.1"}, 403),
        ("/project/nothing", GOOGLE, 404),
        ("/project/project-id/deeper", GOOGLE, 404),
        ("/instance/service-accounts/default/identity", GOOGLE, 400),
    ],
)
def test_metadata_that_is_refused(guarded: Emulator, path: str, headers: dict[str, str], status: int) -> None:
    assert httpx.get(f"{guarded.url}{ROOT}{path}", headers=headers).status_code == status


def test_a_metadata_token_opens_the_door_and_belongs_to_the_default_session(guarded: Emulator) -> None:
    answer = metadata(guarded, "/instance/service-accounts/default/token", scopes="a,b").json()
    assert sorted(answer) == ["access_token", "expires_in", "token_type"]
    assert 3600 - PATIENCE < answer["expires_in"] <= 3600
    token = answer["access_token"]
    with OpenAI(base_url=guarded.base_url, api_key=token) as client:
        client.chat.completions.create(model="google/gemini-3.5-flash", messages=[{"role": "user", "content": "Hi"}])
    told = httpx.get(f"{guarded.url}/tokeninfo", params={"access_token": token}).json()
    assert (told["email"], told["scope"], told["email_verified"]) == (EMAIL, "a b", "true")
    assert token.startswith("emulator.default.")


def test_an_identity_token_is_verified_with_the_published_keys(guarded: Emulator, state: Path) -> None:
    jwt = metadata(guarded, "/instance/service-accounts/default/identity", audience="https://app.example").text
    keys = httpx.get(f"{guarded.url}/oauth2/v3/certs").json()["keys"]
    assert keys == [ServiceKey.of(state).jwk]
    pems = httpx.get(f"{guarded.url}/oauth2/v1/certs").json()
    assert pems == {keys[0]["kid"]: ServiceKey.of(state).public_pem.decode()}
    told = httpx.get(f"{guarded.url}/tokeninfo", params={"id_token": jwt}).json()
    assert (told["aud"], told["email"], told["iss"]) == ("https://app.example", EMAIL, "https://accounts.google.com")


# ---- the token service


@pytest.mark.parametrize("query", ["?access_token=nonsense", "?id_token=a.b.c", ""])
def test_tokeninfo_knows_its_own_tokens_only(guarded: Emulator, query: str) -> None:
    answer = httpx.get(f"{guarded.url}/tokeninfo{query}")
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "error_description"}


NOW = int(time.time())
DAY_LATER = NOW + 86_400  # no run of the suite takes as long
IDENTITY = {"aud": "https://app.example", "iss": "https://accounts.google.com", "iat": NOW, "exp": DAY_LATER}


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        (IDENTITY, 200),
        ({**IDENTITY, "exp": NOW - 1}, 400),
        ({**IDENTITY, "exp": str(DAY_LATER)}, 400),
        ({name: value for name, value in IDENTITY.items() if name != "exp"}, 400),
        ({**IDENTITY, "iss": EMAIL}, 400),
        ({"use": "refresh", "session": "s", "email": EMAIL}, 400),
        ({"use": "subject", "session": "s", "email": EMAIL}, 400),
    ],
)
def test_tokeninfo_of_a_jwt_of_our_key(guarded: Emulator, state: Path, claims: dict[str, object], status: int) -> None:
    answer = httpx.get(f"{guarded.url}/tokeninfo", params={"id_token": ServiceKey.of(state).sign(claims)})
    assert answer.status_code == status
    if status == 400:
        assert answer.json() == {"error": "invalid_token", "error_description": "Invalid Value"}


@pytest.mark.parametrize("path", ["/token", "/v1/token", "/tokeninfo"])
@pytest.mark.parametrize("chunked", [False, True])
def test_body_of_a_token_request_has_a_limit(guarded: Emulator, path: str, chunked: bool) -> None:
    with httpx.Client(base_url=guarded.url) as client:
        for size, status in ((90_000, 400), (100_001, 413), (3_000_000, 413), (90_000, 400)):
            body = b"x" * size
            answer = client.post(path, content=iter([body]) if chunked else body)
            assert answer.status_code == status
            assert answer.json()["error"] == "invalid_request"
            if status == 413:
                assert answer.json()["error_description"] == "Request body is larger than 100000 bytes: send fewer"


@pytest.mark.parametrize("path", ["/token", "/v1/token"])
@pytest.mark.parametrize("sent", [{"data": {"grant_type": "password"}}, {"json": {"grant_type": "password"}}])
def test_an_oauth_error_has_its_own_envelope(guarded: Emulator, path: str, sent: dict[str, object]) -> None:
    answer = httpx.post(f"{guarded.url}{path}", **sent)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "unsupported_grant_type", "error_description": "Invalid grant_type: password"},
    )


def test_a_state_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with Emulator(state=tmp_path / "file" / "state") as emulator:
        answers = [
            metadata(emulator, "/instance/service-accounts/default/identity", audience="x"),
            httpx.get(f"{emulator.url}/oauth2/v3/certs"),
        ]
        assert metadata(emulator, "/instance/service-accounts/default/token").status_code == 200
    for answer in answers:
        assert answer.status_code == 503
        assert "--state" in answer.json()["error_description"]


# ---- what a token opens


@pytest.mark.parametrize("key", ["sk-accepted", None])
def test_a_live_or_named_token_is_let_in(guarded: Emulator, key: str | None) -> None:
    headers = {"authorization": f"Bearer {key or guarded.token}"}
    assert httpx.post(f"{guarded.base_url}/chat/completions", json=ask("Hi"), headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "CREDENTIALS_MISSING"),
        ({"x-goog-api-key": "AIzaSyA"}, "CREDENTIALS_MISSING"),
        ({"authorization": "Bearer AIzaSyA"}, "CREDENTIALS_MISSING"),
        ({"authorization": "Bearer emulator.default"}, "ACCESS_TOKEN_TYPE_UNSUPPORTED"),
        ({"authorization": "Bearer emulator.default.1.x"}, "ACCESS_TOKEN_TYPE_UNSUPPORTED"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_all_others_get_the_documented_401(
    guarded: Emulator, headers: dict[str, str], reason: str, stream: bool
) -> None:
    answer = httpx.post(f"{guarded.base_url}/chat/completions", json=ask("Hi", stream=stream), headers=headers)
    assert answer.status_code == 401
    error = answer.json()[0]["error"]
    assert (error["code"], error["status"], error["details"][0]["reason"]) == (401, "UNAUTHENTICATED", reason)


def test_an_endpoint_s_401_is_an_object(guarded: Emulator) -> None:
    answer = httpx.post(f"{guarded.endpoint_url('123')}/chat/completions", json=ask("Hi"))
    assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


def test_a_client_that_does_not_refresh_sees_the_401(state: Path) -> None:
    with Emulator(auth="token", token_life=1, state=state) as emulator:
        token = metadata(emulator, "/instance/service-accounts/default/token").json()["access_token"]
        expires = int(token.split(".")[2])
        assert verify(token, derive_key("0"), expires) == "expired"
        with OpenAI(base_url=emulator.base_url, api_key=token) as client:
            error = _first_refusal(client)
    assert "ACCESS_TOKEN_TYPE_UNSUPPORTED" in error.response.text


def _first_refusal(client: OpenAI) -> AuthenticationError:
    """Ask until the token, which lives one second, has expired."""
    while True:
        try:
            client.chat.completions.create(
                model="google/gemini-3.5-flash", messages=[{"role": "user", "content": "Hi"}]
            )
        except AuthenticationError as error:
            return error


@pytest.mark.parametrize(
    ("project", "reason"),
    [
        ("demo", "IAM_PERMISSION_DENIED"),
        ("archive", "SERVICE_DISABLED"),
        ("elsewhere", "CONSUMER_INVALID"),
    ],
)
def test_a_policy_earns_the_documented_403(tmp_path: Path, project: str, reason: str) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("projects: [demo, archive]\napi_disabled: [archive]\nidentities: {sk-reader: []}\n")
    with (
        Emulator(policy=policy, project=project) as emulator,
        OpenAI(base_url=emulator.base_url, api_key="sk-reader") as client,
        pytest.raises(PermissionDeniedError) as denied,
    ):
        client.chat.completions.create(model="google/gemini-3.5-flash", messages=[{"role": "user", "content": "Hi"}])
    error = denied.value.response.json()[0]["error"]
    assert (error["code"], error["status"], error["details"][0]["reason"]) == (403, "PERMISSION_DENIED", reason)
