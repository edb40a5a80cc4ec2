"""Help texts of the command line, compared with `tests/golden/help`.

A help text is changed on purpose only. Write the files again with `python -m tests.cli.test_help`.
"""

from difflib import unified_diff
from pathlib import Path

import pytest
from click import Command, Context
from click.testing import CliRunner

from gemulator.cli import main

GOLDEN = Path(__file__).parents[1] / "golden" / "help"
WIDTH = 100
COMMANDS = ("gemulator", *main.list_commands(Context(Command("gemulator"))))


def help_of(command: str) -> str:
    """Return what `gemulator COMMAND --help` prints on a terminal of 100 columns."""
    arguments = ["--help"] if command == "gemulator" else [command, "--help"]
    shown = CliRunner().invoke(main, arguments, prog_name="gemulator", terminal_width=WIDTH)
    assert shown.exit_code == 0, shown.output
    return shown.output


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_the_golden_text(command: str) -> None:
    golden = GOLDEN / f"{command}.txt"
    before = golden.read_text(encoding="utf-8") if golden.is_file() else ""
    now = help_of(command)
    diff = unified_diff(before.splitlines(), now.splitlines(), str(golden), f"{command} --help", lineterm="")
    assert before == now, "\n".join(["the help text has changed; run: python -m tests.cli.test_help", *diff])


def test_every_golden_text_has_its_command() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == set(COMMANDS)


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for command in COMMANDS:
        (GOLDEN / f"{command}.txt").write_text(help_of(command), encoding="utf-8")
