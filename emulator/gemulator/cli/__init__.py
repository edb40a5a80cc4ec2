"""Command line: one module per command group, imported on use."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from gemulator.cli.standard_streams import open_standard_streams
from gemulator.core.version import __version__

# Command: module with a function of the same name, or that of `_FUNCTIONS`.
_COMMANDS = {
    "serve": "gemulator.cli.serve",
    "record": "gemulator.cli.record",
    "init": "gemulator.cli.init",
    "exec": "gemulator.cli.exec",
    "env": "gemulator.cli.env",
    "credentials": "gemulator.cli.credentials",
    "check": "gemulator.cli.scenarios",
    "explain": "gemulator.cli.scenarios",
    "schema": "gemulator.cli.scenarios",
    "options": "gemulator.cli.options",
    "models": "gemulator.cli.models",
    "journal": "gemulator.cli.journal",
    "freeze": "gemulator.cli.freeze",
    "import": "gemulator.cli.import_files",
    "sessions": "gemulator.cli.journal",
    "reset": "gemulator.cli.journal",
    "chaos": "gemulator.cli.chaos",
    "verdict": "gemulator.cli.verdict",
}
_FUNCTIONS = {"import": "import_files"}  # a keyword of Python


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        with _gc_paused():
            command: click.Command = getattr(import_module(_COMMANDS[cmd_name]), _FUNCTIONS.get(cmd_name, cmd_name))
        return command

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run the command. An error of the system (disk, permissions, limits) is one line instead of a traceback."""
        try:
            return super().main(*arguments, **options)
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            click.echo(f"Error: {place}{error.strerror or error}", err=True)
            sys.exit(1)


@contextmanager
def _gc_paused() -> Iterator[None]:
    """Disable garbage collection during an import, and exempt the imported objects from later collections."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="gemulator")
def main() -> None:
    """Local emulator of Google's Chat Completions API on Vertex AI.

    Start it with `gemulator serve`, and point an OpenAI client at the URL that it prints.
    """
    open_standard_streams()
