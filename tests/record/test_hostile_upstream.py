"""Upstreams that fail or attack, and requests that try to name one: a clear error each."""

import gzip
import os
import re
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from gemulator import Emulator
from gemulator.record.upstream import http_client
from tests.record.asking import CALLER, HOUR, SAY, ask, entry, forwarding
from tests.record.raw_upstream import event, head, raw_upstream

pytestmark = pytest.mark.slow

BOTH = pytest.mark.parametrize("kind", ["vertex={}", "openai={}/v1"])


@BOTH
def test_redirect_is_an_error_and_is_not_followed(kind: str) -> None:
    with raw_upstream(head("200 OK", "application/json"), b"{}") as metadata:
        redirect = head("307 Temporary Redirect", "text/html", f"location: {metadata.url}/computeMetadata/v1/")
        with raw_upstream(redirect) as up, forwarding(kind.format(up.url)) as emulator:
            answer = ask(emulator)
        assert answer.status_code == 502
        assert "redirect" in answer.json()["error"]["message"]
        assert "location" not in answer.headers
        assert answer.headers["x-emulator-error"] == "upstream"
        assert not metadata.asked


@BOTH
def test_unreachable_upstream_is_a_clear_error(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with forwarding(kind.format(url)) as emulator:
        answer = ask(emulator, stream=True)
        assert answer.status_code == 502
        assert "ConnectError" in answer.json()["error"]["message"]
        assert entry(emulator)["upstream"]["error"]


@BOTH
def test_silent_upstream_times_out(kind: str) -> None:
    with raw_upstream(HOUR) as up, forwarding(kind.format(up.url), upstream_timeout=0.5) as emulator:
        answer = ask(emulator)
        assert answer.status_code == 504
        assert "--upstream-timeout" in answer.text


@BOTH
def test_upstream_that_falls_silent_is_cut(kind: str) -> None:
    script = (head(), event({"content": "a"}) + event({"content": "b"}), HOUR)
    with raw_upstream(*script) as up, forwarding(kind.format(up.url), upstream_timeout=0.5) as emulator:
        with pytest.raises(httpx.RemoteProtocolError):
            ask(emulator, stream=True)
        assert "silent" in entry(emulator)["upstream"]["error"]


@BOTH
def test_announced_ten_gigabytes_are_refused(kind: str) -> None:
    with (
        raw_upstream(head("200 OK", "application/json", "content-length: 10000000000"), HOUR) as up,
        forwarding(kind.format(up.url)) as emulator,
    ):
        answer = ask(emulator)
        assert answer.status_code == 502
        assert "10,000,000,000 bytes" in answer.text


@BOTH
def test_endless_answer_is_cut_at_the_limit(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "MAX_ANSWER", 500_000)
    script: list[bytes | float] = [head(), *[event({"content": "x" * 50_000})] * 30, HOUR]
    with raw_upstream(*script) as up, forwarding(kind.format(up.url)) as emulator:
        with pytest.raises(httpx.RemoteProtocolError):
            ask(emulator, stream=True)
        assert "exceeds" in entry(emulator)["upstream"]["error"]


def test_bomb_in_gzip_is_never_unpacked() -> None:
    bomb = gzip.compress(b"0" * 20_000_000)
    packed = head("200 OK", "application/json", "content-encoding: gzip"), bomb
    with raw_upstream(*packed) as up:
        with forwarding(f"openai={up.url}/v1") as emulator:
            answer = ask(emulator)
            assert answer.status_code == 502
            assert "compressed" in answer.text
        with forwarding(f"vertex={up.url}") as emulator:
            url = f"{emulator.base_url}/chat/completions"
            with httpx.stream("POST", url, json=SAY, headers=CALLER) as raw:
                assert b"".join(raw.iter_raw()) == bomb
        assert up.asked[0].headers["accept-encoding"] == "identity"


@BOTH
@pytest.mark.parametrize(
    "script",
    [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: application/json\r\n\r\nZZ\r\nbad\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"",
    ],
)
def test_broken_http_is_no_crash(kind: str, script: bytes) -> None:
    with raw_upstream(script) as up, forwarding(kind.format(up.url)) as emulator:
        try:
            assert ask(emulator).status_code == 502
        except httpx.RemoteProtocolError:  # the head was right, and the body is cut as it was
            assert entry(emulator)["outcome"] == "cut"
        assert httpx.get(f"{emulator.url}/__emulator/health").status_code < 500


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"choices": 7}', b'{"choices": [7]}', b"{}"])
def test_answer_that_is_no_completion_is_refused(body: bytes) -> None:
    with (
        raw_upstream(head("200 OK", "application/json"), body) as up,
        forwarding(f"openai={up.url}/v1") as emulator,
    ):
        assert ask(emulator).status_code == 502


