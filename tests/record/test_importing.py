"""Captures and fixtures of other tools become scenarios; what is lost is named."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from gemulator import Emulator
from gemulator.cli import main
from tests.redis_server import free_port
from tests.waiting import until

pytestmark = pytest.mark.slow

GEMINI = "google/gemini-2.5-flash"
AIMOCK = Path(__file__).parents[1] / "clients" / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
TOOL = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder = tmp_path_factory.mktemp("running")
    folder.joinpath("demo.yaml").write_text(
        "turns:\n- when: { user: riddle }\n  reply: A piano.\n- when: { user: weather }\n"
        "  reply: { call: get_weather, with: { city: Paris } }\n",
        encoding="utf-8",
    )
    with Emulator(scenarios=folder, clock="2026-02-11T22:54:21Z", grace=0, emulator_headers=False) as emulator:
        yield emulator


def body(text: str, **fields: Any) -> dict[str, Any]:
    return {"model": GEMINI, "messages": [{"role": "user", "content": text}], **fields}


def ask(emulator: Emulator, asked: dict[str, Any], session: str = "s") -> httpx.Response:
    with httpx.Client(trust_env=False) as http:
        headers = {"authorization": f"Bearer emulator.{session}"}
        return http.post(f"{emulator.base_url}/chat/completions", json=asked, headers=headers)


def import_(*words: object) -> Result:
    return CliRunner().invoke(main, ["import", *map(str, words)])


def explain(folder: Path, asked: dict[str, Any]) -> str:
    """Return which turn answers, as `gemulator explain` says."""
    file = folder / "asked.json"
    file.write_text(json.dumps(asked), encoding="utf-8")
    done = CliRunner().invoke(main, ["explain", str(file), "--scenarios", str(folder)])
    assert done.exit_code == 0, done.output
    return done.output.splitlines()[0]


def replayed(folder: Path, asked: dict[str, Any]) -> bytes:
    with Emulator(scenarios=folder, unmatched="error") as emulator:
        return ask(emulator, asked).content


# ---- files of this machine's tools


def curl(emulator: Emulator, asked: dict[str, Any], *options: str) -> bytes:
    if shutil.which("curl") is None:
        pytest.skip("no curl")
    command = ["curl", "-sN", *options, f"{emulator.base_url}/chat/completions", "-d", json.dumps(asked)]
    command += ["-H", "content-type: application/json", "-H", "authorization: Bearer emulator.s", "--noproxy", "*"]
    return subprocess.run(command, capture_output=True, check=True).stdout


@pytest.mark.parametrize("stream", [False, True])
def test_output_of_curl_with_its_request(running: Emulator, tmp_path: Path, stream: bool) -> None:
    asked = body("Tell me a riddle.", stream=stream)
    (tmp_path / "riddle.txt").write_bytes(curl(running, asked, "-i"))
    (tmp_path / "riddle.request.json").write_text(json.dumps(asked), encoding="utf-8")
    done = import_(tmp_path / "riddle.txt", "--out", tmp_path / "out", "--strict")
    assert done.exit_code == 0, done.output
    assert "1 turns, 1 of them in parts" in done.output
    assert explain(tmp_path / "out", asked).startswith("Answered by riddle/1")
    assert b"A piano." in replayed(tmp_path / "out", asked)


def test_events_without_a_request_are_a_todo(running: Emulator, tmp_path: Path) -> None:
    asked = body("Tell me a riddle.", stream=True)
    (tmp_path / "riddle.sse").write_bytes(curl(running, asked))
    done = import_(tmp_path / "riddle.sse", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert f"{tmp_path}/riddle.sse:1: no request is known: complete the `when` that begins with TODO" in done.output
    assert "TODO: the text of the request" in (tmp_path / "out" / "riddle.yaml").read_text()
    assert import_(tmp_path / "riddle.sse", "--out", tmp_path / "out", "--strict").exit_code == 1
    (tmp_path / "request.json").write_text(json.dumps(asked), encoding="utf-8")
    more = ("--request", tmp_path / "request.json", "--strict")
    assert import_(tmp_path / "riddle.sse", "--out", tmp_path / "out", *more).exit_code == 0
    assert explain(tmp_path / "out", asked).startswith("Answered by riddle/1")


@pytest.mark.parametrize("form", ["--har", "--json"])
def test_journals_of_gemulator(running: Emulator, tmp_path: Path, form: str) -> None:
    running.admin.reset("s")
    asked = [body("Tell me a riddle."), body("The weather?", tools=[TOOL], stream=True), body("x", temperature=9)]
    answers = [ask(running, one) for one in asked]
    file = tmp_path / ("journal.har" if form == "--har" else "journal.jsonl")
    words = ["journal", "--session", "s", *(["--har", str(file)] if form == "--har" else ["--json"])]
    shown = CliRunner(env={"GEMULATOR_URL": running.url}).invoke(main, words)
    if form == "--json":
        file.write_text(shown.output, encoding="utf-8")
    done = import_(file, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "of them in parts" in done.output
    with Emulator(scenarios=tmp_path / "out", unmatched="error", emulator_headers=False) as emulator:
        assert [ask(emulator, one).content for one in asked[:2]] == [answer.content for answer in answers[:2]]


# ---- vcrpy


@pytest.mark.parametrize("serializer", ["yaml", "json"])
def test_cassettes_of_vcrpy(running: Emulator, tmp_path: Path, serializer: str) -> None:
    vcr: Any = pytest.importorskip("vcr", reason="no vcrpy: pip install vcrpy")
    asked = [body("Tell me a riddle."), body("The weather?", tools=[TOOL], stream=True)]
    file = tmp_path / f"tape.{serializer}"
    with vcr.use_cassette(str(file), serializer=serializer), httpx.Client(trust_env=False) as http:
        headers = {"authorization": "Bearer emulator.s"}
        url = f"{running.base_url}/chat/completions"
        answers = [http.post(url, json=one, headers=headers).content for one in asked]
        http.get(running.url)
    done = import_(file, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert f"{file}:" in done.output
    assert "/ is not the path of a chat completion" in done.output
    assert [replayed(tmp_path / "out", one) for one in asked] == answers
    assert "emulator.s" not in (tmp_path / "out" / "tape.yaml").read_text()


# ---- aimock


class OpenAI(BaseHTTPRequestHandler):
    """A server of OpenAI's form: it calls a tool if there is one."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        message = {"role": "assistant", "content": "A piano."}
        answer = json.dumps(OPENAI if "tools" in asked else OPENAI | {"choices": [{"index": 0, "message": message}]})
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def test_fixtures_that_aimock_recorded(tmp_path: Path) -> None:
    if not AIMOCK.is_file() or shutil.which("node") is None:
        pytest.skip("no aimock: npm install --prefix tests/clients")
    port, fixtures = free_port(), tmp_path / "fixtures"
    fixtures.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), OpenAI) as upstream:
        threading.Thread(target=upstream.serve_forever, daemon=True).start()
        command = ["node", str(AIMOCK), "--port", str(port), "--fixtures", str(fixtures), "--record"]
        command += ["--provider-openai", f"http://127.0.0.1:{upstream.server_port}"]
        mock = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until(lambda: _answers(port))
            with httpx.Client(trust_env=False) as http:
                for one in (body("Tell me a riddle."), body("The weather?", tools=[TOOL])):
                    http.post(f"http://127.0.0.1:{port}/v1/chat/completions", json=one | {"model": "gpt-4o"})
            until(lambda: list(fixtures.rglob("*.json")))
        finally:
            mock.terminate()
            mock.wait()
            upstream.shutdown()
    for file in fixtures.rglob("*.json"):
        done = import_(file, "--out", tmp_path / "out")
        assert "1 turns" in done.output, done.output + file.read_text()
    assert b"A piano." in replayed(tmp_path / "out", body("Tell me a riddle."))
    assert b"Paris" in replayed(tmp_path / "out", body("The weather?", tools=[TOOL]))


