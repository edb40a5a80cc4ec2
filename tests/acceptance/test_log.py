"""What a server writes on standard error: whoever debugs a client looks there first."""

import io
import json
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread

import httpx
import openai
import pytest
from openai import OpenAI

from gemulator import Emulator
from gemulator.core.settings import Settings
from gemulator.delivery.steps import Delivery
from gemulator.server.app import create_app
from gemulator.server.listeners import uvicorn_config
from gemulator.server.log import RequestLog
from gemulator.server.protocol.fast_path import FastHttpProtocol
from gemulator.state.journal.entry import UNREAD_BODY, Exchange, Finished, Received
from gemulator.state.journal.json_views import EntryView
from tests.acceptance.test_command import COMMAND, serving, url_of
from tests.acceptance.wire import ask
from tests.waiting import PATIENCE, until

TALE = """
turns:
  - when: { user: tale }
    reply: { text: "Once upon a time there was a model that answered slowly, word by word.", chunks: { words: 1 } }
"""
SLOWLY = {"x-emulator-pacing": "tokens_per_second: 0.001"}
HEADERS = {"authorization": "Bearer x"}


def logged(asking: Callable[[str], None], style: str, *options: str) -> str:
    """What is on standard error of a server that was asked and then told to stop."""
    with serving("--port", "0", "--log-format", style, *options) as (greeting, process):
        asking(url_of(greeting))
        process.send_signal(signal.SIGTERM)
        return process.communicate()[1]


def proxy_error(url: str, content: str) -> httpx.Response:
    answer = httpx.post(f"{url}/chat/completions", content=content, headers=HEADERS)
    assert answer.status_code >= 400
    return answer


# ---- no route

CHAT_PATH = "/v1/projects/PROJECT/locations/LOCATION/endpoints/openapi/chat/completions"


def lose_the_way(url: str) -> None:
    """With a base URL that is not quite right, and a path that is right but not asked in this way."""
    with OpenAI(base_url=f"{url}/v1", api_key="x", max_retries=0) as client, pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="google/m", messages=[{"role": "user", "content": "Hello"}])
    httpx.get(f"{url}/chat/completions", headers=HEADERS)
    httpx.get(f"{url.partition('/v1')[0]}/__emulator/health")
    httpx.get(f"{url.partition('/v1')[0]}/__emulator/sessions")


def test_a_request_without_a_route_has_a_line_and_the_hint_below_it() -> None:
    lines = logged(lose_the_way, "plain").splitlines()
    assert [re.sub(r"^\d\d:\d\d:\d\d  ", "", line) for line in lines] == [
        "POST  …/endpoints/openapi/v1/chat/completions  404",
        f"    not real on the service: the path must be {CHAT_PATH}",
        "GET  …/endpoints/openapi/chat/completions  404",
        "    GET is not supported here: send a POST",
    ]


def test_a_request_without_a_route_is_a_json_line_too() -> None:
    before = time.time()
    lines = [json.loads(line) for line in logged(lose_the_way, "json").splitlines()]
    assert [(line["method"], line["status"], line["hint"][:8]) for line in lines] == [
        ("POST", 404, "not real"),
        ("GET", 404, "GET is n"),
    ]
    assert lines[0]["path"].endswith("/endpoints/openapi/v1/chat/completions")
    assert before - 1 < datetime.fromisoformat(lines[0]["time"]).timestamp() < time.time() + 1
    assert lines[0]["level"] == "warning"


def test_lines_say_when_in_which_session_and_which_quota() -> None:
    def asked(url: str) -> None:
        for _ in range(2):
            httpx.post(
                f"{url}/chat/completions", json=ask("Hello"), headers={**HEADERS, "x-emulator-session": "checkout"}
            )

    options = ("--quota", "requests_per_minute: 1", "--unmatched", "generate", "--scenarios", "none")
    answered, refused, *_ = logged(asked, "plain", *options).splitlines()
    assert re.match(r"\d\d:\d\d:\d\d  POST  …/endpoints/openapi/", answered)
    assert re.search(r"  generated  200  \d+ chunks?  \d+ ms  session checkout$", answered)
    assert re.search(r"  refused  429  .*  session checkout  quota requests_per_minute$", refused)


