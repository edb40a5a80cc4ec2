"""Words for the folder of scenarios that a command uses."""

from collections.abc import Sequence
from pathlib import Path

import click

from gemulator.core.folders import OWN_SCENARIOS, are_examples, folder_names
from gemulator.core.settings import Settings

_REMEDY = "Use your own: `gemulator init` starts a folder, --scenarios DIR takes another, `none` takes none."


def scenario_source(scenarios: Sequence[Path]) -> str:
    """Return the folders of scenarios; a second line says why they are the shipped ones."""
    if not are_examples(scenarios):
        return folder_names(scenarios)
    return f"the SHIPPED EXAMPLES, because there is no folder ./{OWN_SCENARIOS} here\n  {_REMEDY}"


def report_default_scenarios(settings: Settings) -> None:
    """Print the folder of scenarios to standard error if the user named none."""
    if "scenarios" not in settings.model_fields_set:
        click.echo(f"gemulator: scenarios from {scenario_source(settings.scenarios)}", err=True)