def _answers(port: int) -> bool:
    with httpx.Client(trust_env=False) as http:
        try:
            return http.get(f"http://127.0.0.1:{port}/health").status_code == 200
        except httpx.TransportError:
            return False


def test_fixtures_keep_what_has_a_counterpart(tmp_path: Path) -> None:
    fixtures = [
        {"match": {"userMessage": "hello"}, "response": {"content": "Hi {{ there }}"}},
        {
            "match": {"userMessage": "trip", "turnIndex": 0},
            "response": {"toolCalls": [{"name": "book", "arguments": "{}"}]},
        },
        {"match": {"userMessage": "busy"}, "response": {"error": {"message": "Later.", "type": "x"}, "status": 429}},
        {"match": {"userMessage": "slow"}, "response": {"content": "Well."}, "latency": 50},
        {"match": {"inputText": "vector", "endpoint": "embedding"}, "response": {"embedding": [0.1]}},
        {"match": {"toolCallId": "call_1"}, "response": {"content": "Booked."}},
    ]
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"fixtures": fixtures}, indent=1), encoding="utf-8")
    done = import_(file, "--out", tmp_path / "out", "--strict")
    assert done.exit_code == 1
    assert "the fixture is for the endpoint 'embedding'" in done.output
    assert "`latency` is not in the turn" in done.output
    assert "`match.toolCallId` is not in the turn" in done.output
    assert b"Hi {{ there }}" in replayed(tmp_path / "out", body("Say hello"))
    assert json.loads(replayed(tmp_path / "out", body("busy?")))[0]["error"]["message"] == "Later."
    assert explain(tmp_path / "out", body("A trip", tools=[TOOL])).startswith("Answered by mine/2")