def test_json_log_has_times_levels_and_the_banner() -> None:
    command = [*COMMAND, "serve", "--port", "0", "--log-format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines: list[dict[str, str]] = []
        while not any("Requests that match" in line["message"] for line in lines):
            lines.append(json.loads(process.stdout.readline()))
        process.send_signal(signal.SIGTERM)
        lines += map(json.loads, process.stdout)
    assert "listens on http://127.0.0.1:" in lines[0]["message"]
    assert lines[-1]["message"] == "Stopped."
    assert {line["level"] for line in lines} == {"info"}
    assert all(datetime.fromisoformat(line["time"]).utcoffset() == timedelta(0) for line in lines)


# ---- refusals


def be_refused(url: str) -> None:
    proxy_error(url, json.dumps({"model": "google/gemini-3.5-flash", "messages": []}))
    proxy_error(url, "{")
    proxy_error(url.replace("endpoints/openapi", "endpoints/tgi-1"), json.dumps({"model": "mine"}))


def test_a_refusal_has_its_model_and_its_reason() -> None:
    lines = logged(be_refused, "plain").splitlines()
    assert [line.partition("completions  ")[2].partition("  1 chunk")[0] for line in lines] == [
        "google/gemini-3.5-flash  refused  400",
        "",
        "",
        "-  refused  400",
        "",
        "",
        "mine  refused  422",
        "",
        "",
    ]
    assert lines[1] == "    Unable to submit request because at least one 'messages' entry is required."
    assert lines[2] == "    `messages` is empty; to go on: add an entry"
    assert lines[4].startswith("    Invalid JSON payload received.")
    assert lines[5] == "    the body is not valid JSON; to go on: send one JSON object in UTF-8, not compressed"
    assert lines[7] == "    Input validation error: missing field `messages`"
    assert lines[8] == "    `messages` is missing; to go on: add it"


def test_a_refusal_has_its_reason_in_json() -> None:
    lines = [json.loads(line) for line in logged(be_refused, "json").splitlines()]
    assert [(line["model"], line["source"], line["status"]) for line in lines] == [
        ("google/gemini-3.5-flash", "refused", 400),
        ("", "refused", 400),
        ("mine", "refused", 422),
    ]
    assert lines[2]["reason"] == "Input validation error: missing field `messages`"
    assert lines[2]["hint"] == "`messages` is missing; to go on: add it"


def test_what_is_answered_has_no_reason() -> None:
    def answered(url: str) -> None:
        assert httpx.post(f"{url}/chat/completions", json=ask("Hello"), headers=HEADERS).status_code == 200

    line = json.loads(logged(answered, "json"))
    assert (line["source"], line["reason"], line["nearest"]) == ("turn" if line["scenario"] else "generated", None, [])


def be_struck(url: str) -> None:
    for header in (
        "x-emulator-fault: {html: {status: 503}}",
        "x-emulator-fault: refuse",
        "x-emulator-quota: concurrent: 0",
    ):
        name, _, value = header.partition(": ")
        with suppress(httpx.RemoteProtocolError):
            httpx.post(f"{url}/chat/completions", json=ask("Hello"), headers={**HEADERS, name: value})


def test_line_names_the_fault_and_the_quota_that_struck() -> None:
    lines = [line for line in logged(be_struck, "plain").splitlines() if "  POST  " in line]
    ends = [re.sub(r"  \d+ ms", "", line.partition("pro-preview  ")[2].partition("  ")[2]) for line in lines]
    assert ends == [
        "503  1 chunk  fault html",
        "-  0 chunks  cut  fault refuse",
        "429  1 chunk  quota concurrent",
    ]


def test_json_line_names_the_fault_and_the_quota_that_struck() -> None:
    lines = [json.loads(line) for line in logged(be_struck, "json").splitlines()]
    assert [(line["status"], line["outcome"], line["faults"], line["quota"]) for line in lines] == [
        (503, "completed", ["html"], None),
        (0, "cut", ["refuse"], None),
        (429, "completed", [], "concurrent"),
    ]


@pytest.mark.parametrize(("server", "status"), [("tgi-1", 422), ("777", 400)], ids=["tgi", "vllm"])
def test_the_journal_has_the_status_that_was_sent(empty: Emulator, server: str, status: int) -> None:
    session = empty.session()
    answer = httpx.post(
        f"{empty.endpoint_url(server)}/chat/completions",
        content="{",
        headers={"authorization": f"Bearer {session.token}"},
    )
    assert answer.status_code == session.last.status == status


# ---- what clients write


def forge(url: str) -> None:
    post = f"{url}/chat/completions".replace("openapi/", "12%0aPOST%20%20forged%20line%1b[2J/")
    httpx.post(post, json={"messages": [{"role": "user", "content": "Hello"}]}, headers=HEADERS)
    httpx.post(f"{url}/chat/completions", json=ask("Hello") | {"model": "google/\x1b[31mRED"}, headers=HEADERS)
    httpx.post(f"{url.replace('openapi', '%1b[1m')}/models", headers=HEADERS)


def test_no_client_writes_lines_of_its_own_or_steers_the_terminal() -> None:
    error = logged(forge, "plain")
    assert "\x1b" not in error
    assert [line.split("  ")[1] for line in error.splitlines() if line[0] != " "] == ["POST"] * 3
    assert r"12\nPOST  forged line\x1b[2J/chat" in error
    assert r"google/\x1b[31mRED" in error
    assert r"/\x1b[1m/models" in error


# ---- how many


def entry_of(emulator: Emulator, **headers: str) -> tuple[str, EntryView]:
    """A stream's text, and its entry in the journal."""
    session = emulator.session()
    named = {"authorization": f"Bearer {session.token}", **{k.replace("_", "-"): v for k, v in headers.items()}}
    text = httpx.post(f"{emulator.base_url}/chat/completions", json=ask("tale", stream=True), headers=named).text
    return text, session.last.entry


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://localhost:5173"},
        {"x_emulator_pacing": "tokens_per_second: 10000"},
        {"x_emulator_fault": "hang: { chance: 0% }"},
    ],
    ids=["at-once", "browser", "paced", "fault"],
)
def test_a_stream_counts_its_events_however_it_leaves(tmp_path: Path, headers: dict[str, str]) -> None:
    (tmp_path / "tale.yaml").write_text(TALE)
    with Emulator(scenarios=tmp_path) as emulator:
        for _ in range(2):  # the second is kept ready
            text, entry = entry_of(emulator, **headers)
            assert entry["chunks"] == text.count("data: ") > 3
            assert "".join(step["text"] for step in entry["answer"]["steps"]) == text
        metrics = httpx.get(f"{emulator.url}/__emulator/metrics").text
    (total,) = re.findall(r"^gemulator_chunks_sum\S* (\S+)$", metrics, re.MULTILINE)
    assert float(total) == 2 * text.count("data: ")


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-emulator-pacing": "tokens_per_second: 10000"}, {"x-emulator-fault": "hang: { chance: 0% }"}],
    ids=["at-once", "paced", "fault"],
)
def test_a_whole_body_is_one_chunk(tmp_path: Path, headers: dict[str, str]) -> None:
    (tmp_path / "tale.yaml").write_text(TALE)
    with Emulator(scenarios=tmp_path) as emulator:
        session = emulator.session()
        named = {"authorization": f"Bearer {session.token}", **headers}
        httpx.post(f"{emulator.base_url}/chat/completions", json=ask("tale"), headers=named).raise_for_status()
        assert session.last.entry["chunks"] == 1


