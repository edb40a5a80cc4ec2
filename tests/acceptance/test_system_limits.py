"""Signals, descriptors, disks and clocks that work against the server."""

import asyncio
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from gemulator.core.settings import Settings
from gemulator.server.app import create_app
from tests.acceptance.test_command import COMMAND, run, serving, url_of
from tests.acceptance.wire import ask
from tests.waiting import PATIENCE, until

TALE = "turns: [{ reply: { lorem: 600 }, pacing: { first_token: 10ms, tokens_per_second: 5 } }]"
AWAY = "redis://127.0.0.1:1/0"  # workers share a store; none is needed to start and to stop them


def connect(url: str) -> socket.socket:
    where = httpx.URL(url)
    return socket.create_connection((where.host, where.port or 80), timeout=PATIENCE)


def open_stream(url: str) -> socket.socket:
    """Return a connection on which a stream has begun."""
    body = json.dumps(ask("tale", stream=True)).encode()
    head = f"POST {httpx.URL(url).path}/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\r\n"
    connection = connect(url)
    connection.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    assert connection.recv(12) == b"HTTP/1.1 200"
    return connection


# ---- signals


@pytest.mark.slow
@pytest.mark.parametrize("workers", [[], ["--workers", "2", "--store", AWAY]], ids=["one process", "workers"])
@pytest.mark.parametrize(
    ("signals", "grace"),
    [
        ((signal.SIGTERM,), "0.2"),
        ((signal.SIGINT,), "0.2"),
        ((signal.SIGTERM, signal.SIGTERM), "0.5"),
        ((signal.SIGINT, signal.SIGINT), "0.5"),
        ((signal.SIGTERM, signal.SIGINT), "0.5"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(one.name for one in value),
)
def test_signals_under_streams_end_the_server_in_order(
    tmp_path: Path, signals: tuple[signal.Signals, ...], grace: str, workers: list[str]
) -> None:
    (tmp_path / "tale.yaml").write_text(TALE)
    options = ("--port", "0", "--scenarios", str(tmp_path), "--grace", grace, *workers)
    with serving(*options) as (greeting, process), ExitStack() as streams:
        for _ in range(3):
            streams.enter_context(open_stream(url_of(greeting)))
        for number in signals:
            process.send_signal(number)
            time.sleep(0.1)
        out, logged = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert out.endswith("Stopped.\n")
    assert "Traceback" not in logged
    assert logged.count("  cut\n") == 3


def test_second_interrupt_does_not_wait_for_streams(tmp_path: Path) -> None:
    (tmp_path / "tale.yaml").write_text(TALE)
    options = ("--port", "0", "--scenarios", str(tmp_path), "--grace", str(2 * PATIENCE))
    with serving(*options) as (greeting, process), open_stream(url_of(greeting)) as stream:
        process.send_signal(signal.SIGINT)
        until(lambda: not accepts(url_of(greeting)))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
        assert b"[DONE]" not in b"".join(iter(lambda: stream.recv(65_536), b""))


def accepts(url: str) -> bool:
    try:
        connect(url).close()
    except OSError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="children are read from Linux's /proc")
def test_workers_end_when_their_parent_is_killed() -> None:
    with serving("--port", "0", "--workers", "2", "--store", AWAY, "--grace", "0.1") as (greeting, process):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        until(lambda: httpx.get(f"{httpx.URL(url_of(greeting)).copy_with(path='/__emulator/health')}").is_success)
        workers = [Path("/proc", number) for number in children.read_text().split()]
        assert len(workers) >= 2
        process.kill()
        process.wait()
        try:
            until(lambda: not any(map(is_running, workers)))
        finally:
            for worker in filter(is_running, workers):
                os.kill(int(worker.name), signal.SIGKILL)
        assert not accepts(url_of(greeting))


def is_running(process: Path) -> bool:
    try:
        return process.joinpath("stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
def test_worker_that_cannot_start_ends_the_command(tmp_path: Path) -> None:
    """The parent reads the catalog from standard input; nothing is left of it for the workers."""
    options = ["--port", "0", "--workers", "2", "--store", AWAY, "--catalog", "/dev/stdin"]
    shown = subprocess.run(
        [*COMMAND, "serve", *options],
        input="endpoints: [{ id: a }]",
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert shown.returncode == 3
    assert "Error: a worker cannot start:\n/dev/stdin:1:1: the catalog has no entries" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_port_in_use_is_one_line_and_a_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        shown = run("serve", "--port", str(port))
    assert (shown.returncode, shown.stdout) == (1, "")
    assert shown.stderr == (
        f"Error: cannot listen on 127.0.0.1 port {port}: Address already in use\n"
        "Choose another port with --port (0 picks a free port).\n"
    )


# ---- file descriptors


def limited(limit: int, log: Path) -> "subprocess.Popen[str]":
    """Return a server that may open `limit` files and writes its log to a file."""
    serve = shlex.join([*COMMAND, "serve", "--port", "0", "--log-format", "plain"])
    command = ["sh", "-c", f"ulimit -n {limit} && exec {serve}"]
    with log.open("w") as errors:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)


@pytest.mark.slow
def test_used_up_descriptors_are_reported_once_and_survived(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = limited(64, log)
    assert process.stdout is not None
    greeting = "".join(process.stdout.readline() for _ in range(3))
    url = url_of(greeting)
    health = b"GET /__emulator/health HTTP/1.1\r\nhost: localhost\r\n\r\n"
    with ExitStack() as opened:
        connections = [opened.enter_context(connect(url)) for _ in range(100)]
        until(lambda: "all 64 file descriptors are in use" in log.read_text())
        connections[0].sendall(health)
        assert connections[0].recv(15) == b"HTTP/1.1 200 OK"
        time.sleep(1.5)  # longer than a report's interval: it is not repeated
    until(lambda: is_answered(url))
    process.terminate()
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    (line,) = [line for line in log.read_text().splitlines() if "/__emulator/health" not in line]
    assert "ulimit -n" in line


def is_answered(url: str) -> bool:
    try:
        return httpx.get(f"{httpx.URL(url).copy_with(path='/__emulator/health')}").is_success
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("limit", [24, 63])
def test_too_few_descriptors_are_refused_at_the_start(limit: int, tmp_path: Path) -> None:
    out, _ = limited(limit, tmp_path / "log").communicate(timeout=PATIENCE)
    assert out == ""
    assert (tmp_path / "log").read_text() == (
        f"Error: at most {limit} open files are allowed, gemulator needs 64\nRaise the limit: ulimit -n 64\n"
    )


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_commands_run_without_standard_streams(closed: str, tmp_path: Path) -> None:
    """A file of a sub-process shows that it ran: nothing is left to print to."""
    ran = tmp_path / "ran"
    command = shlex.join([*COMMAND, "exec", "--", sys.executable, "-c", f"open({str(ran)!r}, 'w')"])
    assert subprocess.run(["sh", "-c", f"{command} {closed}"], check=False, timeout=PATIENCE).returncode == 0
    assert ran.exists()


# ---- disks and folders


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("command", [["schema"], ["--help"], ["check", "scenarios"]])
def test_full_disk_is_one_line(command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        shown = subprocess.run([*COMMAND, *command], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert shown.returncode == 1
    assert shown.stderr == "Error: No space left on device\n"


@pytest.mark.parametrize("words", [["credentials", "{}"], ["env", "--state", "{}"], ["env", "--credentials", "{}"]])
def test_folder_that_cannot_be_written_is_one_line(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "file").touch()
    folder = str(tmp_path / "file" / "folder")
    shown = run(*(word.format(folder) for word in words), XDG_STATE_HOME=str(tmp_path / "state"))
    assert shown.returncode == 1
    assert shown.stderr.startswith("Error: ")
    assert folder in shown.stderr
    assert "Traceback" not in shown.stderr


WITHOUT_HOME = """
import pathlib, sys
from gemulator.cli import main

def home(cls=None):
    raise RuntimeError("Could not determine home directory.")  # as without HOME and an entry in /etc/passwd

pathlib.Path.home = home
main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    "words", [["serve", "--port", "0", "--tls", "--tls-port", "0"], ["env"], ["exec", "true"], ["credentials", "x"]]
)
def test_missing_home_is_one_line(tmp_path: Path, words: list[str]) -> None:
    around = {name: value for name, value in os.environ.items() if name not in {"HOME", "XDG_STATE_HOME"}}
    command = [sys.executable, "-c", WITHOUT_HOME, *words]
    shown = subprocess.run(
        command, capture_output=True, text=True, check=False, env=around, cwd=tmp_path, timeout=PATIENCE
    )
    assert shown.returncode == 1
    assert "the user has no home directory: set HOME, or --state to a folder" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_server_without_home_answers_and_refuses_what_needs_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    metadata = {"metadata-flavor": "Google"}
    account = "/computeMetadata/v1/instance/service-accounts/default"

    async def requests() -> list[int]:
        app = create_app(Settings(log_format="off"))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            token = await client.get(f"{account}/token", headers=metadata)
            identity = await client.get(f"{account}/identity?audience=x", headers=metadata)
            assert "--state" in identity.text
            return [token.status_code, identity.status_code]

    assert asyncio.run(requests()) == [200, 503]


def no_home() -> Path:
    raise RuntimeError("Could not determine home directory.")


# ---- clocks

YEAR = 365 * 86_400
START = 1_770_000_000.0


def test_clock_that_jumps_fails_no_request(tmp_path: Path) -> None:
    now = [START]
    app = create_app(Settings(log_format="off", state=tmp_path), clock=lambda: now[0], utc=lambda: now[0])
    chat = "/v1/projects/p/locations/global/endpoints/openapi/chat/completions"
    admin = [f"/__emulator/{path}" for path in ("sessions", "journal?full=1", "journal.har", "metrics", "verdict")]
    account = "/computeMetadata/v1/instance/service-accounts/default"

    async def requests() -> list[int]:
        statuses = []
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            for jump in (0.0, -86_400.0, -START, 70 * YEAR, 200 * YEAR, 1.0 - START, 0.0):
                now[0] = START + jump
                created = await client.post("/__emulator/sessions", json={})
                bearer = {"authorization": f"Bearer {created.json()['token']}", "metadata-flavor": "Google"}
                answers = [created, await client.post(chat, json=ask("Hi"), headers=bearer)]
                for path in (*admin, f"{account}/token", f"{account}/identity?audience=x"):
                    answers.append(await client.get(path, headers=bearer))
                statuses += [answer.status_code for answer in answers]
        return statuses

    assert set(asyncio.run(requests())) == {200, 201}
