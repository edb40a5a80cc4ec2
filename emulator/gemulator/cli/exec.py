"""`gemulator exec`."""

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
from gemulator.cli.env import adc_option, kind_of
from gemulator.cli.server_options import ServerTarget
from gemulator.cli.settings_options import reporting_errors, settings_of, settings_options
from gemulator.client.admin import Admin
from gemulator.client.embedded import Emulator
from gemulator.core.settings import default_state_dir
from gemulator.server.tls.certificate_authority import UnsupportedHostError
from gemulator.state.journal.json_views import EntryView

_FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH")
_ELSEWHERE = (
    "Name an address of this machine with --host, like 127.0.0.1, free ports with --port, --tls-port and --proxy-port,"
    " and a folder for the keys with --state."
)
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126  # as shells have it


@click.command(
    short_help="Run a command against an emulator of its own.", context_settings={"allow_interspersed_args": False}
)
@settings_options
@adc_option
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def exec(context: click.Context, /, adc: str, command: tuple[str, ...], **options: Any) -> None:
    """Run COMMAND against an emulator of its own, with every variable set that leads a client there.

    The emulator takes a free port and ends with the command, whose exit code is passed on. What was asked is summed
    up on standard error.
    """
    with _emulator(context, options) as emulator, TemporaryDirectory(prefix="gemulator-") as folder:
        code = _run(command, _environment(emulator, adc, CredentialFiles(Path(folder))))
        click.echo(_asked(emulator), err=True)
    context.exit(code)


def _asked(emulator: Emulator) -> str:
    if emulator.settings.admin == "off":
        return "gemulator: --admin off: what was asked cannot be told"
    key = emulator.settings.admin_key
    with Admin(emulator.url, key.get_secret_value() if key else None) as admin:
        return summary(admin.entries(full=False))


@contextmanager
def _emulator(context: click.Context, options: Mapping[str, Any]) -> Iterator[Emulator]:
    chosen = {name: value for name, value in options.items() if name not in _PLACES or _typed(context, name)}
    settings = settings_of(chosen)
    given = {name: getattr(settings, name) for name in settings.model_fields_set | {"scenarios"}}
    emulator = Emulator(**given)
    try:
        with reporting_errors(settings):
            emulator.start()
    except UnsupportedHostError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"the emulator cannot start: {error}\n{_ELSEWHERE}") from None
    try:
        yield emulator
    finally:
        emulator.stop()


# A port in gemulator.toml is that of `serve`: this emulator takes a free one, unless the command line says which.
_PLACES = ("port", "tls_port")


def _typed(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _environment(emulator: Emulator, adc: str, files: CredentialFiles) -> dict[str, str]:
    settings = emulator.settings
    place = ServerTarget(emulator.url, settings.state or default_state_dir())
    files.write(place.service_key(), emulator.url, Identity(settings.project))
    if emulator.tls_url:
        files.write_authority(place.authority(settings.tls_names))
    client = ClientEnvironment(
        addresses=emulator.urls,
        token=emulator.token,
        project=settings.project,
        files=files,
        adc=kind_of(adc),
        tls=bool(emulator.tls_url),
        proxy=emulator.proxy_url,
    )
    outside = {name: value for name, value in os.environ.items() if name != "GOOGLE_APPLICATION_CREDENTIALS"}
    return outside | client.variables()


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit code of a command; 128 and the number of the signal that ended it."""
    with _Forwarding() as forwarding:
        try:
            child = subprocess.Popen(command, env=environment)
        except FileNotFoundError:
            click.echo(f"gemulator: no such command: {command[0]}", err=True)
            return _NOT_FOUND
        except OSError as error:
            click.echo(f"gemulator: {command[0]} cannot be run: {error.strerror}", err=True)
            return _NOT_EXECUTABLE
        forwarding.to(child)
        code = child.wait()
    return 128 - code if code < 0 else code


class _Forwarding:
    """Passes signals on. It is in place before the command starts: what comes too early is passed on then."""

    def __init__(self) -> None:
        # A terminal sends its own (Ctrl-C) to the command as well: those are not sent twice.
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

    def to(self, child: "subprocess.Popen[bytes]") -> None:
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


def summary(entries: Sequence[EntryView]) -> str:
    """What was asked and what answered, one line for each kind of exchange, in the order of the first."""
    kinds = Counter((entry["model"] or "-", _answered_by(entry), entry["status"]) for entry in entries)
    total = len(entries)
    lines = [f"gemulator: {total} request{'' if total == 1 else 's'}"]
    lines += [f"  {count} × {model}  {by}  {status}" for (model, by, status), count in kinds.items()]
    return "\n".join(lines)


def _answered_by(entry: EntryView) -> str:
    return f"{entry['scenario']}/{entry['turn']}" if entry["scenario"] else entry["source"]