# ---- the end


@contextmanager
def telling(url: str) -> Iterator[Iterator[bytes]]:
    """A stream that has begun, and lasts for hours."""
    body = ask("tale", stream=True)
    with httpx.stream("POST", f"{url}/chat/completions", json=body, headers=HEADERS | SLOWLY) as answer:
        pieces = answer.iter_raw()
        next(pieces)
        yield pieces


def listens(url: str) -> bool:
    """Return False once a server that was told to stop takes no more connections."""
    try:
        socket.create_connection((httpx.URL(url).host, httpx.URL(url).port or 0)).close()
    except ConnectionRefusedError:
        return False
    return True


def ended(process: "subprocess.Popen[str]", pieces: Iterator[bytes]) -> str:
    """What a server wrote that was told to stop while it answered."""
    with pytest.raises(httpx.RemoteProtocolError):
        b"".join(pieces)
    return process.communicate(timeout=PATIENCE)[1]


@pytest.fixture
def tale(tmp_path: Path) -> str:
    (tmp_path / "tale.yaml").write_text(TALE)
    return str(tmp_path)


def test_a_stream_that_the_grace_time_cuts_has_its_line(tale: str) -> None:
    options = ("--port", "0", "--scenarios", tale, "--grace", "0.3", "--log-format", "json")
    with serving(*options) as (greeting, process), telling(url_of(greeting)) as pieces:
        process.send_signal(signal.SIGINT)
        error = ended(process, pieces)
    assert process.returncode == 0
    said, line = sorted((json.loads(line) for line in error.splitlines()), key=lambda one: "level" not in one)
    assert (line["outcome"], line["scenario"], line["chunks"]) == ("cut", "tale", 1)
    assert (said["level"], said["message"][:6]) == ("error", "Cancel")


