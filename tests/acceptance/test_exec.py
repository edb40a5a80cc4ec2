"""`gemulator exec`, `env` and `credentials` as a user types them."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from gemulator import Emulator
from tests.waiting import PATIENCE

GEMULATOR = [sys.executable, "-m", "gemulator"]
ASK = """
import openai, sys
client = openai.OpenAI(max_retries=0)
for model in sys.argv[1:]:
    client.chat.completions.create(model=model, messages=[{"role": "user", "content": "Hello"}])
"""


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def around(state: Path) -> Mapping[str, str]:
    """The environment of the commands."""
    return {**os.environ, "GEMULATOR_STATE": str(state), "GEMULATOR_PORT": "1"}


def run(around: Mapping[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*GEMULATOR, *arguments], env=around, capture_output=True, text=True, check=False)


def test_a_command_finds_an_emulator_of_its_own_and_what_it_asked_is_summed_up(around: Mapping[str, str]) -> None:
    models = ["google/gemini-3.5-flash", "google/gemini-2.5-pro", "google/gemini-3.5-flash"]
    ended = run(around, "exec", "--auth", "token", "--", sys.executable, "-c", ASK, *models)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.splitlines() == [
        "gemulator: scenarios from ./scenarios",
        "gemulator: 3 requests",
        "  2 × google/gemini-3.5-flash  generated  200",
        "  1 × google/gemini-2.5-pro  generated  200",
    ]


def test_the_turn_that_answered_is_named(around: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "greeting.yaml").write_text("turns: [{reply: Hi}]\n")
    command = [sys.executable, "-c", ASK, "google/gemini-3.5-flash"]
    ended = run(around, "exec", "--scenarios", str(tmp_path), *command)
    assert ended.stderr.splitlines() == ["gemulator: 1 request", "  1 × google/gemini-3.5-flash  greeting/1  200"]


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        (["sh", "-c", "exit 7"], 7, ""),
        (["sh", "-c", "kill -KILL $$"], 137, ""),
        (["no-such-command"], 127, "command not found: no-such-command"),
        (["/"], 126, "/ cannot be run"),
        (["sh", "-c", "exit 0", "--port", "x"], 0, ""),
    ],
)
def test_the_exit_code_is_the_command_s(around: Mapping[str, str], command: list[str], code: int, says: str) -> None:
    ended = run(around, "exec", *command)
    assert ended.returncode == code, ended.stderr
    assert says in ended.stderr


def test_a_broken_scenario_is_said_before_anything_runs(around: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("turns: 7\n")
    ended = run(around, "exec", "--scenarios", str(tmp_path), "echo", "it ran")
    assert ended.returncode == 1
    assert "broken.yaml" in ended.stderr
    assert not ended.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_signals_are_passed_on(around: Mapping[str, str], number: signal.Signals) -> None:
    name = number.name.removeprefix("SIG")
    script = f"trap 'echo got {name}; exit 5' {name}; echo ready; while :; do sleep 0.05; done"
    running = subprocess.Popen(
        [*GEMULATOR, "exec", "sh", "-c", script],
        env=around,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    running.send_signal(number)
    out, _ = running.communicate(timeout=PATIENCE)
    assert (out, running.returncode) == (f"got {name}\n", 5)


def test_what_the_command_is_given(around: Mapping[str, str]) -> None:
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    old = {**around, "GOOGLE_APPLICATION_CREDENTIALS": "/home/me/real.json"}
    ended = run(old, "exec", "--tls", "--proxy-port", "0", sys.executable, "-c", show)
    given = json.loads(ended.stdout)
    folder = Path(given["GOOGLE_APPLICATION_CREDENTIALS"]).parent
    assert given["NODE_EXTRA_CA_CERTS"] == str(folder / "ca.pem")
    assert given["HTTPS_PROXY"].startswith("http://127.0.0.1:")
    assert given["OPENAI_BASE_URL"].startswith(f"http://{given['GCE_METADATA_HOST']}/v1/projects/demo/")
    assert not given["OPENAI_BASE_URL"].startswith("http://127.0.0.1:1/")
    assert not folder.exists()
    bare = json.loads(run(old, "exec", "--adc", "metadata", sys.executable, "-c", show).stdout)
    assert "GOOGLE_APPLICATION_CREDENTIALS" not in bare
    assert "SSL_CERT_FILE" not in bare or bare["SSL_CERT_FILE"] == around.get("SSL_CERT_FILE")


@pytest.fixture(scope="module")
def running(state: Path) -> Iterator[Emulator]:
    with Emulator(state=state, auth="token") as emulator:
        yield emulator


def test_env_leads_a_client_to_a_running_emulator(running: Emulator, around: Mapping[str, str]) -> None:
    script = f'eval "$({sys.executable} -m gemulator env --url {running.url}/)" && exec "$@"'
    command = ["sh", "-c", script, "sh", sys.executable, "-c", ASK, "google/gemini-3.5-flash"]
    ended = subprocess.run(command, env=around, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_env_names_files_that_are_there(running: Emulator, around: Mapping[str, str], state: Path) -> None:
    told = run(around, "env", "--url", running.url, "--format", "dotenv", "--tls", "--session", "tab").stdout
    variables = dict(line.split("=", 1) for line in told.splitlines())
    named = {name: Path(value) for name, value in variables.items() if value.startswith(str(state))}
    assert set(named) == {
        "GOOGLE_APPLICATION_CREDENTIALS",
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
        "NODE_EXTRA_CA_CERTS",
    }
    assert all(file.is_file() for file in named.values())
    assert variables["OPENAI_API_KEY"].startswith("emulator.tab.0.")


def test_credentials_are_written_for_their_owner_and_say_whom_they_serve(
    around: Mapping[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "creds"
    said = run(around, "credentials", str(folder), "--url", "http://127.0.0.1:9/", "--session", "a b", "--tls")
    assert said.returncode == 0, said.stderr
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert modes == {
        "service_account.json": 0o600,
        "authorized_user.json": 0o600,
        "external_account.json": 0o600,
        "subject_token.jwt": 0o600,
        "ca.pem": 0o644,
        "ca-bundle.pem": 0o644,
    }
    account = json.loads((folder / "service_account.json").read_text())
    assert account["client_email"] == "gemulator-dev@demo.iam.gserviceaccount.com"
    assert account["token_uri"] == "http://127.0.0.1:9/token?session=a%20b"
    assert json.loads((folder / "external_account.json").read_text())["token_url"] == "http://127.0.0.1:9/v1/token"
    assert all(name in said.stdout for name in ("service_account.json", "Node only with `serve --tls`"))
    assert b"PRIVATE" not in (folder / "ca.pem").read_bytes() + (folder / "ca-bundle.pem").read_bytes()


def test_credentials_of_a_shared_volume_are_readable(around: Mapping[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "creds"
    run(around, "credentials", str(folder), "--shared")
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o644}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_serve_warns_who_can_reach_it_and_says_what_to_trust(around: Mapping[str, str], state: Path) -> None:
    command = [*GEMULATOR, "serve", "--host", "0.0.0.0", "--port", "0", "--tls", "--tls-port", "0"]
    running = subprocess.Popen(command, env=around, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None
    said = [running.stdout.readline() for _ in range(11)]
    running.terminate()
    rest, errors = running.communicate(timeout=PATIENCE)
    text = "".join(said) + rest
    assert "Warning: listening on 0.0.0.0." in text
    assert f"CA certificate       {state / 'ca.pem'}" in text
    assert "PRIVATE" not in text + errors


@pytest.mark.parametrize("door", [["--tls"], ["--proxy-port", "0"]])
def test_https_wants_one_process(around: Mapping[str, str], door: list[str]) -> None:
    refused = run(around, "serve", "--workers", "2", "--store", "redis://127.0.0.1:1", *door)
    assert refused.returncode == 2
    assert "need a single process" in refused.stderr


def test_what_was_asked_cannot_be_told_without_the_admin_api(around: Mapping[str, str]) -> None:
    ended = run(around, "exec", "--scenarios", "none", "--admin", "off", "true")
    assert (ended.returncode, ended.stderr) == (0, "gemulator: no summary of requests, because of --admin off\n")
    ended = run(around, "exec", "--scenarios", "none", "--admin-key", "secret", "true")
    assert (ended.returncode, ended.stderr) == (0, "gemulator: 0 requests\n")


def test_settings_do_not_show_secrets(state: Path) -> None:
    with Emulator(state=state, token_key="mysecret", tokens=("sk-mine",)) as emulator:
        told = httpx.get(f"{emulator.url}/__emulator/settings").text
    assert "mysecret" not in told
    assert "sk-mine" not in told


@pytest.mark.parametrize("command", [["credentials", "unused"], ["env"], ["env", "--tls"], ["exec", "--tls", "true"]])
def test_a_state_folder_that_cannot_be_is_said(around: Mapping[str, str], tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    ended = run({**around, "GEMULATOR_STATE": str(tmp_path / "file" / "state")}, *command)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "Not a directory" in ended.stderr
