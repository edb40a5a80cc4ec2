"""`gemulator check`, `explain` and `schema` as a user runs them."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gemulator.cli import main
from gemulator.core.folders import shipped_scenarios
from tests.asking import PRO, WEATHER, called, result, user


def run(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=given, catch_exceptions=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.yaml").write_text("turns: [{when: {user: hi}, reply: Hi.}, {when: {user: hi you}, reply: No.}]\n")
    return tmp_path


def broken(folder: Path) -> Path:
    (folder / "bad.yaml").write_text("turns:\n  - when: {usr: hi}\n    reply: {txt: 5%}\n")
    return folder


def test_the_shipped_scenarios_are_clean() -> None:
    checked = run("check", "--strict")
    assert (checked.exit_code, checked.output.partition(", ")[2]) == (0, "0 problems, 0 warnings\n")


def test_check_in_words(folder: Path) -> None:
    warned = run("check", str(folder))
    assert warned.exit_code == 0
    assert "good.yaml:1:1: warning: turns[1]: this turn is never reached: good/1" in warned.output
    assert run("check", "--strict", str(folder)).exit_code == 1
    refused = run("check", str(broken(folder)))
    assert refused.exit_code == 1
    assert f"{folder}/bad.yaml:2:12: turns[0].when.usr: unknown key `usr`\n    Did you mean `user`?" in refused.output
    assert "bad.yaml:3:12: turns[0].reply: unknown reply part" in refused.output
    assert "2 scenarios, 2 problems, 0 warnings" in refused.output


def test_check_as_json(folder: Path) -> None:
    problems = json.loads(run("check", "--format", "json", str(broken(folder))).output)
    assert problems[0] == {
        "level": "error",
        "file": f"{folder}/bad.yaml",
        "line": 2,
        "column": 12,
        "path": "turns[0].when.usr",
        "message": "unknown key `usr`",
        "remedy": "Did you mean `user`?",
    }
    assert len(problems) == 2


def test_check_as_annotations(folder: Path) -> None:
    lines = run("check", "--format", "github", str(broken(folder))).output.splitlines()
    assert lines[0] == (
        f"::error file={folder}/bad.yaml,line=2,col=12::turns[0].when.usr: unknown key `usr`. Did you mean `user`?"
    )
    assert len(lines) == 2


def test_check_with_tools(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("turns: [{reply: {call: get_weather, with: {unit: kelvin}}}]")
    (tmp_path / "_tools.json").write_text(json.dumps([WEATHER]))
    assert "the arguments of `get_weather` are invalid" in run("check", str(tmp_path)).output
    (tmp_path / "_tools.json").write_text("{}")
    assert "no tools found" in run("check", str(tmp_path)).output


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    missing = run("check", str(tmp_path / "none"))
    assert missing.exit_code == 1
    assert "no such file or folder" in missing.output


def explained(*options: str, **body: object) -> str:
    request = {"model": PRO, "messages": [user("Should I take an umbrella?")], **body}
    answer = run("explain", "-", "--clock", "2026-02-11T22:54:21Z", *options, given=json.dumps(request))
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_explain_a_call() -> None:
    said = explained()
    assert "Answered by tool-then-answer/3 (scenarios/tool-then-answer.yaml:12).\n" in said
    nearest = said.split("Turns that did not answer, nearest first:\n")[1].splitlines()
    assert nearest[:2] == [
        "  tool-then-answer/1: tool_result: expected a result, saw nothing",
        "  tool-then-answer/2: tool_result: expected 'get_forecast' in it, saw nothing",
    ]
    assert "plain-chat/2: user: expected 'plain chat, please' in it, saw 'Should I take an umbrella?'" in said
    assert '  call: get_forecast {"city":"Paris","day":"today"}\n  finish: tool_calls\n' in said
    assert "   0.000 s  head 200\n" in said


def test_explain_shows_when_the_steps_leave() -> None:
    said = explained(messages=[user("Tell me slowly.")], stream=True)
    times = [float(line.split()[0]) for line in said.split("Delivery:\n")[1].splitlines()]
    assert 1.0 < times[0] < 2.0
    assert times == sorted(times)
    assert times[-1] > times[0] + 2


def test_the_schedule_of_a_request_is_the_same_each_time_it_is_printed() -> None:
    def printed(*options: str, stream: bool = True) -> list[str]:
        said = explained("--speed", "realistic", *options, messages=[user("Tell me of ships.")], stream=stream)
        return re.findall(r"^ +(\d+\.\d{3}) s ", said, re.MULTILINE)

    assert printed() == printed()
    assert len(set(printed())) >= 3
    assert printed() != printed("--seed", "another")
    assert set(printed(stream=False)) == {printed()[-1]}, "a whole answer leaves with the last of its stream"


def test_explain_agrees_with_the_answer_of_the_server(folder: Path) -> None:
    from gemulator import Emulator
    from tests.acceptance.wire import ask, post

    body = ask("unfitting")
    with Emulator(scenarios=folder, unmatched="error") as emulator:
        answer = post(emulator, body)
    said = explained("--scenarios", str(folder), "--unmatched", "error", **body)
    assert said.startswith("No turn matches.\n")
    assert answer.headers["x-emulator-error"] == "unmatched"
    for line in answer.json()["error"]["message"].splitlines()[1:]:
        assert line in said


@pytest.mark.parametrize(
    ("options", "body", "said"),
    [
        ((), {"messages": [user("Nothing of the kind")]}, "No turn matches: the answer is generated."),
        ((), {"messages": []}, "Refused before a turn was chosen."),
        (
            ("--header", "x-emulator-scenario: errors"),
            {"messages": [user("give me error 503")]},
            "Answered by errors/5",
        ),
        ((), {"messages": [user("give me error 503")]}, "error 503 UNAVAILABLE: The service is currently unavailable."),
        (
            (),
            {"messages": [user("plan my trip step by step"), called("search_flights"), result("search_flights", {})]},
            "error 400 FAILED_PRECONDITION",
        ),
    ],
)
def test_explain(options: tuple[str, ...], body: dict[str, object], said: str) -> None:
    assert said in explained(*options, **body)


def test_explain_reads_the_header_of_a_fault() -> None:
    assert "the connection is closed" in explained("--header", "x-emulator-fault: disconnect")
    refused = run("explain", "-", "--header", "x-emulator-speed: bogus", given="{}")
    assert refused.exit_code == 2
    assert "x-emulator-speed: 'bogus' is not a speed" in refused.output


def test_explain_counts_nothing(folder: Path) -> None:
    (folder / "good.yaml").write_text(
        "turns: [{when: {user: hi}, times: 1, reply: once}, {when: {user: hi}, reply: then}]"
    )
    for _ in range(2):
        said = explained("--scenarios", str(folder), messages=[user("hi")])
        assert "Answered by good/1" in said
        assert "  good/2 matches too, but comes later.\n" in said


def test_schema_is_the_published_one() -> None:
    assert json.loads(run("schema").output) == json.loads((shipped_scenarios() / "scenario.schema.json").read_text())
    assert run("schema", "--format", "markdown").output.startswith("# The scenario format\n")
