"""`gemulator` as a user runs it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from gemulator.core.settings import Settings
from tests.acceptance.wire import ask
from tests.waiting import PATIENCE

COMMAND = [sys.executable, "-m", "gemulator"]


@contextmanager
def serving(*options: str, cwd: Path | None = None, **variables: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """A running server's greeting, and its process."""
    environment = {**os.environ, **variables}
    process = subprocess.Popen(
        [*COMMAND, "serve", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env=environment,
    )
    assert process.stdout is not None
    try:
        greeting = ""
        for line in process.stdout:
            greeting += line
            if "Requests that match no scenario" in line:
                break
        assert greeting, process.stderr.read() if process.stderr else ""
        yield greeting, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def url_of(greeting: str) -> str:
    found = re.search(r"OPENAI_BASE_URL=(\S+/openapi)", greeting)
    assert found
    return found[1]


def run(*arguments: str, cwd: Path | None = None, **variables: str) -> "subprocess.CompletedProcess[str]":
    around = {**os.environ, **variables}
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, check=False, cwd=cwd, env=around, timeout=PATIENCE
    )


def test_it_greets_with_what_to_paste(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("turns: [{ reply: Hi }]")
    with serving("--port", "0", "--scenarios", str(tmp_path)) as (greeting, _):
        assert "1 scenario from" in greeting
        assert "match no scenario get a generated answer" in greeting
        assert re.search(
            r"OPENAI_BASE_URL=http://127.0.0.1:\d+/v1/projects/demo/locations/us-central1/endpoints/\d+", greeting
        )
        answer = httpx.post(
            f"{url_of(greeting)}/chat/completions", json=ask("x"), headers={"authorization": "Bearer x"}
        )
        assert answer.json()["choices"][0]["message"]["content"] == "Hi"


def test_options_come_from_variables_and_a_file(tmp_path: Path) -> None:
    (tmp_path / "gemulator.toml").write_text('unmatched = "error"\nscenarios = ["mine"]\n')
    (tmp_path / "mine").mkdir()
    with serving(cwd=tmp_path, GEMULATOR_PORT="0", GEMULATOR_AUTH="open") as (greeting, _):
        assert "0 scenarios from mine" in greeting
        assert "(not required)" in greeting
        assert httpx.post(f"{url_of(greeting)}/chat/completions", json=ask("x")).status_code == 400


def test_the_file_is_named_by_a_variable_and_lists_are_parted(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    file = tmp_path / "mine.toml"
    file.write_text("port = 0\nauth = 'token'\n")
    folders = ",".join(str(tmp_path / name) for name in ("one", "two"))
    around = {"GEMULATOR_CONFIG": str(file), "GEMULATOR_SCENARIOS": folders, "GEMULATOR_TOKENS": "sk-one, sk-two"}
    with serving(cwd=tmp_path, **around) as (greeting, _):
        assert f"0 scenarios from {tmp_path / 'one'}, {tmp_path / 'two'}" in greeting
        for token, status in (("sk-one", 200), ("sk-two", 200), ("sk-one sk-two", 401)):
            headers = {"authorization": f"Bearer {token}"}
            answer = httpx.post(f"{url_of(greeting)}/chat/completions", json=ask("x"), headers=headers)
            assert answer.status_code == status


LISTS = [name for name in Settings.model_fields if Settings.splits(name)]


def test_help_says_how_lists_are_parted() -> None:
    said = " ".join(run("serve", "--help").stdout.split())
    assert "[env var: GEMULATOR_CONFIG]" in said
    assert said.count("Repeatable; separate several values with commas.") == len(LISTS)


def test_one_line_a_request() -> None:
    with serving("--port", "0", "--log-format", "json") as (greeting, process):
        httpx.post(f"{url_of(greeting)}/chat/completions", json=ask("x"), headers={"authorization": "Bearer x"})
        process.send_signal(signal.SIGTERM)
        _, logged = process.communicate()
    line = json.loads(logged.splitlines()[0])
    assert (line["status"], line["model"], line["chunks"], line["outcome"]) == (
        200,
        "google/gemini-3.1-pro-preview",
        1,
        "completed",
    )


def test_ctrl_c_ends_it() -> None:
    with serving("--port", "0") as (_, process):
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "Traceback" not in out + error


def test_the_image_looks_after_the_port_that_is_set() -> None:
    text = (Path(__file__).parents[2] / "Dockerfile").read_text(encoding="utf-8")
    found = re.search(r"^HEALTHCHECK .*\\\n +CMD (\[.*\])$", text, re.MULTILINE)
    assert found
    _, *healthy = json.loads(found[1])
    with serving("--port", "0") as (greeting, _):
        port = httpx.URL(url_of(greeting)).port
        for asked, code in ((str(port), 0), ("1", 1)):
            environment = {**os.environ, "GEMULATOR_PORT": asked}
            shown = subprocess.run([sys.executable, *healthy], env=environment, capture_output=True, check=False)
            assert shown.returncode == code


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"]])
def test_help_reads(arguments: list[str]) -> None:
    shown = run(*arguments)
    assert shown.returncode == 0
    assert all(len(line) <= 110 for line in shown.stdout.splitlines())


def test_each_command_is_said_whole() -> None:
    commands = run("--help", COLUMNS="80").stdout.partition("Commands:")[2].strip().splitlines()
    assert len(commands) == 18
    assert [line for line in commands if not line.endswith(".") or line.endswith("...")] == []


def test_a_taken_port_says_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        shown = run("serve", "--port", str(taken.getsockname()[1]))
    assert shown.returncode == 1
    assert "Choose another port with --port" in shown.stderr


WRONG = [
    (["--quota", "often"], "--quota: often: unknown key; write it like `requests_per_minute: 60`"),
    (["--catalog", "nowhere"], "the catalog cannot be used:\nnowhere:1:1: cannot be read: No such file"),
    (["--scenarios", "nowhere"], "the scenarios cannot be used:\nnowhere:1:1: no such file or folder"),
    (["--host", "999.1.1.1"], "999.1.1.1 port 0"),
    (["--tls", "--tls-names", "bücher.test"], "'bücher.test' is not a certificate name"),
    (["--speed", "fast"], "--speed: 'fast' is not a speed"),
    (["--clock", "noon"], "--clock: 'noon' is not a time"),
    (["--clock", "1969-12-31T23:59:59Z"], "from 1970-01-01 to 2106-02-07"),
    (["--clock", "2106-02-07T06:28:16Z"], "--clock: '2106-02-07T06:28:16Z' is out of range"),
    (["--port", "99999"], "--port: Input should be less than or equal to 65535"),
    (["--policy", "nowhere"], "the policy cannot be used:\nnowhere:1:1: cannot be read: No such file"),
    (["--quota", "concurrent: two"], "--quota: concurrent: expected a whole number, found 'two'; write it like"),
    (["--grace", "inf"], "--grace: Input should be a finite number"),
    (["--store", "redis://here:port/0"], "--store: 'redis://here:port/0' is not a store"),
    (["--store", "redis://here/0?pasword=x"], "--store: invalid URL: "),
    (["--host", "192.0.2.1"], "Set --host to an address of this machine, like 127.0.0.1"),
    (["--cors", "http://localhost:5173, http://one.test/"], "--cors: 'http://one.test/' is not an origin"),
    (["--admin-key", "secret\n"], "--admin-key: not valid in a header"),
    (["--tokens", "one", "--tokens", "zwölf"], "--tokens: not valid in a header"),
]


@pytest.mark.parametrize(
    ("command", "arguments", "says"),
    [*((["serve"], *wrong) for wrong in WRONG), *((["exec", "true"], *wrong) for wrong in WRONG[:5])],
)
def test_wrong_options_say_so(tmp_path: Path, command: list[str], arguments: list[str], says: str) -> None:
    name, *what = command
    shown = run(name, "--port", "0", *arguments, *what, GEMULATOR_STATE=str(tmp_path))
    assert shown.returncode != 0
    assert says in shown.stderr
    assert "Traceback" not in shown.stderr


def test_wrong_words_in_the_file_say_so(tmp_path: Path) -> None:
    (tmp_path / "gemulator.toml").write_text('quota = "zz"\n')
    shown = run("serve", cwd=tmp_path)
    assert shown.returncode != 0
    assert "--quota: zz: unknown key" in shown.stderr


def test_a_broken_scenario_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("turns:\n  - wen: { user: hi }\n    reply: Hi\n")
    shown = run("serve", "--scenarios", str(tmp_path))
    assert shown.returncode == 1
    assert "a.yaml:2:" in shown.stderr
    assert "turns[0].wen: unknown key `wen`" in shown.stderr
    assert "Did you mean `when`?" in shown.stderr


def test_one_value_and_a_list_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "gemulator.toml").write_text('scenarios = "mine"\nport = 0\n')
    with serving(cwd=tmp_path) as (greeting, _):
        assert "0 scenarios from mine" in greeting
    (tmp_path / "gemulator.toml").write_text('cors = ["http://one.test"]\n')
    assert "--cors (gemulator.toml): takes one value, not a list" in run("serve", cwd=tmp_path).stderr


def test_an_unknown_key_in_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "gemulator.toml").write_text("prot = 1\n")
    shown = run("serve", cwd=tmp_path)
    assert "--prot (gemulator.toml): unknown setting: did you mean `port`?" in shown.stderr


