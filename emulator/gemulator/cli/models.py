"""Command `gemulator models`: the catalog, and the abilities of each model."""

from collections.abc import Mapping, Sequence
from typing import Any

import click
import orjson

from gemulator.cli.settings_options import reporting_errors, settings_from_options, settings_subset
from gemulator.core.json_types import JSON
from gemulator.service.catalog import Model

_COLUMNS = ("model", "reads", "makes", "thinking", "signatures", "locations", "context", "output")


@click.command(short_help="List the models and what they can do.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Output format.")
@settings_subset("catalog")
def models(form: str, **options: Any) -> None:
    """List the models of the catalog: media, thinking, thought signatures, locations, tokens.

    `*` stands for any text, `*-*` in locations for all regions. The first entry that matches describes a model.
    Sources disagree on locations with `?`.
    """
    from gemulator.server.app import load_catalog

    settings = settings_from_options(options)
    with reporting_errors(settings):
        found = [_row(model) for model in load_catalog(settings).models]
    if form == "json":
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    else:
        _print_table(found)


def _row(model: Model) -> Mapping[str, JSON]:
    """Return the abilities of a model; an empty list means that no limit is known."""
    return {
        "model": model.id,
        "reads": list(model.reads),
        "makes": list(model.makes),
        "thinking": [*model.levels] or (["budget"] if model.budget else []),
        "signatures": "required" if model.enforces else "sent" if model.signs else model.signs_calls,
        "locations": [*(model.locations or ("*",)), *(f"{name}?" for name in model.unsure_locations)],
        "context": model.context,
        "output": model.max_output,
    }


def _print_table(rows: Sequence[Mapping[str, JSON]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*_COLUMNS, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*(_cell(row[column]) for column in _COLUMNS))
    Console(highlight=False, soft_wrap=False, markup=False, emoji=False).print(table)


def _cell(value: JSON) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
