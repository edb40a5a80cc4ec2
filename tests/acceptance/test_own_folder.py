"""The user's folder of scenarios, the shipped examples in its absence, and the commands that begin one."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from gemulator import Emulator
from tests.acceptance.test_command import run, serving, url_of
from tests.acceptance.wire import ask
from tests.asking import WEATHER

OWN = "turns: [{ when: { user: hello }, reply: Mine. }]\n"
GALLERY = "Plain chat, please."  # a question that a shipped example answers
WARNING = "the SHIPPED EXAMPLES, because there is no folder ./scenarios here"
KEY = {"authorization": "Bearer x"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder of a project with scenarios."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "own.yaml").write_text(OWN)
    return tmp_path


def said(answer: httpx.Response) -> str:
    return str(answer.json()["choices"][0]["message"]["content"])


def answer_of(greeting: str, text: str, session: str = "default", **fields: Any) -> httpx.Response:
    headers = KEY | {"x-emulator-session": session}
    return httpx.post(f"{url_of(greeting)}/chat/completions", json=ask(text, **fields), headers=headers)


def test_serve_takes_the_user_s_folder(project: Path) -> None:
    with serving("--port", "0", cwd=project) as (greeting, _):
        assert "1 scenario from ./scenarios" in greeting
        assert said(answer_of(greeting, "hello")) == "Mine."
        assert answer_of(greeting, GALLERY).headers["x-emulator-turn"] == "generated"


def test_serve_says_loudly_that_it_serves_examples(tmp_path: Path) -> None:
    with serving("--port", "0", cwd=tmp_path) as (greeting, _):
        assert WARNING in greeting
        assert "gemulator init" in greeting
        assert "--scenarios DIR" in greeting
        assert answer_of(greeting, GALLERY).headers["x-emulator-turn"] == "plain-chat/2"


def test_shipped_examples_answer_no_strict_session(tmp_path: Path) -> None:
    with serving("--port", "0", cwd=tmp_path) as (greeting, _):
        created = httpx.post(
            f"{httpx.URL(url_of(greeting)).copy_with(path='/__emulator/sessions')}",
            json={"session": "strict", "unmatched": "error", "scenarios": {"own": OWN}},
        )
        assert created.status_code < 300, created.text
        assert said(answer_of(greeting, "hello", "strict")) == "Mine."
        assert answer_of(greeting, GALLERY, "strict").status_code == 400
        assert answer_of(greeting, GALLERY).status_code == 200


def test_shipped_examples_answer_nothing_if_unmatched_requests_are_errors(tmp_path: Path) -> None:
    with serving("--port", "0", "--unmatched", "error", cwd=tmp_path) as (greeting, _):
        assert answer_of(greeting, GALLERY).status_code == 400


def test_none_takes_no_scenarios(project: Path) -> None:
    with serving("--port", "0", "--scenarios", "none", cwd=project) as (greeting, _):
        assert "0 scenarios from no folder" in greeting
        assert answer_of(greeting, "hello").headers["x-emulator-turn"] == "generated"


def test_other_commands_take_the_user_s_folder(project: Path) -> None:
    (project / "request.json").write_text(json.dumps(ask("hello")))
    for command, shown in (
        (("check",), "1 scenarios, 0 problems"),
        (("explain", "request.json"), "own/1"),
        (("exec", "--", "true"), ""),
    ):
        done = run(*command, cwd=project)
        assert done.returncode == 0, done.stderr
        assert "gemulator: scenarios from ./scenarios" in done.stderr
        assert shown in done.stdout


def test_emulator_takes_the_user_s_folder(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    with Emulator() as emulator:
        assert repr(emulator).endswith("./scenarios>")
        answer = httpx.post(f"{emulator.base_url}/chat/completions", json=ask("hello"), headers=KEY)
        assert said(answer) == "Mine."
    with Emulator(scenarios="none") as emulator:
        assert repr(emulator) == f"<Emulator at {emulator.url}>"


def test_init_starts_a_folder_that_answers(tmp_path: Path) -> None:
    done = run("init", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Next: gemulator serve" in done.stdout
    folder = tmp_path / "scenarios"
    assert (folder / "first.yaml").read_text().startswith("# yaml-language-server: $schema=./scenario.schema.json\n")
    assert json.loads((folder / "scenario.schema.json").read_text()) == json.loads(run("schema").stdout)
    assert "1 scenarios, 0 problems, 0 warnings" in run("check", "--strict", cwd=tmp_path).stdout
    with serving("--port", "0", cwd=tmp_path) as (greeting, _):
        assert "emulated model" in said(answer_of(greeting, "Hello!"))
        call = answer_of(greeting, "How is the weather in Paris?", tools=[WEATHER]).json()["choices"][0]["message"]
        assert call["tool_calls"][0]["function"]["name"] == "get_weather"
        assert answer_of(greeting, "my invoice").status_code == 429
        assert said(answer_of(greeting, "my invoice")) == "Your invoice is on its way."


def test_init_overwrites_nothing(project: Path) -> None:
    first = project / "scenarios" / "first.yaml"
    first.write_text(OWN)
    done = run("init", "scenarios", cwd=project)
    assert done.returncode == 0
    assert f"kept     {first.relative_to(project)}" in done.stdout
    assert first.read_text() == OWN
    assert (project / "scenarios" / "scenario.schema.json").exists()


def test_models_says_what_each_model_can(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.yaml"
    catalog.write_text("models: [{ id: acme/brush, makes: [text, image], locations: [moon] }]\n")
    listed = json.loads(run("models", "--format", "json", "--catalog", str(catalog)).stdout)
    models = {model["model"]: model for model in listed}
    assert models["acme/brush"]["locations"] == ["moon"]
    assert "image" in models["google/gemini-3-pro-image-preview"]["makes"]
    assert models["google/gemini-3.5-flash"]["signatures"] == "required"
    assert models["google/gemini-2.5-flash"]["thinking"] == ["low", "medium", "high"]
    table = run("models", COLUMNS="200").stdout.splitlines()
    assert table[0].split()[:3] == ["model", "reads", "makes"]
    assert len(table) == len(listed)  # a header instead of the entry of the file