# ---- answers of OpenAI


OPENAI = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1700000000,
    "model": "gpt-4o-2024-08-06",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": None,
                "refusal": None,
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'},
                    }
                ],
            },
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
}


def archive(path: Path, *pairs: tuple[str, dict[str, Any], dict[str, Any]]) -> Path:
    entries = [
        {
            "startedDateTime": "2026-02-11T22:54:21Z",
            "request": {"method": "POST", "url": url, "headers": [], "postData": {"text": json.dumps(asked)}},
            "response": {
                "status": 200,
                "headers": [{"name": "Content-Type", "value": "application/json"}],
                "content": {"text": json.dumps(answer)},
            },
        }
        for url, asked, answer in pairs
    ]
    path.write_text(json.dumps({"log": {"entries": entries}}, indent=1), encoding="utf-8")
    return path


def test_answers_of_openai_become_parts_of_gemini(tmp_path: Path) -> None:
    asked = body("The weather?", tools=[TOOL]) | {"model": "gpt-4o"}
    other: tuple[str, dict[str, Any], dict[str, Any]] = (
        "https://api.openai.com/v1/embeddings",
        {"input": "x"},
        {"data": []},
    )
    file = archive(tmp_path / "app.har", ("https://api.openai.com/v1/chat/completions", asked, OPENAI), other)
    done = import_(file, "--out", tmp_path / "out", "--strict")
    assert done.exit_code == 1
    assert f"{file}:28: /v1/embeddings is not the path of a chat completion" in done.output
    text = (tmp_path / "out" / "app.yaml").read_text()
    assert "with: { city: Paris }" in text
    assert "call_1" not in text
    assert "gpt-4o" not in text
    vertex = body("The weather?", tools=[TOOL])
    assert explain(tmp_path / "out", vertex).startswith("Answered by app/1")
    call = json.loads(replayed(tmp_path / "out", vertex))["choices"][0]["message"]["tool_calls"][0]
    assert call["id"].startswith("function-call-")


# ---- files that are none


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"Hello", "the format is not known"),
        ("a.yaml", b"[{", "the file is no YAML"),
        ("a.txt", b"\xff\xfe", "the file is not valid UTF-8"),
        ("a.txt", b"HTTP/1.1 200 OK\r\nx: y", "the headers do not end"),
        ("a.jsonl", b'{"a": 1}\n', "the line is no entry of a journal"),
        ("a.har", b'{"log": {"entries": [{"startedDateTime": ""}]}}', "the answer has no status of HTTP"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    done = import_(tmp_path / name, "--out", tmp_path / "out", "--strict")
    assert done.exit_code == 1
    assert f"{tmp_path / name}:1: {message}" in done.output
    assert not (tmp_path / "out").exists()
