"""The command line: one file a command group, imported when its command is used."""

from importlib import import_module

import click

from emulator import __version__

# Command: the module that has it, under the same name.
_COMMANDS = {
    "serve": "emulator.cli.serve",
    "exec": "emulator.cli.exec",
    "env": "emulator.cli.env",
    "credentials": "emulator.cli.credentials",
    "check": "emulator.cli.scenarios",
    "explain": "emulator.cli.scenarios",
    "schema": "emulator.cli.scenarios",
    "journal": "emulator.cli.journal",
    "sessions": "emulator.cli.journal",
    "reset": "emulator.cli.journal",
    "verdict": "emulator.cli.verdict",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = _COMMANDS.get(cmd_name)
        command = getattr(import_module(module), cmd_name) if module else None
        return command if isinstance(command, click.Command) else None


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="gemulator")
def main() -> None:
    """A local emulator of Google's Chat Completions API on Vertex AI.

    Start it with `gemulator serve`, point an OpenAI client at the URL it prints, and talk to it.
    """
