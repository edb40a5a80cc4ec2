"""Command `gemulator init`: a folder with a first scenario."""

from collections.abc import Mapping
from pathlib import Path

import click
import orjson

from gemulator.core.folders import OWN_SCENARIOS

_SCHEMA = "scenario.schema.json"
_FIRST = "first.yaml"
_SCENARIO = f"""\
# yaml-language-server: $schema=./{_SCHEMA}
description: A first scenario. Ask "Hello!", "How is the weather in Paris?" with a tool `get_weather`, or "invoice".
turns:
  # Turns are tried from top to bottom; the first whose conditions all hold answers. Plain text means: contains it.
  - when: {{ user: hello }}
    reply: Hello! I am an emulated model. Change this text and ask again.

  - when: {{ user: weather, tool_result: get_weather }}
    reply: It is 21 °C and sunny in Paris.

  - when: {{ user: weather, tools: get_weather }}
    reply:
      - call: get_weather
        with: {{ city: Paris }} # leave out `with`: made from the tool's own schema

  - when: {{ user: invoice }}
    times: 1
    reply: {{ error: 429, retry_after: 1s }}
  - when: {{ user: invoice }}
    reply: Your invoice is on its way.
"""


@click.command(short_help="Write a folder with a first scenario.")
@click.argument("folder", metavar="[DIR]", default=OWN_SCENARIOS, type=click.Path(file_okay=False, path_type=Path))
def init(folder: Path) -> None:
    """Write a first scenario and the schema for editors into DIR (default: scenarios).

    Editors with YAML support (VS Code: the extension YAML) then complete keys. Existing files are never changed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in _files().items():
        file = folder / name
        state = _write_new(file, content)
        click.echo(f"{state:8} {file}")
    click.echo(f"Next: gemulator serve{'' if folder == OWN_SCENARIOS else f' --scenarios {folder}'}")


def _files() -> Mapping[str, bytes]:
    from gemulator.scenario.authoring.json_schema import scenario_schema

    schema = orjson.dumps(scenario_schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    return {_FIRST: _SCENARIO.encode(), _SCHEMA: schema}


def _write_new(file: Path, content: bytes) -> str:
    """Write a file if it does not exist, and return what became of it."""
    try:
        with file.open("xb") as new:
            new.write(content)
    except FileExistsError:
        return "kept"
    return "written"
