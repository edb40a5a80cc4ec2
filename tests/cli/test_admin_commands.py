"""Commands for a running server: what they say if they cannot do what is asked."""

from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from gemulator import Emulator
from gemulator.cli import main

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    scenario = tmp_path_factory.mktemp("commands") / "weather.yaml"
    scenario.write_text("turns: [{ when: { user: weather }, times: 2, reply: Sunny. }]\n")
    with Emulator(scenarios=scenario) as running:
        yield running


def run(emulator: Emulator, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--url", emulator.url])


def test_reset_of_a_session_that_never_was_fails(emulator: Emulator) -> None:
    failed = run(emulator, "reset", "nosuch")
    assert failed.exit_code == 1
    assert "there is no session 'nosuch'" in failed.output
    failed = run(emulator, "reset", "nosuch", "--turn", "weather/1")
    assert failed.exit_code == 1
    assert "there is no session 'nosuch'" in failed.output
    assert "nosuch" not in [one["session"] for one in emulator.admin.sessions()]


def test_more_answers_than_times_are_refused(emulator: Emulator) -> None:
    failed = run(emulator, "reset", "--turn", "weather/1", "--used", "3")
    assert failed.exit_code == 1
    assert "`used` is 3, but the turn 'weather/1' answers 2 times" in failed.output


def test_verdict_of_a_session_that_never_was_fails(emulator: Emulator) -> None:
    failed = run(emulator, "verdict", "--session", "nosuch")
    assert failed.exit_code == 1
    assert "No findings" not in failed.output


@pytest.mark.parametrize("order", [("--error", "200"), ("--error", "429", "--lasts", "-1s"), ("--fault", "html: 7")])
def test_wrong_order_of_chaos_names_the_help(emulator: Emulator, order: tuple[str, ...]) -> None:
    failed = run(emulator, "chaos", *order)
    assert failed.exit_code == 1
    assert "openapi" not in failed.output
    assert "chaos --help" in failed.output
