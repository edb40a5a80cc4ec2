"""Words for the folder of scenarios that a command uses."""

from collections.abc import Sequence
from pathlib import Path

import click

from gemulator.core.folders import OWN_SCENARIOS, are_examples, folder_names

_REMEDY = "Use your own: `gemulator init` starts a folder, --scenarios DIR takes another, `none` takes none."


def scenario_source(scenarios: Sequence[Path]) -> str:
    """Return the folders of scenarios; a second line says why they are the shipped ones."""
    if not are_examples(scenarios):
        return folder_names(scenarios)
    return f"the SHIPPED EXAMPLES, because there is no folder ./{OWN_SCENARIOS} here\n  {_REMEDY}"


def report_scenario_source(scenarios: Sequence[Path]) -> None:
    """Print the folders of scenarios to standard error, apart from the command's own output."""
    click.echo(f"gemulator: scenarios from {scenario_source(scenarios)}", err=True)
