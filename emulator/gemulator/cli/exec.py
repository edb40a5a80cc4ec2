"""Command `gemulator exec`."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any, Self

import click

from gemulator.cli.client_env import ClientEnvironment
from gemulator.cli.credential_files import CredentialFiles, Identity
from gemulator.cli.env import adc_kind, adc_option
from gemulator.cli.scenario_source import report_default_scenarios
from gemulator.cli.server_options import ServerTarget
from gemulator.cli.settings_options import reporting_errors, settings_from_options, settings_options
from gemulator.client.admin import Admin
from gemulator.client.embedded import Emulator
from gemulator.core.folders import default_state_dir
from gemulator.core.printable import printable
from gemulator.server.tls.certificate_authority import UnsupportedHostError
from gemulator.state.journal.json_views import EntryView

_FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH")
_START_REMEDY = (
    "Set --host to an address of this machine, like 127.0.0.1, --port, --tls-port and --proxy-port to free ports, and"
    " --state to a writable folder."
)
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126  # exit codes of shells


@click.command(short_help="Run a command with its own emulator.", context_settings={"allow_interspersed_args": False})
@settings_options
@adc_option
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec(adc: str, command: tuple[str, ...], **options: Any) -> None:
    """Run COMMAND with its own emulator, and with the environment variables that point clients to it.

    The emulator uses a free port and stops with the command, whose exit code is returned. A summary of the requests
    is printed to standard error.
    """
    with _emulator(options) as emulator, TemporaryDirectory(prefix="gemulator-") as folder:
        code = _run(command, _environment(emulator, adc, CredentialFiles(Path(folder))))
        click.echo(_request_summary(emulator), err=True)
    click.get_current_context().exit(code)


def _request_summary(emulator: Emulator) -> str:
    if emulator.settings.admin == "off":
        return "gemulator: no summary of requests, because of --admin off"
    key = emulator.settings.admin_key
    with Admin(emulator.url, key.get_secret_value() if key else None) as admin:
        return summarize(admin.entries(full=False))


@contextmanager
def _emulator(options: Mapping[str, Any]) -> Iterator[Emulator]:
    # The ports of variables and files are those of a server.
    chosen = {name: value for name, value in options.items() if name not in _PORTS or value is not None}
    settings = settings_from_options(chosen)
    report_default_scenarios(settings)
    given = {name: getattr(settings, name) for name in settings.model_fields_set | {"scenarios"}}
    emulator = Emulator(**given)
    try:
        with reporting_errors(settings):
            emulator.start()
    except UnsupportedHostError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"the emulator cannot start: {error}\n{_START_REMEDY}") from None
    try:
        yield emulator
    finally:
        emulator.stop()


# Ports in gemulator.toml are for `serve`: `exec` uses free ports unless the command line sets them.
_PORTS = ("port", "tls_port")


def _environment(emulator: Emulator, adc: str, files: CredentialFiles) -> dict[str, str]:
    settings = emulator.settings
    place = ServerTarget(emulator.url, settings.state or default_state_dir())
    files.write(place.service_key(), emulator.url, Identity(settings.project))
    if emulator.tls_url:
        files.write_authority(place.authority(settings.tls_names))
    client = ClientEnvironment(
        urls=emulator.urls,
        token=emulator.token,
        project=settings.project,
        files=files,
        adc=adc_kind(adc),
        tls=bool(emulator.tls_url),
        proxy=emulator.proxy_url,
    )
    outside = {name: value for name, value in os.environ.items() if name != "GOOGLE_APPLICATION_CREDENTIALS"}
    return outside | client.variables()


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command and return its exit code, or 128 plus the number of the signal that ended it."""
    with _SignalForwarder() as forwarding:
        try:
            child = subprocess.Popen(command, env=environment)
        except FileNotFoundError:
            click.echo(f"gemulator: command not found: {command[0]}", err=True)
            return _NOT_FOUND
        except OSError as error:
            click.echo(f"gemulator: {command[0]} cannot be run: {error.strerror}", err=True)
            return _NOT_EXECUTABLE
        forwarding.attach(child)
        code = child.wait()
    return 128 - code if code < 0 else code


class _SignalForwarder:
    """Forwards signals to the child. Signals received before it starts are forwarded once it does."""

    def __init__(self) -> None:
        # A terminal sends Ctrl-C and Ctrl-\ to the child as well: do not send them twice.
        self._terminal = {signal.SIGINT, getattr(signal, "SIGQUIT", signal.SIGINT)} if sys.stdin.isatty() else set()
        self._child: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    def __enter__(self) -> Self:
        numbers = [getattr(signal, name) for name in _FORWARDED if hasattr(signal, name)]
        self._before = {number: signal.signal(number, self._forward) for number in numbers}
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def attach(self, child: "subprocess.Popen[bytes]") -> None:
        self._child = child
        for number in self._early:
            child.send_signal(number)

    def _forward(self, number: int, frame: FrameType | None) -> None:
        if number in self._terminal:
            return
        if self._child is None:
            self._early.append(number)
        else:
            self._child.send_signal(number)


def summarize(entries: Sequence[EntryView]) -> str:
    """Return one line per combination of model, source and status, in order of first occurrence."""
    kinds = Counter((printable(entry["model"]) or "-", _answered_by(entry), entry["status"]) for entry in entries)
    total = len(entries)
    lines = [f"gemulator: {total} request{'' if total == 1 else 's'}"]
    lines += [f"  {count} × {model}  {by}  {status}" for (model, by, status), count in kinds.items()]
    return "\n".join(lines)


def _answered_by(entry: EntryView) -> str:
    return f"{entry['scenario']}/{entry['turn']}" if entry["scenario"] else entry["source"]
