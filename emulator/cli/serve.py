"""`gemulator serve`."""

import socket
import sys
from functools import partial
from typing import Any

import click
import uvicorn

from emulator import __version__
from emulator.app import create_app
from emulator.cli.options import settings_of, settings_options
from emulator.errors import ScenarioError
from emulator.scenario.library import Library
from emulator.server import Addresses, bound, origin_of, uvicorn_config
from emulator.settings import Settings


@click.command()
@settings_options
def serve(**options: Any) -> None:
    """Serve until Ctrl-C. Every option is also a GEMULATOR_ variable and a key of gemulator.toml."""
    if options["reload"] is None:
        options["reload"] = sys.stdout.isatty()
    settings = settings_of(options)
    try:
        app = create_app(settings)
    except ScenarioError as error:
        raise click.ClickException(f"the scenarios cannot be used:\n{error}") from None
    except ModuleNotFoundError as error:  # an extra that was not installed; it says which
        raise click.ClickException(str(error)) from None
    listener = _listener(settings)
    try:
        click.echo(_greeting(settings, app.state.engine.library, origin_of(listener)))
        _run(app, settings, listener)
    except KeyboardInterrupt:  # uvicorn raises the signal again once it has stopped
        click.echo("Stopped.")


def _run(app: Any, settings: Settings, listener: socket.socket) -> None:
    if settings.workers == 1:
        uvicorn.Server(uvicorn_config(app, settings)).run([listener])
        return
    from uvicorn.supervisors import Multiprocess

    config = uvicorn_config(partial(create_app, settings), settings)
    config.factory, config.workers = True, settings.workers
    Multiprocess(config, [listener]).run()


def _listener(settings: Settings) -> socket.socket:
    try:
        return bound(settings.host, settings.port)
    except OSError as error:
        message = f"cannot listen on {settings.host} port {settings.port}: {error.strerror}"
        raise click.ClickException(f"{message}\nChoose another port with --port (0: any free one).") from None


def _greeting(settings: Settings, library: Library, origin: str) -> str:
    urls = Addresses(origin)
    folders = ", ".join(map(str, settings.scenarios)) or "no folder"
    live = ", live when saved" if settings.reload else ""
    unmatched = {"generate": "get an invented answer", "error": "are refused with the reason"}[settings.unmatched]
    lines = [
        f"gemulator {__version__} listens on {origin}",
        "",
        f"  Gemini and partners  OPENAI_BASE_URL={urls.base_url}",
        f"  self-deployed        OPENAI_BASE_URL={urls.endpoint_url('1234567890')}",
        "  API key              OPENAI_API_KEY=emulator"
        + ("  (any text)" if settings.auth == "any" else "  (none is needed)"),
        "",
        f"  {_counted(len(library.scenarios), 'scenario')} from {folders}{live}",
        f"  Requests that fit no scenario {unmatched}.",
    ]
    if settings.host not in {"127.0.0.1", "localhost", "::1"}:
        lines.append(f"  Reachable from other machines: it listens on {settings.host}.")
    return "\n".join(lines) + "\n"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
