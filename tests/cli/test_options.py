"""The table of options, held against each place that takes them."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from gemulator import Emulator
from gemulator.cli import main
from gemulator.cli.options import OptionRow, option_rows, options_page
from gemulator.client.admin import AdminError
from gemulator.client.options import Options, SessionOptions
from gemulator.client.pytest_plugin.options import PytestOptions
from gemulator.core.overrides import header_of
from gemulator.core.settings import Settings
from tests.acceptance.wire import ask

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "options.md"
ROWS = list(option_rows())
VALUES = {"scenario": "weather", "wire": "sdk-safe", "strictness": "strict", "signatures": "off", "unmatched": "error"}
VALUES |= {"seed": "7", "speed": "0", "clock": "real"} | dict.fromkeys(("fault", "pacing", "quota", "error"), "none")
VALUES |= {
    "tool_index": "gap",
    "fragment": "whole",
    "calls_per_delta": "2",
    "stream_usage": "every",
    "tool_calls": "always",
}
SERVER, _, PYTEST, MARKER, SESSION, HEADER = range(6)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    scenario = tmp_path_factory.mktemp("options") / "weather.yaml"
    scenario.write_text("turns: [{ reply: Sunny. }]\n")
    with Emulator(scenarios=scenario) as running:
        yield running


def test_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == options_page(), (
        "run: gemulator options --format markdown > docs/options.md"
    )


def test_command_lists_every_option() -> None:
    shown = CliRunner().invoke(main, ["options"]).output
    assert all(f"\n{row.name}" in f"\n{shown}" for row in ROWS)


def test_server_takes_what_the_table_says() -> None:
    taken = {row.name for row in ROWS if row.places[SERVER]}
    assert taken == Settings.model_fields.keys() == Options.__annotations__.keys() | {"project"}


def test_pytest_takes_what_the_table_says(pytestconfig: pytest.Config) -> None:
    names = {one.name for one in fields(PytestOptions)}
    assert {row.name for row in ROWS if row.places[MARKER]} == names
    for row in ROWS:
        assert row.places[PYTEST] == (f"gemulator_{row.name}" in pytestconfig._parser._inidict), row.name


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_header_is_taken_or_names_the_place(row: OptionRow, emulator: Emulator) -> None:
    header = header_of(row.name) if row.places[HEADER] else f"x-emulator-{row.name}"
    answer = httpx.post(
        f"{emulator.base_url}/chat/completions",
        json=ask("How is the weather in Rome?"),
        headers={"authorization": "Bearer x", header: VALUES.get(row.name, "1")},
    )
    if row.places[HEADER]:
        assert answer.status_code == 200, answer.text
    else:
        assert answer.status_code == 400
        assert header in answer.text
        assert any(
            place in answer.text
            for place in ("on the session", "start the server with --", "known are", "did you mean")
        )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_session_takes_the_option_or_names_the_place(row: OptionRow, emulator: Emulator) -> None:
    body: dict[str, Any] = {row.name: VALUES.get(row.name, "1")}
    if row.places[SESSION]:
        name, _ = emulator.admin.create(**body)
        emulator.admin.drop(name)
        return
    with pytest.raises(AdminError) as error:
        emulator.admin.create(**body)
    assert row.name in error.value.message
    if row.places[SERVER] and row.name != "scenarios":  # texts to push, here
        assert "a setting of the server" in error.value.remedy


def test_options_of_a_session_apply(emulator: Emulator) -> None:
    assert SessionOptions.__annotations__.keys() <= {row.name for row in ROWS if row.places[SESSION]}
    with emulator.session(fault={"html": {}}) as session:
        headers = {"authorization": f"Bearer {session.token}"}
        answer = httpx.post(f"{session.base_url}/chat/completions", json=ask("Hello"), headers=headers)
    assert answer.status_code >= 500
