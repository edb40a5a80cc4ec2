"""Recording of what an upstream answers, and its replay, as a user runs them."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from gemulator import Emulator
from gemulator.core.setting_error import SettingError
from tests.record.asking import CALLER, HOUR, MODEL, SAY, ask, entry
from tests.record.raw_upstream import DONE, event, head, raw_upstream
from tests.waiting import until

pytestmark = pytest.mark.slow

TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}
QUESTIONS: list[dict[str, Any]] = [
    {},
    {"stream": True},
    {
        "messages": [{"role": "user", "content": "Weather in Paris on 2026-02-11?"}],
        "tools": [TOOL],
        "tool_choice": "required",
    },
    {"messages": [{"role": "user", "content": "A list."}], "response_format": {"type": "json_object"}, "stream": True},
    {"model": "deepseek-ai/deepseek-v3.1-maas", "messages": [{"role": "user", "content": "A riddle."}], "stream": True},
    {"messages": [{"role": "user", "content": "Refuse."}], "temperature": 99},
]


def recording(folder: Path, upstream: str, **settings: Any) -> Emulator:
    return Emulator(record=folder, upstream=upstream, **settings)


def replay(folder: Path) -> Emulator:
    return Emulator(record=folder, record_mode="none")


def own_headers(answer: httpx.Response) -> dict[str, str]:
    return {
        name: value for name, value in answer.headers.items() if not name.startswith("x-emulator") and name != "date"
    }


def test_recorded_conversation_replays_its_bytes(tmp_path: Path) -> None:
    with (
        Emulator(scenarios="none") as google,
        recording(tmp_path, f"vertex={google.url}", strictness="lenient") as recorder,
    ):
        recorded = [ask(recorder, **question) for question in QUESTIONS]
        assert entry(recorder)["source"] == "recorded"
    assert [file.name for file in tmp_path.glob("*.yaml")] == ["default.yaml"]
    with replay(tmp_path) as emulator:
        for question, before in zip(QUESTIONS, recorded, strict=True):
            again = ask(emulator, **question)
            assert again.status_code == before.status_code
            assert again.content == before.content
            assert again.headers["content-type"] == before.headers["content-type"]
            assert again.headers["x-emulator-turn"].startswith("default/")
        missed = ask(emulator, messages=[{"role": "user", "content": "Say goodbye."}])
        assert missed.status_code == 400
        assert "default/" in missed.text  # the nearest turn, and its difference


def test_local_model_is_recorded_as_it_was_told(tmp_path: Path) -> None:
    script = event({"content": "Hel"}) + event({"content": "lo."}) + event({}, "stop") + DONE
    with raw_upstream(head(), script) as up, recording(tmp_path, f"openai={up.url}/v1") as recorder:
        told = ask(recorder, stream=True)
    text = (tmp_path / "default.yaml").read_text()
    assert "Hel" in text
    assert ".sse" not in text
    with replay(tmp_path) as emulator:
        assert ask(emulator, stream=True).content == told.content


def test_missing_asks_only_for_what_is_new_and_keeps_the_rest(tmp_path: Path) -> None:
    new = {"messages": [{"role": "user", "content": "Something new."}]}
    script = head("200 OK", "application/json"), b'{"choices":[]}'
    for _ in range(2):
        with raw_upstream(*script) as up, recording(tmp_path, f"vertex={up.url}") as recorder:
            ask(recorder)
            ask(recorder, **new)
            new = {"messages": [{"role": "user", "content": "Something newer."}]}
        assert up.asked
    assert len(up.asked) == 1
    assert sorted(file.name for file in tmp_path.glob("*.yaml")) == ["default-2.yaml", "default.yaml"]


def test_cut_stream_is_a_fault(tmp_path: Path) -> None:
    chunked = head("200 OK", "text/event-stream", "transfer-encoding: chunked").replace(b"connection: close\r\n", b"")
    sent = b'data: {"choices":[]}\n\n'
    with (
        raw_upstream(chunked, b"%x\r\n%b\r\n" % (len(sent), sent)) as up,
        recording(tmp_path, f"vertex={up.url}") as recorder,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        ask(recorder, stream=True)
    assert "disconnect" in (tmp_path / "default.yaml").read_text()
    with replay(tmp_path) as emulator, pytest.raises(httpx.RemoteProtocolError):
        ask(emulator, stream=True)


def test_answer_that_no_client_has_whole_is_not_recorded(tmp_path: Path) -> None:
    with raw_upstream(head(), event({"content": "a"}), HOUR) as up, recording(tmp_path, f"vertex={up.url}") as recorder:
        url = f"{recorder.base_url}/chat/completions"
        with httpx.stream("POST", url, json={**SAY, "stream": True}, headers=CALLER) as answer:
            next(answer.iter_raw())
        assert entry(recorder)["outcome"] == "client gone"
    assert not list(tmp_path.iterdir())


def test_failure_of_the_upstream_is_not_recorded(tmp_path: Path) -> None:
    with recording(tmp_path, "vertex=http://127.0.0.1:9") as recorder:
        assert ask(recorder).status_code == 502
    assert not list(tmp_path.iterdir())


def test_secrets_are_not_in_a_recording(tmp_path: Path) -> None:
    key = "AIza" + "SyD1234567890abcdefghijklmnopqrstuvw"
    asking = {"messages": [{"role": "user", "content": f"My key is {key}, and my name is Jane Roe."}]}
    with (
        raw_upstream(head("200 OK", "application/json"), b'{"choices":[]}') as up,
        recording(tmp_path, f"vertex={up.url}", redact="Jane Roe") as recorder,
    ):
        ask(recorder, **asking)
    text = "".join(file.read_text() for file in tmp_path.rglob("*") if file.is_file())
    assert text
    for secret in (key, "Jane Roe", "ya29.caller"):
        assert secret not in text


def test_record_needs_an_upstream_and_one_process(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="--upstream"):
        Emulator(record=tmp_path).start()
    with pytest.raises(SettingError, match="--workers"):
        Emulator(record=tmp_path, upstream="vertex", workers=2, store="redis://localhost:1/0").start()


def test_command_records_until_it_is_ended(tmp_path: Path) -> None:
    out = tmp_path / "recorded"
    with raw_upstream(head("200 OK", "application/json"), b'{"choices":[]}') as up:
        command = [sys.executable, "-m", "gemulator", "record", "--out", str(out), "--upstream", f"vertex={up.url}"]
        with subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            url = line.split()[-1] + "/v1/projects/demo/locations/global/endpoints/openapi/chat/completions"
            httpx.post(url, json={**SAY, "model": MODEL}, headers=CALLER)
            until((out / "default.yaml").is_file)
            process.send_signal(signal.SIGKILL)
    assert not list(out.glob(".*"))
    with replay(out) as emulator:
        assert ask(emulator).text == '{"choices":[]}'
