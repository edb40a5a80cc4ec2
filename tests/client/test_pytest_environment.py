"""Settings around a test run: variables, gemulator.toml, ini file, command line."""

from pathlib import Path

import pytest

from tests.client.pytest_project import run

pytestmark = pytest.mark.slow

SHOWN = """
    def test_it(gemulator, gemulator_server):
        print("seed", gemulator.seed, "tools", gemulator_server.settings.max_tools)
        print("unmatched", gemulator_server.settings.unmatched, "strictness", gemulator_server.settings.strictness)
"""


def shown(folder: Path, *options: str, ini: str = "", **variables: str) -> str:
    """Return the report of a test that prints settings."""
    return run(folder, {"one": SHOWN}, "-s", *options, ini=ini, **variables).str()


def test_variables_and_file_are_taken_and_named_in_the_header(tmp_path: Path) -> None:
    (tmp_path / "gemulator.toml").write_text('max_tools = 5\nseed = "of the file"\n')
    report = shown(tmp_path, GEMULATOR_SEED="9", GEMULATOR_TOKEN_KEY="hunter2")
    assert "seed 9 tools 5" in report
    assert "gemulator: max_tools=5 (" in report
    assert "gemulator.toml), seed=9 (GEMULATOR_SEED), token_key=… (GEMULATOR_TOKEN_KEY)" in report
    assert "hunter2" not in report


def test_nothing_is_printed_without_them(tmp_path: Path) -> None:
    report = shown(tmp_path)
    assert "seed 0 tools 20000" in report
    assert "gemulator: " not in report


@pytest.mark.parametrize(
    ("ini", "option", "variable", "seed"),
    [
        ("gemulator_seed = ini", "", "", "ini"),
        ("gemulator_seed = ini", "", "variable", "variable"),
        ("gemulator_seed = ini", "option", "variable", "option"),
    ],
)
def test_command_line_precedes_variable_and_ini_file(
    tmp_path: Path, ini: str, option: str, variable: str, seed: str
) -> None:
    (tmp_path / "gemulator.toml").write_text('seed = "file"\n')
    options = [f"--gemulator-seed={option}"] if option else []
    variables = {"GEMULATOR_SEED": variable} if variable else {}
    assert f"seed {seed} tools" in shown(tmp_path, *options, ini=ini, **variables)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UNMATCHED", "generate"),
        ("STRICTNESS", "lenient"),
        ("SIGNATURES", "off"),
        ("SCENARIOS", "right.yaml"),
        ("STORE", "redis://localhost:1/0"),
    ],
)
def test_shell_turns_no_failing_test_green(tmp_path: Path, name: str, value: str) -> None:
    report = shown(tmp_path, **{f"GEMULATOR_{name}": value})
    assert "unmatched error strictness service" in report
    assert f"gemulator: ignored: GEMULATOR_{name}: tests would depend on the shell" in report
    assert f"--gemulator-{name.lower()}" in report


def test_project_sets_them_by_ini_file_and_command_line(tmp_path: Path) -> None:
    report = shown(tmp_path, "--gemulator-unmatched=generate", ini="gemulator_strictness = lenient")
    assert "unmatched generate strictness lenient" in report


def test_strictness_of_the_shell_may_be_stricter(tmp_path: Path) -> None:
    assert "strictness strict" in shown(tmp_path, GEMULATOR_STRICTNESS="strict")


def test_port_of_the_shell_is_a_servers(tmp_path: Path) -> None:
    report = shown(tmp_path, GEMULATOR_PORT="8089")
    assert "gemulator: ignored: GEMULATOR_PORT: the server of tests runs in their process, on a free port" in report


def test_misspelt_variable_is_told(tmp_path: Path) -> None:
    report = shown(tmp_path, GEMULATOR_QOUTA="none")
    assert "gemulator: the variable GEMULATOR_QOUTA is unknown: did you mean GEMULATOR_QUOTA?" in report


def test_wrong_value_fails_with_its_source(tmp_path: Path) -> None:
    report = shown(tmp_path, GEMULATOR_CLOCK="tomorrow")
    assert "clock (GEMULATOR_CLOCK): 'tomorrow' is not a time" in report
    assert "1 error" in report


def test_lists_of_the_ini_file_and_the_command_line(tmp_path: Path) -> None:
    for name in ("one", "two words"):
        (tmp_path / f"{name}.yaml").write_text(f"turns: [{{ when: {{ user: {name} }}, reply: 'From {name}.' }}]")
    tests = """
        def test_it(gemulator):
            print(ask(gemulator, "one"), ask(gemulator, "two words"))
        """
    ini = 'gemulator_scenarios = one.yaml, "two words.yaml"'
    assert "From one. From two words." in run(tmp_path, {"one": tests}, "-s", ini=ini).str()
    option = '--gemulator-scenarios=one.yaml,"two words.yaml"'
    assert "From one. From two words." in run(tmp_path, {"one": tests}, "-s", option).str()


def test_choices_of_one_test_by_marker(tmp_path: Path) -> None:
    tests = """
        @pytest.mark.gemulator(quota="requests_per_minute: 1", speed="0")
        def test_quota(gemulator):
            gemulator.when(user="hello").reply("Hello.")
            assert ask(gemulator, "hello") == "Hello."
            with pytest.raises(RateLimitError):
                ask(gemulator, "hello")

        @pytest.mark.gemulator(fault={"html": {}})
        def test_fault(gemulator):
            from openai import InternalServerError

            gemulator.when(user="hello").reply("Hello.")
            with pytest.raises(InternalServerError):
                ask(gemulator, "hello")

        def test_neither(gemulator):
            gemulator.when(user="hello").reply("Hello.")
            assert [ask(gemulator, "hello") for _ in range(3)] == ["Hello."] * 3

        @pytest.mark.gemulator(journal_bytes=7)
        def test_server(gemulator):
            pass

        @pytest.mark.gemulator(qouta="none")
        def test_misspelt(gemulator):
            pass
        """
    report = run(tmp_path, {"one": tests}).str()
    assert "3 passed, 2 errors" in report
    assert "does not take journal_bytes: it is a setting of the server: return it from the fixture" in report
    assert "does not take qouta: did you mean quota?" in report
