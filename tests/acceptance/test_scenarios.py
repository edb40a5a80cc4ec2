"""Scenarios over a real port: limits under load, templates that fail, and reloading."""

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from gemulator import Emulator
from tests.acceptance.wire import ask, post
from tests.waiting import PATIENCE, until


def emulator_of(folder: Path, text: str, **settings: Any) -> Emulator:
    (folder / "own.yaml").write_text(text)
    return Emulator(scenarios=folder, **settings)


async def test_a_limit_is_exact_under_two_hundred_equal_requests(tmp_path: Path) -> None:
    text = "turns:\n  - {when: {user: go}, times: 100, reply: first}\n  - {when: {user: go}, reply: second}\n"
    with emulator_of(tmp_path, text) as emulator:
        limits = httpx.Limits(max_connections=200)
        async with httpx.AsyncClient(limits=limits, headers={"authorization": "Bearer x"}) as client:
            url = f"{emulator.base_url}/chat/completions"
            answers = await asyncio.gather(*(client.post(url, json=ask("go")) for _ in range(200)))
    said = Counter(answer.json()["choices"][0]["message"]["content"] for answer in answers)
    assert said == {"first": 100, "second": 100}


def test_a_template_that_the_request_cannot_fill_is_named_with_its_file_and_line(tmp_path: Path) -> None:
    with emulator_of(tmp_path, "turns:\n  - when: {user: go}\n    reply: It is {{ tool_result.temp }}.\n") as emulator:
        answer = post(emulator, ask("go"))
    assert answer.status_code == 400
    assert answer.headers["x-emulator-error"] == "scenario"
    assert answer.headers["x-emulator-turn"] == "own/1"
    message = answer.json()["error"]["message"]
    assert message.startswith(f"gemulator: {tmp_path}/own.yaml:2: `{{{{ tool_result.temp }}}}`")
    assert "no tool has answered" in message


@pytest.mark.parametrize(
    ("reply", "said"),
    [("'{{ header.x-who }}'", ["ada", "bob"]), ("plain", ["plain", "plain"])],
)
def test_a_header_in_a_reply_decides_the_answer(tmp_path: Path, reply: str, said: list[str]) -> None:
    with emulator_of(tmp_path, f"turns: [{{when: {{user: who}}, reply: {reply}}}]") as emulator:
        answers = [post(emulator, ask("who"), x_who=name) for name in ("ada", "bob")]
    assert [answer.json()["choices"][0]["message"]["content"] for answer in answers] == said


def test_a_header_in_a_condition_decides_the_turn(tmp_path: Path) -> None:
    text = "turns: [{when: {header: {x-who: ada}}, reply: Ada}, {reply: Somebody}]"
    with emulator_of(tmp_path, text) as emulator:
        answers = [post(emulator, ask("who"), x_who=name) for name in ("bob", "ada", "bob")]
    assert [answer.headers["x-emulator-turn"] for answer in answers] == ["own/2", "own/1", "own/2"]


def test_a_header_that_names_no_scenario_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    with emulator_of(tmp_path, "turns: [{reply: mine}]") as emulator:
        url, header = f"{emulator.url}/__emulator/scenarios", {"x-emulator-session": "a"}
        httpx.post(url, params={"session": "a", "name": "pushed"}, content="turns: [{reply: yours}]").raise_for_status()
        answers = {
            name: [post(emulator, ask("hello"), x_emulator_scenario=name, **of) for of in ({}, header)]
            for name in ("own", "pushed", "ow", "bogus")
        }
    assert {name: [answer.status_code for answer in given] for name, given in answers.items()} == {
        "own": [200, 200],
        "pushed": [400, 200],
        "ow": [400, 400],
        "bogus": [400, 400],
    }
    says = {name: given[0].json()["error"]["message"] for name, given in answers.items() if name != "own"}
    assert says["ow"] == "gemulator: x-emulator-scenario: unknown scenario 'ow'. Did you mean 'own'?"
    assert says["bogus"] == "gemulator: x-emulator-scenario: unknown scenario 'bogus'."


def said_by(emulator: Emulator) -> str:
    return str(post(emulator, ask("hello")).json()["choices"][0]["message"]["content"])


