"""Command `gemulator verdict`."""

import json
import sys
from typing import get_args

import click

from gemulator.cli.journal import server, server_options
from gemulator.core.printable import printable_json, printable_lines
from gemulator.core.settings import Strictness


@click.command(short_help="Report mistakes of the client.")
@click.option("--session", help="Only this session.  [default: all]")
@click.option(
    "--strictness",
    type=click.Choice(get_args(Strictness)),
    help="List what a server with this strictness would refuse, instead of mistakes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@server_options
def verdict(session: str | None, strictness: str | None, as_json: bool, url: str, admin_key: str | None) -> None:
    """Report mistakes of the client found in the journal: retries, timeouts, truncated answers, signatures, ids.

    The exit code is 1 if there are findings.
    """
    with server(url, admin_key) as admin:
        findings = admin.verdict(session, strictness=strictness)
    if as_json:
        click.echo(printable_json(json.dumps(findings, ensure_ascii=False)))
    for finding in () if as_json else findings:
        where = ", ".join(f"#{number}" for number in finding["requests"]) or "no entry"
        click.echo(printable_lines(f"{finding['kind']}  ({where})\n  {finding['message']}\n  {finding['advice']}\n"))
    if not findings and not as_json:
        click.echo("Nothing would be refused." if strictness else "No findings.")
    sys.exit(1 if findings else 0)
