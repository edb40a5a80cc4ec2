"""Commands `gemulator journal`, `sessions` and `reset`."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import click

from gemulator.cli.tables import Screen
from gemulator.client.admin import Admin, AdminError
from gemulator.core.printable import printable, printable_json, printable_lines
from gemulator.state.journal.diff_views import DiffView
from gemulator.state.journal.json_views import EntryView

_DEFAULT_URL = "http://127.0.0.1:8089"


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--url` and `--admin-key`, the options for a running server."""
    key = click.option("--admin-key", envvar="GEMULATOR_ADMIN_KEY", show_envvar=True, help="Admin key of the server.")
    url = click.option(
        "--url",
        envvar="GEMULATOR_URL",
        show_envvar=True,
        default=_DEFAULT_URL,
        show_default=True,
        help="URL of the server.",
    )
    return url(key(command))


@contextmanager
def server(url: str, admin_key: str | None) -> Iterator[Admin]:
    """Open the admin API of the server. Its errors end the command with their message."""
    try:
        admin = Admin(url, admin_key)
    except ValueError as error:
        raise click.UsageError(f"--admin-key: {error}") from None
    try:
        with admin:
            yield admin
    except AdminError as error:
        raise click.ClickException(f"{error.message}\n{_remedy(error)}") from None
    except KeyboardInterrupt:
        pass  # the user ends --follow


def _remedy(error: AdminError) -> str:
    """Return the remedy of an error in the words of a command."""
    if "openapi.json" not in error.remedy:
        return error.remedy
    return f"See `{click.get_current_context().command_path} --help`."


@click.command(short_help="Show requests and answers.")
@click.argument("entry", type=int, required=False)
@click.option("--session", help="Only this session.  [default: all]")
@click.option("--scenario", help="Only answers of this scenario.")
@click.option("--model", help="Only models with this text in the name.")
@click.option("--status", type=int, help="Only this HTTP status.")
@click.option(
    "--source",
    type=click.Choice(["turn", "generated", "forwarded", "recorded", "unmatched", "unsatisfiable", "refused"]),
    help="Only answers from this source.",
)
@click.option("--text", help="Only entries with this text in request or answer.")
@click.option("--since", help="Start time: Unix seconds, or like 2026-02-11T22:54:21Z.")
@click.option("--until", help="End time.")
@click.option(
    "-n", "--last", type=click.IntRange(min=0), default=20, show_default=True, help="Maximum number of entries."
)
@click.option("-f", "--follow", is_flag=True, help="Print new entries until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print complete entries as JSON lines.")
@click.option("--diff", is_flag=True, help="Print how ENTRY differs from the nearest turns, with the whole texts.")
@click.option("--turn", help="Turn to compare ENTRY with, like weather/2.")
@click.option("--har", type=click.Path(dir_okay=False, path_type=Path), help="Write an HTTP Archive to this file.")
@server_options
def journal(
    entry: int | None,
    last: int,
    follow: bool,
    as_json: bool,
    har: Path | None,
    url: str,
    admin_key: str | None,
    **filters: str | int | None,
) -> None:
    """Show requests and answers of a running server, or all details of the entry with number ENTRY."""
    diff, turn = filters.pop("diff"), filters.pop("turn")
    if (diff or turn) and entry is None:
        raise click.UsageError("--diff and --turn need the number of an entry: gemulator journal 7 --diff")
    with server(url, admin_key) as admin:
        if entry is not None and (diff or turn):
            _show_diff(admin.diff(entry, None if turn is None else str(turn)), as_json)
        elif har is not None:
            _write_har(har, json.dumps(admin.har(**filters), indent=1))
        elif entry is not None:
            _show(admin.entry(entry), as_json)
        else:
            _list(admin, last, follow, as_json, filters)


def _write_har(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from None
    click.echo(f"Wrote {file}.")


def _show(entry: EntryView, as_json: bool) -> None:
    if as_json:
        _print_json_lines([entry])
    else:
        Screen().entry(entry)


def _show_diff(diff: DiffView, as_json: bool) -> None:
    text = printable_json(json.dumps(diff, ensure_ascii=False)) if as_json else printable_lines(diff["text"])
    click.echo(text)


def _list(admin: Admin, last: int, follow: bool, as_json: bool, filters: dict[str, str | int | None]) -> None:
    # Read the whole journal: pages can be followed forwards only.
    found, page = admin.history(as_json, **filters)
    for reason in page.get("missing", []):
        click.echo(f"Incomplete: {printable(reason)}", err=True)
    after = found[-1]["id"] if found else 0
    shown: Iterable[EntryView] = found[-last:] if last else []
    if follow:
        finished = {entry["id"] for entry in found if entry["outcome"]}
        ends = (event["entry"]["id"] for event in admin.events(after, **filters) if event["event"] == "finished")
        shown = chain(shown, (admin.entry(number) for number in ends if number not in finished))
    if as_json:
        _print_json_lines(shown)
    elif follow:
        Screen().follow(shown)
    else:
        Screen().entries(shown)


def _print_json_lines(entries: Iterable[EntryView]) -> None:
    for entry in entries:
        click.echo(printable_json(json.dumps(entry, ensure_ascii=False)))
        sys.stdout.flush()


@click.command(short_help="List the sessions of a running server.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@server_options
def sessions(as_json: bool, url: str, admin_key: str | None) -> None:
    """List the sessions of a running server, with the number of answers of each turn with `times`."""
    with server(url, admin_key) as admin:
        found = admin.sessions()
    if as_json:
        click.echo(printable_json(json.dumps(found, ensure_ascii=False)))
    else:
        Screen().sessions(found)


@click.command(short_help="Clear counters and journal of a session.")
@click.argument("session", default="default")
@click.option("--all", "everything", is_flag=True, help="Clear all sessions.")
@click.option("--counters", is_flag=True, help="Clear only the counters of turns; the journal stays.")
@click.option("--turn", metavar="TURN", help="Set only the counter of this turn, like `weather/2`.")
@click.option("--used", type=click.IntRange(min=0), help="Answers of --turn so far.  [default: 0]")
@server_options
def reset(
    session: str,
    everything: bool,
    counters: bool,
    turn: str | None,
    used: int | None,
    url: str,
    admin_key: str | None,
) -> None:
    """Clear counters and journal of SESSION (default: `default`). Pushed scenarios are kept."""
    if used is not None and turn is None:
        raise click.UsageError("--used needs --turn: name the turn, like `--turn weather/2`")
    with server(url, admin_key) as admin:
        names = [one["session"] for one in admin.sessions()] if everything else [session]
        for name in names:
            if turn is not None:
                admin.set_counter(name, turn, used or 0)
            elif counters:
                admin.reset_counters(name)
            elif not admin.reset(name):
                raise click.ClickException(f"there is no session {name!r}: `gemulator sessions` lists those that exist")
    what = f"{turn} to {used or 0} in " if turn else "the counters of " if counters else ""
    click.echo(f"Reset {what}{', '.join(names) or 'no session'}.")