@pytest.mark.parametrize("reload", ["--reload", "--no-reload"])
def test_a_second_ctrl_c_is_no_failure(tale: str, reload: str) -> None:
    options = ("--port", "0", "--scenarios", tale, "--grace", "3600", "--log-format", "plain", reload)
    with serving(*options) as (greeting, process), telling(url_of(greeting)) as pieces:
        process.send_signal(signal.SIGINT)
        until(lambda: not listens(url_of(greeting)))
        process.send_signal(signal.SIGINT)
        error = ended(process, pieces)
    (line,) = error.splitlines()
    assert line.endswith("  cut")


def test_what_is_no_http_is_a_json_line_too() -> None:
    def speak(url: str) -> None:
        host, port = httpx.URL(url).host, httpx.URL(url).port
        assert port is not None
        with socket.create_connection((host, port)) as client:
            client.sendall(b"EHLO example.com\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.1 400")

    (line,) = map(json.loads, logged(speak, "json").splitlines())
    assert (line["level"], line["message"]) == ("warning", "Invalid HTTP request received.")


@pytest.mark.parametrize(("grace", "given"), [(0.0, 0.05), (0.4, 0.4), (5.0, 5.0)])
def test_parts_of_a_second_are_a_grace_time(grace: float, given: float) -> None:
    assert uvicorn_config(create_app(), Settings(grace=grace)).timeout_graceful_shutdown == given


def test_a_test_that_leaves_a_stream_open_does_not_wait_for_it(tale: str, capfd: pytest.CaptureFixture[str]) -> None:
    with Emulator(scenarios=tale) as emulator, telling(emulator.base_url):
        stopping = Thread(target=emulator.stop, daemon=True)
        stopping.start()
        stopping.join(PATIENCE)
        assert not stopping.is_alive(), "the tale lasts for hours"
    assert capfd.readouterr().err == ""


def test_a_test_that_leaves_a_request_half_sent_hears_of_no_failure(capfd: pytest.CaptureFixture[str]) -> None:
    with Emulator() as emulator:
        url = httpx.URL(f"{emulator.base_url}/chat/completions")
        assert url.port is not None
        with socket.create_connection((url.host, url.port)) as client:
            head = f"POST {url.path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\r\ncontent-length: 9\r\n\r\n"
            client.sendall(head.encode() + b"half")
            assert emulator._server is not None
            connections = emulator._server.server_state.connections
            until(
                lambda: any(isinstance(one, FastHttpProtocol) and one._body == [b"half"] for one in list(connections))
            )
            emulator.stop()
            assert client.recv(1) == b""
    assert capfd.readouterr().err == ""


def test_a_grace_time_that_is_asked_for_counts(tale: str) -> None:
    body, quickly = ask("tale", stream=True), {"x-emulator-pacing": "tokens_per_second: 20"}
    with Emulator(scenarios=tale, grace=PATIENCE) as emulator:
        url = f"{emulator.base_url}/chat/completions"
        with httpx.stream("POST", url, json=body, headers=HEADERS | quickly) as answer:
            pieces = answer.iter_raw()
            next(pieces)
            emulator.stop()
            assert b"".join(pieces).endswith(b"data: [DONE]\n\n")


# ---- where it cannot be written


class Full(io.StringIO):
    """A file on a disk that is full at first."""

    full = True

    def write(self, text: str) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(text)


async def test_lines_that_cannot_be_written_are_dropped() -> None:
    out = Full()
    log = RequestLog("plain", lambda: 0.0, out)
    for model in ("one", "two", "three"):
        exchange = Exchange("POST", "/", model, UNREAD_BODY, 200, "generated")
        log.write(Received(0.0, "default", 0, exchange, {}, Delivery(()), 0), Finished("completed", 1, 0, None, 0.0))
        log.close()
        out.full = model != "two"
    assert out.getvalue() == "00:00:00  POST  /  three  generated  200  1 chunk  0 ms\n"
