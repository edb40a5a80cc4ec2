"""Command `gemulator chaos`: faults, paces, quotas and errors on command."""

from collections.abc import Mapping

import click

from gemulator.cli.journal import server, server_options
from gemulator.core.json_types import JSON
from gemulator.core.printable import printable

_LINES = ("fault", "pacing", "quota", "error")


@click.command(short_help="Set faults, pacing, quota and errors of a running server.")
@click.argument("session", default="default")
@click.option("--all", "everyone", is_flag=True, help="For all sessions; what a session has itself comes first.")
@click.option("--fault", help="Faults, like `disconnect: {after_chunks: 3}`.")
@click.option("--pacing", help="Pacing, like `first_token: 3s`.")
@click.option("--quota", help="Quota, like `requests_per_minute: 10`.")
@click.option("--error", help="Answer before any turn: a status or a name, like `429, retry_after: 2s`.")
@click.option("--requests", type=click.IntRange(min=1), help="Number of requests for which it holds.")
@click.option("--lasts", help="Real time for which it holds, like 30s.")
@click.option("--off", is_flag=True, help="Turn all of it off.")
@server_options
def chaos(
    session: str,
    everyone: bool,
    off: bool,
    requests: int | None,
    lasts: str | None,
    url: str,
    admin_key: str | None,
    **lines: str | None,
) -> None:
    """Set faults, pacing, quota and errors of SESSION (default: `default`), or print them if nothing is set.

    Each order replaces the one before: what it leaves out is off.
    """
    given = {name: line for name, line in lines.items() if line is not None}
    if off and (given or requests or lasts):
        raise click.UsageError("--off turns all off: leave out the other options")
    name = "*" if everyone else session
    with server(url, admin_key) as admin:
        changes = off or given or requests or lasts
        now = admin.chaos(session=name, requests=requests, lasts=lasts, **lines) if changes else admin.chaos_now(name)
    click.echo(_text(now))


def _text(chaos: Mapping[str, JSON]) -> str:
    """Return the chaos of a session as a line each."""
    session = "all sessions" if chaos["session"] == "*" else f"session {chaos['session']}"
    lines = [f"  {name}: {chaos[name]}" for name in _LINES if chaos[name] is not None]
    lines += [f"  requests left: {chaos['requests']}"] * (chaos["requests"] is not None)
    lines += [f"  time left: {chaos['lasts']}"] * (chaos["lasts"] is not None)
    if not lines:
        return f"{printable(session)}: no chaos"
    return "\n".join(map(printable, [f"{session}:", *lines]))