def awaited(emulator: Emulator, text: str) -> bool:
    """Whether the emulator says so within a generous time; the promise is a second."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if said_by(emulator) == text:
            return True
        time.sleep(0.02)
    return False


def turns(words: str) -> str:
    return f"turns: [{{when: {{user: hello}}, reply: {words}}}]"


def test_a_saved_scenario_is_live_and_a_broken_one_changes_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with emulator_of(tmp_path, turns("one"), reload=True) as emulator:
        assert said_by(emulator) == "one"
        (tmp_path / "own.yaml").write_text(turns("two"))
        assert awaited(emulator, "two")
        (tmp_path / "own.yaml").write_text("turns: [")
        deadline = time.monotonic() + PATIENCE
        reported = ""
        while "own.yaml:2:1: a value is missing" not in reported and time.monotonic() < deadline:
            reported += capfd.readouterr().err
            assert said_by(emulator) == "two"
        assert f"are invalid, the previous ones stay active:\n{tmp_path}/own.yaml:2:1: a value is missing" in reported
        # As many editors save: a new file takes the place of the old one.
        (tmp_path / "new").write_text(turns("three"))
        (tmp_path / "new").rename(tmp_path / "own.yaml")
        assert awaited(emulator, "three")
        (tmp_path / "more").mkdir()
        (tmp_path / "more" / "a.yaml").write_text("turns: [{when: {user: hello}, reply: four}]")
        assert awaited(emulator, "four")


def test_requests_under_way_keep_their_scenario(tmp_path: Path) -> None:
    slow = "{text: one two three four five six, chunks: {words: 1}}, pacing: {tokens_per_second: 4}"
    with emulator_of(tmp_path, f"turns: [{{when: {{user: slow}}, reply: {slow}}}]", reload=True) as emulator:
        url = f"{emulator.base_url}/chat/completions"
        headers = {"authorization": "Bearer x"}
        with httpx.stream("POST", url, json=ask("slow", stream=True), headers=headers) as answer:
            (tmp_path / "own.yaml").write_text(turns("new"))
            assert awaited(emulator, "new")
            assert answer.read().endswith(b"data: [DONE]\n\n")
    assert answer.text.count("data: ") == 7


def test_a_folder_that_goes_is_told_of_when_it_goes_and_one_in_its_place_is_live(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "scenarios"
    folder.mkdir()
    with emulator_of(folder, turns("one"), reload=True) as emulator:
        assert said_by(emulator) == "one"
        folder.rename(tmp_path / "gone")  # in one step: it is never seen empty
        deadline = time.monotonic() + PATIENCE
        reported = ""
        while str(folder) not in reported and time.monotonic() < deadline:
            reported += capfd.readouterr().err
            assert said_by(emulator) == "one"
        assert "cannot watch the scenario folders, retrying: " in reported
        folder.mkdir()
        (folder / "own.yaml").write_text(turns("two"))
        assert awaited(emulator, "two")
        (folder / "own.yaml").write_text(turns("three"))
        assert awaited(emulator, "three")


def test_without_reload_files_are_read_once(tmp_path: Path) -> None:
    with emulator_of(tmp_path, turns("one")) as emulator:
        (tmp_path / "own.yaml").write_text(turns("two"))
        time.sleep(0.7)
        assert said_by(emulator) == "one"


# ---- time and chance in templates

CLOCKED = 'turns: [{ when: { user: what time }, reply: "{{ now }} {{ random(1, 1000000) }} {{ uuid }}" }]'


def told(emulator: Emulator, **headers: str) -> list[str]:
    """Time and drawn values of an answer."""
    text: str = post(emulator, ask("what time"), **headers).json()["choices"][0]["message"]["content"]
    return text.split()


def test_now_is_the_clock_of_the_session(tmp_path: Path) -> None:
    with emulator_of(tmp_path, CLOCKED) as emulator:
        answers = []
        for clock in ("2026-02-11T22:54:21Z", "2030-01-01T00:00:00Z"):
            session = emulator.session(clock=clock)
            time_told, *drawn = told(emulator, **{"x-emulator-session": session.name})
            assert time_told == clock
            answers.append(drawn)
    assert answers[0] == answers[1]  # chance does not depend on time


def test_now_goes_on_in_repeated_answers(tmp_path: Path) -> None:
    with emulator_of(tmp_path, CLOCKED) as emulator:
        first, *drawn = told(emulator)
        until(lambda: told(emulator)[0] > first)
        assert told(emulator)[1:] == drawn
