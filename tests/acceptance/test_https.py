"""HTTPS under Google's names, and the proxy that leads there."""

import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from openai import OpenAI

from gemulator import Emulator
from gemulator.client.admin import Admin, AdminError
from gemulator.server.tls.certificate_authority import UnsupportedHostError
from tests.acceptance.wire import ask

GOOGLE = "https://us-central1-aiplatform.googleapis.com/v1/projects/demo/locations/us-central1/endpoints/openapi"
BEARER = {"authorization": "Bearer x"}
REGIONAL = "google/gemini-2.5-flash"  # the default model of `ask` is served at `global` only


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def secure(state: Path) -> Iterator[Emulator]:
    with Emulator(tls=True, proxy_port=0, state=state) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def trust(secure: Emulator, state: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(state / "ca.pem"))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_https_answers_beside_http(secure: Emulator, trust: ssl.SSLContext, host: str) -> None:
    port = urlsplit(secure.tls_url).port
    with httpx.Client(verify=trust) as client:
        assert client.get(f"https://{host}:{port}/__emulator/health").json()["status"] == "ok"
    assert httpx.get(f"{secure.url}/__emulator/health").json()["status"] == "ok"


def test_a_paced_stream_comes_piece_by_piece(secure: Emulator, trust: ssl.SSLContext) -> None:
    path = secure.base_url.removeprefix(secure.url)
    pacing = {"authorization": "Bearer x", "x-emulator-pacing": "inter_token: 1h, tokens_per_chunk: 1"}
    with httpx.Client(verify=trust, headers=pacing) as client:
        url = f"{secure.tls_url}{path}/chat/completions"
        with client.stream("POST", url, json=ask("Hello", stream=True)) as answer:
            first = next(answer.iter_raw())
    assert first.count(b"data: ") == 1, "the next one is an hour away"


@pytest.mark.parametrize("sni", ["aiplatform.googleapis.com", "1.us-east5-9.prediction.vertexai.goog"])
def test_the_certificate_fits_the_name_that_is_asked_for(secure: Emulator, trust: ssl.SSLContext, sni: str) -> None:
    with httpx.Client(verify=trust) as client:
        answer = client.get(f"{secure.tls_url}/__emulator/health", extensions={"sni_hostname": sni})
    assert answer.status_code == 200


def test_another_name_gets_no_handshake(secure: Emulator, trust: ssl.SSLContext) -> None:
    with httpx.Client(verify=trust) as client, pytest.raises(httpx.ConnectError):
        client.get(f"{secure.tls_url}/__emulator/health", extensions={"sni_hostname": "www.google.com"})


def test_a_client_that_does_not_trust_the_authority_refuses(secure: Emulator) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{secure.tls_url}/__emulator/health")


def test_google_s_url_is_answered_through_the_proxy(secure: Emulator, trust: ssl.SSLContext) -> None:
    with httpx.Client(proxy=secure.proxy_url, verify=trust) as client:
        answer = client.post(f"{GOOGLE}/chat/completions", json=ask("Hello", model=REGIONAL), headers=BEARER)
        again = client.post(
            f"{GOOGLE}/chat/completions", json=ask("Hello", model=REGIONAL, stream=True), headers=BEARER
        )
    assert answer.json()["choices"][0]["message"]["content"]
    assert again.text.endswith("data: [DONE]\n\n")


def test_openai_s_client_streams_through_the_proxy(
    secure: Emulator, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", secure.proxy_url)
    monkeypatch.setenv("SSL_CERT_FILE", str(state / "ca.pem"))
    with OpenAI(base_url=GOOGLE, api_key="x", max_retries=0) as client:
        chunks = list(
            client.chat.completions.create(
                model="google/gemini-3.5-flash", messages=[{"role": "user", "content": "Hello"}], stream=True
            )
        )
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_a_dedicated_host_is_known_to_be_one(state: Path, trust: ssl.SSLContext) -> None:
    host = "https://99.us-central1-123456789012.prediction.vertexai.goog"
    url = f"{host}/v1/projects/demo/locations/us-central1/endpoints/99/chat/completions"
    with (
        Emulator(proxy_port=0, state=state, shared_limit=100, dedicated_limit=10_000) as emulator,
        httpx.Client(proxy=emulator.proxy_url, verify=trust) as client,
    ):
        assert client.post(url, json=ask("x" * 1000), headers=BEARER).status_code == 200
        direct = f"{emulator.endpoint_url('99')}/chat/completions"
        assert httpx.post(direct, json=ask("x" * 1000), headers=BEARER).status_code == 413


def test_other_hosts_are_refused(secure: Emulator, trust: ssl.SSLContext) -> None:
    with httpx.Client(proxy=secure.proxy_url, verify=trust) as client, pytest.raises(httpx.ProxyError, match="403"):
        client.get("https://example.com/")


def test_a_client_that_goes_away_in_a_tunnel_leaves_the_proxy_well(secure: Emulator, trust: ssl.SSLContext) -> None:
    import socket

    proxy = urlsplit(secure.proxy_url)
    for sent in (b"", b"CONNECT oauth2.goog", b"CONNECT oauth2.googleapis.com:443 HTTP/1.1\r\n\r\n"):
        with socket.create_connection((proxy.hostname or "", proxy.port or 0)) as client:
            client.sendall(sent)
    with httpx.Client(proxy=secure.proxy_url, verify=trust) as again:
        assert again.get("https://oauth2.googleapis.com/__emulator/health").status_code == 200


def test_an_idle_tunnel_does_not_hold_up_the_end(
    state: Path, trust: ssl.SSLContext, capsys: pytest.CaptureFixture[str]
) -> None:
    emulator = Emulator(tls=True, proxy_port=0, state=state, grace=3600).start()
    stopping = threading.Thread(target=emulator.stop, daemon=True)
    with httpx.Client(proxy=emulator.proxy_url, verify=trust) as client:
        assert client.get("https://oauth2.googleapis.com/__emulator/health").status_code == 200
        stopping.start()
        stopping.join(25)  # a TLS farewell that nobody answers takes 30 s by default
        assert not stopping.is_alive()
    assert "timeout graceful shutdown exceeded" not in capsys.readouterr().err


def test_a_name_beyond_the_constraints_is_refused_at_the_start(secure: Emulator, state: Path) -> None:
    with pytest.raises(UnsupportedHostError, match=r"'other\.test'"):
        Emulator(tls=True, tls_names=("other.test",), state=state).start()


def test_no_private_key_is_shown_to_anyone(secure: Emulator, state: Path) -> None:
    key = (state / "ca-key.pem").read_text().splitlines()[1]
    for path in ("/", "/oauth2/v1/certs", "/oauth2/v3/certs", "/__emulator/health", "/ca-key.pem"):
        assert key not in httpx.get(f"{secure.url}{path}").text


def test_the_admin_client_trusts_what_ssl_cert_file_names(
    secure: Emulator, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Admin(secure.tls_url) as admin, pytest.raises(AdminError, match="CERTIFICATE_VERIFY_FAILED"):
        admin.sessions()
    monkeypatch.setenv("SSL_CERT_FILE", str(state / "ca.pem"))
    with Admin(secure.tls_url) as admin:
        assert admin.create("over tls")[0] == "over tls"
