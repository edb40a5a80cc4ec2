"""Command `gemulator freeze`."""

import base64
from pathlib import Path
from typing import Any

import click

from gemulator.cli.journal import server, server_options
from gemulator.core.printable import printable
from gemulator.record.recording import Lost, Recording
from gemulator.record.recording_folder import write_recording


@click.command(short_help="Write answers of a running server as scenario turns.")
@click.argument("entries", metavar="[ENTRY]...", type=int, nargs=-1)
@click.option("--session", help="Only this session.  [default: all]")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Scenario file to write, like scenarios/demo.yaml.",
)
@server_options
def freeze(entries: tuple[int, ...], session: str | None, out: Path, url: str, admin_key: str | None) -> None:
    """Write what a running server answered as a scenario, invented answers too.

    Takes the journal entries with the numbers ENTRY, by default all. The same requests then get the same bytes.
    """
    if out.suffix not in (".yaml", ".yml"):
        raise click.UsageError(f"--out: {out} is no scenario file: its name must end in .yaml")
    with server(url, admin_key) as admin:
        frozen = admin.freeze(session, entries, out.stem)
        report(read_recording(frozen), out)


def read_recording(view: dict[str, Any]) -> Recording:
    """Return the recording in an answer of the admin API."""
    files = {Path(name).name: base64.b64decode(data) for name, data in view["files"].items()}
    lost = [Lost(one["source"], one["reason"]) for one in view["lost"]]
    return Recording(view["text"], files, view["turns"], view["literal"], lost)


def report(recording: Recording, out: Path) -> None:
    """Write a recording and print what is in it and what is not. Exit with 1 if it is empty."""
    for lost in recording.lost:
        click.echo(f"{printable(lost.source)}: left out: {printable(lost.reason)}", err=True)
    if not recording.turns:
        raise click.ClickException("no answer could be written: see above, or `gemulator journal` for what was asked")
    write_recording(recording, out)
    click.echo(f"Wrote {out}: {recording.turns} turns, {recording.readable} of them in parts.")
    for reason in dict.fromkeys(recording.literal):
        count = recording.literal.count(reason)
        click.echo(f"  {count} as sent, because of: {printable(reason)}")
