"""Scenarios that cannot mean what they say: refused when they are loaded, or warned of by `check`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gemulator.cli import main
from gemulator.core.errors import ScenarioError
from tests.asking import asked, read


def check(folder: Path, text: str) -> str:
    file = folder / "own.yaml"
    file.write_text(text)
    return CliRunner().invoke(main, ["check", "--strict", str(file)]).output


@pytest.mark.parametrize("test", ["", {"contains": ""}, ["", "a"], {"not": ""}])
@pytest.mark.parametrize("name", ["user", "earlier", "system"])
def test_empty_text_is_refused(name: str, test: object) -> None:
    with pytest.raises(ScenarioError, match="an empty text is part of every text: write `true` for any"):
        read(f"turns: [{{ when: {json.dumps({name: test})}, reply: x }}]")


def test_empty_prompt_can_be_expected() -> None:
    (turn,) = read('turns: [{ when: { user: { equals: "" } }, reply: x }]').turns
    assert turn.matches(asked(""))
    assert not turn.matches(asked("hi"))


@pytest.mark.parametrize(
    "expression",
    ["1 / 0", "7 / (2 - 2)", "turn / 0", "turn / (1 - 1)", "(1 / 0) | default(2)", "now + 1 / 0", '"x" + 1', "1 / '0'"],
)
def test_expression_that_can_never_be_computed_is_refused(expression: str, tmp_path: Path) -> None:
    shown = check(tmp_path, f"turns: [{{ reply: {json.dumps(f'{{{{ {expression} }}}}')} }}]")
    assert "a number is divided by 0" in shown or "`+` needs numbers, not x" in shown
    assert "1 problems" in shown


@pytest.mark.parametrize("expression", ["turn / 2", "0 / turn", "4 / 2", "turn / user", '"3" + 1'])
def test_expression_that_can_be_computed_is_accepted(expression: str) -> None:
    read(f"turns: [{{ reply: {json.dumps(f'{{{{ {expression} }}}}')} }}]")


@pytest.mark.parametrize(
    ("hole", "accepted", "refused"),
    [
        (
            "{date}",
            ["2026-01-31", "31.12.2026", "12/31/2026", "1/2/26", "5 May 2026", "2026-12-01", "December 31st, 2026"],
            ["2026-13-45", "2026-00-10", "2026-01-45", "13/13/2026", "32.1.2026", "45 March", "2026-01-00"],
        ),
        (
            "{time}",
            ["09:30", "9:30", "23:59:59", "23:59:60", "12:05 pm", "00:00:00.25Z"],
            ["29:00", "12:60", "12:00:61", "99:99"],
        ),
        ("{date}T{time}", ["2026-01-15T10:20:30Z"], ["2026-13-15T10:20:30Z", "2026-01-15T30:20:30Z"]),
    ],
)
def test_hole_takes_what_exists(hole: str, accepted: list[str], refused: list[str]) -> None:
    (turn,) = read(f"turns: [{{ when: {{ user: {{ like: 'Report of {hole}' }} }}, reply: x }}]").turns
    assert [text for text in accepted + refused if turn.matches(asked(f"Report of {text}"))] == accepted


def test_text_that_is_nearly_a_hole_is_warned_of(tmp_path: Path) -> None:
    likes = "[{ like: 'a {date of {any}' }, { like: 'b { id } c' }]"
    shown = check(tmp_path, f"turns: [{{ when: {{ any: [{{ user: {likes} }}] }}, reply: x }}]")
    assert "own.yaml:1:1: warning: turns[0].when: `{date` in `like` is a text, not a hole" in shown
    assert "Write `{id}` for a hole." in shown
    assert "2 warnings" in shown
    right = """{ like: 'a {date} {"id": {id}} { x: 1 } {since:date}' }"""
    assert "0 warnings" in check(tmp_path, f"turns: [{{ when: {{ user: {json.dumps('q')} }}, reply: x }}]")
    assert "0 warnings" in check(tmp_path, f"turns:\n  - when:\n      user: {right}\n    reply: x\n")
