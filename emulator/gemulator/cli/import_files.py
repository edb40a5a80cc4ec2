"""Command `gemulator import`."""

import sys
from pathlib import Path
from typing import Any

import click

from gemulator.cli.settings_options import settings_from_options, settings_subset
from gemulator.core.clock import UTC
from gemulator.core.credentials import Redactor
from gemulator.core.printable import printable
from gemulator.record.importing.importer import Importer
from gemulator.record.recording import Recording, RecordingBuilder
from gemulator.record.recording_folder import file_stem, write_recording
from gemulator.record.replay import Replayer


@click.command(name="import", short_help="Make scenarios of captures and fixtures of other tools.")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the scenarios."
)
@click.option(
    "--request",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON body of the request of a transcript.  [default: X.request.json beside X.sse or X.txt]",
)
@click.option("--strict", is_flag=True, help="Exit with 1 if something could not be carried over.")
@settings_subset("catalog", "strictness", "redact")
def import_files(files: tuple[Path, ...], out: Path, request: Path | None, strict: bool, **options: Any) -> None:
    """Make a scenario of each of FILES.

    FILES are HTTP archives (.har), output of `curl -iN`, event streams (.sse), cassettes of vcrpy, lines of
    `gemulator journal --json`, or fixtures of aimock. What could not be carried over is named with file and line.
    """
    if request is not None and len(files) > 1:
        raise click.UsageError("--request belongs to one file: import the others apart")
    from gemulator.server.app import load_catalog

    settings = settings_from_options(options)
    replayer = Replayer(settings, load_catalog(settings), UTC)
    importer = Importer(RecordingBuilder(replayer, Redactor(settings.redact)), replayer)
    complete = True
    for file in files:
        recording = importer.read(file, request)
        complete &= not recording.lost
        _report(recording, out / f"{file_stem(file.stem)}.yaml", file)
    if strict and not complete:
        sys.exit(1)


def _report(recording: Recording, target: Path, file: Path) -> None:
    for lost in recording.lost:
        click.echo(f"{printable(lost.source)}: {printable(lost.reason)}", err=True)
    if not recording.turns:
        click.echo(f"{file}: nothing to write")
        return
    write_recording(recording, target)
    click.echo(f"{file}: wrote {target}, {recording.turns} turns, {recording.readable} of them in parts")
    for reason in dict.fromkeys(recording.literal):
        click.echo(f"  {recording.literal.count(reason)} as sent, because of: {printable(reason)}")
