"""Answers of a running server become scenario turns."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from gemulator import Emulator
from gemulator.cli import main

pytestmark = pytest.mark.slow

GEMINI = "google/gemini-2.5-flash"
PICTURES = "google/gemini-3-pro-image-preview"

PICTURE = "turns: [{ when: { user: small lighthouse }, reply: { image: a lighthouse, size: 32x32 } }]"


@pytest.fixture
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder = tmp_path_factory.mktemp("running")
    folder.joinpath("draw.yaml").write_text(PICTURE, encoding="utf-8")
    with Emulator(scenarios=folder, clock="2026-02-11T22:54:21Z", grace=0) as emulator:
        yield emulator


def ask(emulator: Emulator, text: str, session: str = "demo", **fields: Any) -> httpx.Response:
    body = {"model": GEMINI, "messages": [{"role": "user", "content": text}], **fields}
    headers = {"authorization": f"Bearer emulator.{session}"}
    with httpx.Client(trust_env=False) as http:
        return http.post(f"{emulator.base_url}/chat/completions", json=body, headers=headers)


def freeze(emulator: Emulator, *words: str) -> Result:
    return CliRunner(env={"GEMULATOR_URL": emulator.url}).invoke(main, ["freeze", *words])


def test_a_demo_becomes_a_test(running: Emulator, tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = [
        {"text": "Why is the sky blue?"},
        {"text": "Why is the sky blue?", "stream": True},
        {"text": "Draw a small lighthouse.", "model": PICTURES, "modalities": ["text", "image"]},
    ]
    before = [ask(running, **one).content for one in asked]
    ask(running, "Something else", session="other")
    done = freeze(running, "--session", "demo", "--out", str(tmp_path / "demo.yaml"))
    assert done.exit_code == 0, done.output
    assert "3 turns, 3 of them in parts" in done.output
    assert "Something else" not in (tmp_path / "demo.yaml").read_text()
    assert len(list(tmp_path.glob("*.png"))) == 1
    with Emulator(scenarios=tmp_path, unmatched="error", seed="another") as served:
        answers = [ask(served, **one) for one in asked]
        assert ask(served, "Something else").status_code == 400
    assert [answer.content for answer in answers] == before
    assert [answer.headers["x-emulator-turn"] for answer in answers] == ["demo/1", "demo/2", "demo/3"]


def test_frozen_scenarios_pass_the_check(running: Emulator, tmp_path: Path) -> None:
    ask(running, "Hello")
    freeze(running, "--out", str(tmp_path / "demo.yaml"))
    assert CliRunner().invoke(main, ["check", "--strict", str(tmp_path)]).exit_code == 0


def test_only_the_named_entries_are_frozen(running: Emulator, tmp_path: Path) -> None:
    for text in ("One", "Two", "Three"):
        ask(running, text)
    number = running.admin.history()[0][1]["id"]
    done = freeze(running, str(number), "--out", str(tmp_path / "two.yaml"))
    assert done.exit_code == 0, done.output
    text = (tmp_path / "two.yaml").read_text()
    assert "Two" in text
    assert "One" not in text


def test_refused_requests_are_named_and_left_out(running: Emulator, tmp_path: Path) -> None:
    ask(running, "Hello", temperature=9)
    done = freeze(running, "--out", str(tmp_path / "none.yaml"))
    assert done.exit_code == 1
    assert "the service refused the request" in done.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "demo.txt"], "its name must end in .yaml"),
        (["99999", "--out", "demo.yaml"], "journal entry 99999 not found"),
    ],
)
def test_a_wrong_order_says_what_is_wrong(running: Emulator, words: list[str], message: str) -> None:
    done = freeze(running, *words)
    assert done.exit_code != 0
    assert message in done.output


def test_a_picture_that_the_journal_has_by_hash_only_is_named(running: Emulator, tmp_path: Path) -> None:
    ask(running, "Draw me a large lighthouse.", model=PICTURES, modalities=["text", "image"])
    ask(running, "Hello")
    done = freeze(running, "--out", str(tmp_path / "demo.yaml"))
    assert "only size and hash of a medium in the answer" in done.output
    assert "1 turns" in done.output


def test_a_redacted_request_is_named_and_left_out(running: Emulator, tmp_path: Path) -> None:
    ask(running, "My key is AIza" + "x" * 35)
    ask(running, "Hello")
    done = freeze(running, "--out", str(tmp_path / "demo.yaml"))
    assert "its request was redacted (a Google API key)" in done.output
    assert "key" not in (tmp_path / "demo.yaml").read_text()
