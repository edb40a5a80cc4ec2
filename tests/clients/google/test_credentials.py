"""Unmodified clients get tokens and answers: each credential, over plain HTTP and under Google's own names."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gemulator import Emulator
from gemulator.cli.client_env import ClientEnvironment
from gemulator.cli.credential_files import CredentialFiles, Identity
from gemulator.server.auth.keys import ServiceKey
from gemulator.server.tls.certificate_authority import CertificateAuthority
from tests.clients.google.conftest import HERE, PROGRAMS, run

KINDS = ("service_account", "authorized_user", "external_account")


@pytest.fixture(scope="session")
def files(guarded: Emulator, state: Path, tmp_path_factory: pytest.TempPathFactory) -> CredentialFiles:
    files = CredentialFiles(tmp_path_factory.mktemp("files"))
    files.write(ServiceKey.of(state), guarded.url, Identity())
    files.write_authority(CertificateAuthority(state, (), 0.0))  # it is there already: the date is not used
    return files


def found(files: CredentialFiles, kind: str) -> dict[str, str]:
    return {"GOOGLE_APPLICATION_CREDENTIALS": str(files.folder / f"{kind}.json"), "GOOGLE_CLOUD_PROJECT": "demo"}


def metadata(emulator: Emulator) -> dict[str, str]:
    server = urlsplit(emulator.url).netloc
    return {"GCE_METADATA_HOST": server, "GCE_METADATA_IP": server}


def trust(files: CredentialFiles) -> dict[str, str]:
    # A library's own list of certificates differs from the system's: the certificate alone will do here.
    ca = str(files.ca)
    return {"SSL_CERT_FILE": ca, "REQUESTS_CA_BUNDLE": ca, "NODE_EXTRA_CA_CERTS": ca}


def through_proxy(emulator: Emulator, files: CredentialFiles) -> dict[str, str]:
    return {**trust(files), "HTTPS_PROXY": emulator.proxy_url}


def redirected(emulator: Emulator, files: CredentialFiles) -> dict[str, str]:
    ports = {"REDIRECT_HTTPS": urlsplit(emulator.tls_url).port, "REDIRECT_HTTP": urlsplit(emulator.url).port}
    return {**trust(files), "PYTHONPATH": str(HERE / "redirect"), **{name: str(port) for name, port in ports.items()}}


# ---- Python


@pytest.mark.parametrize("kind", ["service_account", "external_account"])
def test_google_auth_over_plain_http(python: Path, guarded: Emulator, files: CredentialFiles, kind: str) -> None:
    said = run(python, PROGRAMS / "plain.py", OPENAI_BASE_URL=guarded.base_url, **found(files, kind))
    assert said.startswith("demo ")


def test_google_auth_with_the_metadata_server(python: Path, guarded: Emulator) -> None:
    said = run(python, PROGRAMS / "plain.py", OPENAI_BASE_URL=guarded.base_url, **metadata(guarded))
    assert said.startswith("demo ")


@pytest.mark.parametrize("kind", KINDS)
def test_google_s_own_hosts_through_the_proxy(
    python: Path, guarded: Emulator, files: CredentialFiles, kind: str
) -> None:
    said = run(python, PROGRAMS / "official.py", **found(files, kind), **through_proxy(guarded, files))
    assert said.startswith("demo ")


@pytest.mark.parametrize("kind", [*KINDS, None])
def test_google_s_own_hosts_with_a_resolver_that_leads_here(
    python: Path, guarded: Emulator, files: CredentialFiles, kind: str | None
) -> None:
    """None: no credentials at all, so that the metadata server is found under its own name and address."""
    credentials = found(files, kind) if kind else {}
    said = run(python, PROGRAMS / "official.py", **credentials, **redirected(guarded, files))
    assert said.startswith("demo ")


def test_an_expired_token_is_refreshed_and_who_does_not_sees_the_401(
    python: Path, files: CredentialFiles, state: Path
) -> None:
    with Emulator(auth="token", token_life=5, state=state) as emulator:
        said = run(python, PROGRAMS / "refresh.py", OPENAI_BASE_URL=emulator.base_url, **metadata(emulator))
    assert said.split("\n") == ["200", "200 True", "401 ACCESS_TOKEN_TYPE_UNSUPPORTED", ""]


def test_an_identity_token_is_verified(python: Path, guarded: Emulator) -> None:
    said = run(python, PROGRAMS / "identity.py", **metadata(guarded))
    assert said == "gemulator-dev@demo.iam.gserviceaccount.com\n"


@pytest.mark.parametrize(
    ("program", "kind", "said"),
    [
        ("litellm_maas", "service_account", "True True"),
        ("litellm_endpoint", "service_account", "True True"),
        ("langchain_maas", "external_account", "True"),
        ("langchain_openai_adc", "service_account", "True True"),
    ],
)
def test_frameworks_with_application_default_credentials(
    python: Path, guarded: Emulator, files: CredentialFiles, program: str, kind: str, said: str
) -> None:
    quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    told = run(python, PROGRAMS / f"{program}.py", **found(files, kind), **through_proxy(guarded, files), **quiet)
    assert told.splitlines()[-1] == said


# ---- Node


def test_node_with_the_metadata_server(node: str, guarded: Emulator) -> None:
    assert run(node, PROGRAMS / "adc.js", guarded.base_url, **metadata(guarded)) == "Compute demo true\n"


def test_node_with_an_external_account(node: str, guarded: Emulator, files: CredentialFiles) -> None:
    said = run(node, PROGRAMS / "adc.js", guarded.base_url, **found(files, "external_account"))
    assert said == "IdentityPoolClient demo true\n"


@pytest.mark.parametrize(("kind", "client"), [("service_account", "JWT"), ("authorized_user", "UserRefreshClient")])
def test_node_s_other_credentials_through_the_proxy(
    node: str, guarded: Emulator, files: CredentialFiles, kind: str, client: str
) -> None:
    said = run(node, PROGRAMS / "adc.js", guarded.base_url, **found(files, kind), **through_proxy(guarded, files))
    assert said == f"{client} demo true\n"


# ---- gcloud


@pytest.fixture
def sdk(tmp_path: Path) -> Mapping[str, str]:
    return {"HOME": str(tmp_path), "CLOUDSDK_CONFIG": str(tmp_path / "gcloud"), "CLOUDSDK_CORE_DISABLE_PROMPTS": "1"}


def test_gcloud_prints_the_token_it_is_given(gcloud: str, guarded: Emulator, sdk: Mapping[str, str]) -> None:
    variables = ClientEnvironment(
        guarded.urls, guarded.token, "demo", CredentialFiles(Path("unused")), adc=None
    ).variables()
    assert run(gcloud, "auth", "print-access-token", **variables, **sdk) == f"{guarded.token}\n"
    assert run(gcloud, "config", "get", "project", **variables, **sdk) == "demo\n"


def test_gcloud_on_a_machine_with_a_metadata_server(gcloud: str, guarded: Emulator, sdk: Mapping[str, str]) -> None:
    root = {"GCE_METADATA_ROOT": urlsplit(guarded.url).netloc}
    assert run(gcloud, "auth", "print-access-token", **root, **sdk).startswith("emulator.default.")
    assert run(gcloud, "config", "get", "project", **root, **sdk) == "demo\n"
    token = run(gcloud, "auth", "print-identity-token", "--audiences=https://app.example", **root, **sdk)
    assert token.count(".") == 2


@pytest.mark.parametrize("kind", ["service_account", "authorized_user"])
def test_gcloud_s_application_default_token(
    gcloud: str, guarded: Emulator, files: CredentialFiles, sdk: Mapping[str, str], kind: str
) -> None:
    host = {"CLOUDSDK_AUTH_TOKEN_HOST": f"{guarded.url}/token"}
    said = run(gcloud, "auth", "application-default", "print-access-token", **found(files, kind), **host, **sdk)
    assert said.startswith("emulator.default.")


def test_gcloud_activates_the_service_account(
    gcloud: str, guarded: Emulator, files: CredentialFiles, sdk: Mapping[str, str]
) -> None:
    file = files.path("service_account")
    run(gcloud, "auth", "activate-service-account", f"--key-file={file}", **sdk)
    assert run(gcloud, "auth", "print-access-token", **sdk).startswith("emulator.default.")
