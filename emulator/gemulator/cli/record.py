"""Command `gemulator record`."""

from pathlib import Path
from typing import Any, get_args

import click

from gemulator.cli.serve import run_server
from gemulator.cli.settings_options import settings_from_options, settings_subset
from gemulator.core.settings import RecordMode, Settings

_IMPLIED = ("record", "record_mode", "unmatched", "reload", "workers")
_MODES = click.Choice(get_args(RecordMode))


@click.command(short_help="Serve, and record what an upstream answers.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the recordings.")
@click.option("--mode", type=_MODES, default="missing", show_default=True, help="Requests to record.")
@settings_subset(*(name for name in Settings.model_fields if name not in _IMPLIED))
def record(out: Path, mode: RecordMode, **options: Any) -> None:
    """Run the server until Ctrl-C, forward requests to --upstream, and write its answers to --out as scenarios.

    `missing` answers what is recorded already from the folder, `all` records everything anew, `none` only replays.
    """
    settings = settings_from_options(options)
    run_server(settings.model_copy(update={"record": out, "record_mode": mode}))
