"""Command `gemulator verdict`."""

import json
import sys

import click

from gemulator.cli.journal import server, server_options


@click.command(short_help="Say what the client does wrong.")
@click.option("--session", help="Of this session; left out: of all.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@server_options
def verdict(session: str | None, as_json: bool, url: str, admin_key: str | None) -> None:
    """Judge the client by the journal: retries, time-outs, truncated answers, signatures, ids.

    Ends with exit code 1 where there is anything to say.
    """
    with server(url, admin_key) as admin:
        findings = admin.verdict(session)
    if as_json:
        click.echo(json.dumps(findings, ensure_ascii=False))
    for finding in () if as_json else findings:
        where = ", ".join(f"#{number}" for number in finding["requests"])
        click.echo(f"{finding['kind']}  ({where})\n  {finding['message']}\n  {finding['advice']}\n")
    if not findings and not as_json:
        click.echo("Nothing to find fault with.")
    sys.exit(1 if findings else 0)
