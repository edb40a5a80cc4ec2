"""Command `gemulator serve`."""

import errno
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import click

from gemulator.cli.scenario_source import scenario_source
from gemulator.cli.settings_options import reporting_errors, settings_from_options, settings_options
from gemulator.client.urls import EmulatorUrls
from gemulator.core.clock import UTC
from gemulator.core.folders import default_state_dir
from gemulator.core.recording_settings import for_recording, records
from gemulator.core.settings import Settings
from gemulator.core.version import __version__
from gemulator.scenario.library import Library
from gemulator.server.app import create_app
from gemulator.server.freed_memory import return_freed_memory
from gemulator.server.listeners import bind, extra_listeners, origin_of, run_workers, uvicorn_config
from gemulator.server.log import json_record
from gemulator.server.open_files import open_file_limit
from gemulator.server.output import flush_standard, is_terminal, writer_of
from gemulator.server.tls.certificate_authority import UnsupportedHostError
from gemulator.server.tls.server import ExtraListeners, Server
from gemulator.server.worker import WorkerApp

_MIN_OPEN_FILES = 64


@click.command()
@settings_options
def serve(**options: Any) -> None:
    """Run the server until Ctrl-C. Every option is also a GEMULATOR_ variable and a key of gemulator.toml."""
    run_server(settings_from_options(options, reload=is_terminal(sys.stdout)))


def run_server(settings: Settings) -> None:
    """Run the server until a signal."""
    _check_open_files()
    with reporting_errors(settings):
        settings = for_recording(settings)
        app = create_app(settings, entrance="serve")
    listener, extra = _listener(settings), _extra_listeners(settings)
    banner = _banner(settings, app.state.engine.preparation.library, origin_of(listener), extra)
    announce = _announcer(settings)
    try:
        if settings.workers == 1:
            _run(Server(uvicorn_config(app, settings), extra), listener, partial(announce, banner))
        else:
            _run_workers(settings, listener, partial(announce, banner))
        announce("Stopped.")
    finally:
        flush_standard()


def _announcer(settings: Settings) -> Callable[[str], None]:
    """Return the writer of texts to standard output, which does not wait for their reader; as JSON if the log is."""
    write = writer_of(sys.stdout).write
    if settings.log_format != "json":
        return lambda text: write(f"{text}\n")

    def announce(text: str) -> None:
        for line in filter(None, map(str.strip, text.splitlines())):
            write(json_record(UTC(), "info", message=line))

    return announce


def _run(server: Server, listener: socket.socket, announce: Callable[[], None]) -> None:
    """Serve until a signal. Handlers are installed first: a signal may follow the banner immediately."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, server.handle_exit)
    announce()
    return_freed_memory()
    server.run([listener])


def _run_workers(settings: Settings, listener: socket.socket, announce: Callable[[], None]) -> None:
    announce()
    with suppress(KeyboardInterrupt):
        run_workers(WorkerApp(partial(create_app, entrance="serve"), settings), settings, listener)


def _check_open_files() -> None:
    """Raise ClickException if the system allows too few open files: the event loop would fail without a clear word."""
    limit = open_file_limit()
    if limit is not None and limit < _MIN_OPEN_FILES:
        raise click.ClickException(
            f"at most {limit} open files are allowed, gemulator needs {_MIN_OPEN_FILES}\n"
            f"Raise the limit: ulimit -n {_MIN_OPEN_FILES}"
        )


def _listener(settings: Settings) -> socket.socket:
    try:
        return bind(settings.host, settings.port)
    except OSError as error:
        message = f"cannot listen on {settings.host} port {settings.port}: {error.strerror}"
        raise click.ClickException(f"{message}\n{_bind_remedy(error)}") from None


def _bind_remedy(error: OSError) -> str:
    if error.errno in {errno.EADDRINUSE, errno.EACCES}:
        return "Choose another port with --port (0 picks a free port)."
    return "Set --host to an address of this machine, like 127.0.0.1 or 0.0.0.0 (all addresses)."


def _extra_listeners(settings: Settings) -> ExtraListeners | None:
    try:
        return extra_listeners(settings)
    except UnsupportedHostError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        remedy = "Choose other ports with --tls-port and --proxy-port, or another folder with --state."
        raise click.ClickException(f"cannot serve HTTPS: {error}\n{remedy}") from None


def _banner(settings: Settings, library: Library, origin: str, extra: ExtraListeners | None) -> str:
    urls = EmulatorUrls(origin)
    live = ", reloaded on change," if settings.reload else ""
    unmatched = {
        "generate": "a generated answer",
        "error": "a 400 that says why",
        "forward": "the answer of the upstream",
    }[settings.unmatched]
    lines = [
        f"gemulator {__version__} listens on {origin}",
        "",
        f"  Gemini and partners  OPENAI_BASE_URL={urls.base_url}",
        f"  self-deployed        OPENAI_BASE_URL={urls.endpoint_url('1234567890')}",
        f"  API key              {_KEY_HINTS[settings.auth]}",
        *_https_lines(settings, extra),
        "",
        f"  {_plural(len(library.scenarios), 'scenario')}{live} from {scenario_source(settings.scenarios)}",
        f"  Requests that match no scenario get {unmatched}.",
    ]
    if folder := records(settings):
        lines.append(f"  Answers of {settings.upstream} are recorded in {folder} ({settings.record_mode}).")
    if settings.host not in {"127.0.0.1", "localhost", "::1"}:
        lines.append(
            f"  Warning: listening on {settings.host}. Every client that reaches it can use all APIs and get tokens."
        )
    return "\n".join(lines) + "\n"


_KEY_HINTS = {
    "any": "OPENAI_API_KEY=emulator  (any text)",
    "open": "OPENAI_API_KEY=emulator  (not required)",
    "token": "a valid token: `gemulator env` exports one",
}


def _https_lines(settings: Settings, extra: ExtraListeners | None) -> list[str]:
    lines = []
    if extra and settings.tls:
        lines.append(f"  HTTPS                {origin_of(extra.tls, 'https')}")
    if extra and extra.proxy:
        lines.append(f"  Google's hosts       HTTPS_PROXY={origin_of(extra.proxy)}")
    if extra:
        lines.append(f"  CA certificate       {(settings.state or default_state_dir()) / 'ca.pem'}")
    return lines


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
