"""Command `gemulator options`: every option, and the places that take it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import click

from gemulator.client.options import SessionOptions
from gemulator.core.overrides import OVERRIDES
from gemulator.core.setting_sources import NOT_FROM_SHELL, OF_A_SERVER, variable_of
from gemulator.core.settings import Settings

_ONLY_PYTEST = {
    "scenario": "Scenario files of a test.",
    "strict": "Fail a test that has unmatched requests or unused `times`.",
    "env": "Set OPENAI_BASE_URL and OPENAI_API_KEY in a test.",
}
_OF_FIXTURE = ("scenarios", "store", "upstream", "upstream_auth")
_ONLY_OVERRIDES = {
    "scenario": "The only scenario that answers (pytest: scenario files of a test).",
    "fault": "Faults of all answers, like `disconnect: {after_chunks: 3}`.",
    "pacing": "Pacing of all answers, like `first_token: 3s`.",
    "error": "Error that answers before any turn, like `429, retry_after: 2s`.",
}
_PLACES = ("server", "pytest: variable, file", "pytest: ini, option", "marker", "session", "header")
_INTRODUCTION = """\
# Options

Every option, and the places that take it. A place that does not take one says so and names another.

- **server**: `gemulator serve --name`, the variable `GEMULATOR_NAME`, the key `name` of `gemulator.toml` (or of the
  file in `--config`, `GEMULATOR_CONFIG`), `Emulator(name=…)` and the dict of the fixture `gemulator_settings`. The
  command line wins over the variable, the variable over the file. `Emulator` reads neither variables nor files.
- **pytest: variable, file**: the server of the fixture takes it from `GEMULATOR_NAME` and from `gemulator.toml` in the
  root directory, unless the value could make a failing test pass. Pytest's header names what comes from there.
- **pytest: ini, option**: `gemulator_name` in the ini file, `--gemulator-name` on the command line. In this order, the
  first wins: marker, `gemulator_settings`, command line, variable, ini file, `gemulator.toml`.
- **marker**: `@pytest.mark.gemulator(name=…)`.
- **session**: `session(name=…)` in Python, `POST /__emulator/sessions`.
- **header**: `x-emulator-name` of a request. It wins over the session, that over the scenario, that over the server.

On the command line and in headers, names have `-` for `_`. Several values are separated by commas; in TOML and Python
they are a list.

| option | server | pytest: variable, file | pytest: ini, option | marker | session | header | |
|---|---|---|---|---|---|---|---|
"""


class OptionRow(NamedTuple):
    """Option and the places that take it, in the order of the table."""

    name: str
    places: Sequence[bool]
    description: str


def option_rows() -> Iterator[OptionRow]:
    """Yield all options: those of the server, then those of sessions, requests and tests only."""
    session = {*SessionOptions.__annotations__, "scenario"}
    for name in dict.fromkeys([*Settings.model_fields, *OVERRIDES, *_ONLY_PYTEST]):
        field = Settings.model_fields.get(name)
        of_tests = name in {*SessionOptions.__annotations__, *_ONLY_PYTEST, "record"}
        places = (
            field is not None,
            field is not None and name not in OF_A_SERVER and NOT_FROM_SHELL.get(name) != (),
            (of_tests and name not in {"scenario", "record"}) or name in _OF_FIXTURE,
            of_tests,
            name in session,
            name in OVERRIDES,
        )
        text = str(field.description) if field else {**_ONLY_PYTEST, **_ONLY_OVERRIDES}[name]
        yield OptionRow(name, places, text.partition("  [default")[0])


@click.command(short_help="List all options and the places that take them.")
@click.option(
    "--format", "form", type=click.Choice(["text", "markdown"]), default="text", help="Text or reference page."
)
def options(form: str) -> None:
    """List all options and the places that take them: command line, variables, tests, sessions, headers."""
    click.echo(options_page() if form == "markdown" else _text(), nl=False)


def options_page() -> str:
    """Return the reference page of all options."""
    rows = [
        f"| `{row.name}` | {' | '.join('yes' if taken else '' for taken in row.places)} | {row.description} |\n"
        for row in option_rows()
    ]
    return _INTRODUCTION + "".join(rows)


def _text() -> str:
    lines = []
    for row in option_rows():
        taken = [place for place, is_taken in zip(_PLACES, row.places, strict=True) if is_taken]
        variable = f"  {variable_of(row.name)}" if row.places[0] else ""
        lines.append(f"{row.name}{variable}\n    {row.description}\n    {'; '.join(taken)}\n")
    return "".join(lines)