def imported(code: str, *names: str) -> str:
    """Which of the modules a fresh process has imported after `code`."""
    report = f"{code}\nimport sys; print([name for name in {names} if name in sys.modules])"
    return subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True).stdout.strip()


HEAVY = ("faker", "PIL", "jsonschema_rs", "rich", "httpx", "cryptography", "prometheus_client", "openai", "redis")
# Of the standard library and of gemulator itself: what a start has no use for, unless it is told to.
SELDOM = (
    "difflib",
    "statistics",
    "tomllib",
    "gemulator.delivery.faults.schema",
    "gemulator.generate.json_schema",
    "gemulator.server.admin.app",
)
ANSWERED = """
import http.client
import gemulator.cli.serve
from gemulator import Emulator
from gemulator.core.folders import shipped_scenarios

with Emulator(scenarios=shipped_scenarios()) as server:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
    body = '{"model": "google/gemini-3.5-flash", "messages": [{"role": "user", "content": "QUESTION"}]}'
    path = server.base_url.removeprefix(server.url) + "/chat/completions"
    connection.request("POST", path, body, {"authorization": "Bearer x"})
    assert connection.getresponse().status == 200
"""


def test_importing_the_package_is_light() -> None:
    assert imported("import gemulator", "starlette", "uvicorn", "pydantic", "msgspec", *HEAVY) == "[]"


@pytest.mark.parametrize("question", ["plain chat, please", "Why is the sea blue?"])  # written, invented
def test_a_first_answer_needs_no_heavy_library(question: str) -> None:
    assert imported(ANSWERED.replace("QUESTION", question), *HEAVY, *SELDOM) == "[]"