def test_request_cannot_name_an_upstream() -> None:
    with raw_upstream(head("200 OK", "application/json"), b"{}") as other:
        with raw_upstream(head("200 OK", "application/json"), b"{}") as up, forwarding(f"vertex={up.url}") as emulator:
            path = "/v1/projects/{}/locations/{}/endpoints/openapi/chat/completions"
            host = other.url.removeprefix("http://")
            for project, location in ((f"p@{host}", "global"), ("p", f"{host}%23"), ("p", "evil.example%2f")):
                httpx.post(emulator.url + path.format(project, location), json=SAY, headers=CALLER)
            for name, value in (("host", host), ("x-upstream", other.url), ("x-forwarded-host", host)):
                url = f"{emulator.base_url}/chat/completions"
                httpx.post(
                    url, json={**SAY, "upstream": other.url, "base_url": other.url}, headers={**CALLER, name: value}
                )
            for setting in ("unmatched", "upstream"):
                pushed = httpx.post(f"{emulator.url}/__emulator/sessions", json={setting: "forward"})
                assert pushed.status_code == 422
            named = {"reply": {"forward": other.url}}
            assert "error" in httpx.put(f"{emulator.url}/__emulator/scenarios/x", json={"turns": [named]}).text
        assert not other.asked
        assert up.asked


@pytest.mark.parametrize("location", ["global.evil.example", "localhost", "evil.example/"])
def test_path_makes_no_host_of_google(location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with forwarding("vertex") as emulator:
        path = f"/v1/projects/p/locations/{location.replace('/', '%2f')}/endpoints/openapi/chat/completions"
        answer = httpx.post(emulator.url + path, json=SAY, headers=CALLER)
        assert answer.status_code in (400, 404)


def test_certificate_of_the_upstream_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Emulator(scenarios="none", tls=True, state=tmp_path) as google:
        with forwarding(f"vertex={google.tls_url}") as emulator:
            answer = ask(emulator)
            assert answer.status_code == 502
            assert "CERTIFICATE_VERIFY_FAILED" in answer.text
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert ssl.get_default_verify_paths().openssl_cafile_env == "SSL_CERT_FILE"
        with forwarding(f"vertex={google.tls_url}") as emulator:
            same = httpx.post(f"{google.base_url}/chat/completions", json=SAY, headers=CALLER).json()
            assert ask(emulator).json()["choices"] == same["choices"]


SUITE = """
import httpx

def test_of_a_user(gemulator):
    url = f"{gemulator.base_url}/chat/completions"
    body = {"model": "google/gemini-2.5-flash", "messages": [{"role": "user", "content": "hi"}]}
    gemulator.when().reply({"forward": True})
    assert "no upstream" in httpx.post(url, json=body, headers={"authorization": f"Bearer {gemulator.token}"}).text
"""
SETTINGS = """
import pytest

@pytest.fixture(scope="session")
def gemulator_settings():
    return {"upstream": "URL"}
"""


@pytest.mark.parametrize("by", ["variable", "file", "fixture"])
def test_tests_of_the_plugin_forward_nothing(by: str, tmp_path: Path) -> None:
    with raw_upstream(head("200 OK", "application/json"), b"{}") as up:
        (tmp_path / "test_suite.py").write_text(SUITE)
        environ = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV", "GEMULATOR"))
        }
        if by == "variable":
            environ["GEMULATOR_UPSTREAM"] = f"vertex={up.url}"
        elif by == "file":
            (tmp_path / "gemulator.toml").write_text(f'upstream = "vertex={up.url}"\n')
        else:
            (tmp_path / "conftest.py").write_text(SETTINGS.replace("URL", f"vertex={up.url}"))
        command = [sys.executable, "-m", "pytest", "-p", "no:randomly", "--rootdir", str(tmp_path)]
        done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
        assert "1 passed" in done.stdout, done.stdout
        if by != "fixture":  # a fixture may name it, for tests that record
            assert re.search(r"gemulator: ignored: .*: tests would depend on the shell", done.stdout)
        assert not up.asked
