"""Listening sockets and uvicorn configuration."""

import socket
import sys
from collections.abc import Callable, Sequence
from copy import deepcopy
from logging import Filter, LogRecord
from typing import Any

import uvicorn
from uvicorn.config import LOGGING_CONFIG, STARTUP_FAILURE

from gemulator.core.clock import UTC
from gemulator.core.folders import default_state_dir
from gemulator.core.settings import Settings
from gemulator.server.log import JsonFormatter, LogStyle
from gemulator.server.output import is_terminal
from gemulator.server.protocol.fast_path import FastHttpProtocol
from gemulator.server.tls.server import ExtraListeners

_MIN_SHUTDOWN_SECONDS = 0.05  # uvicorn logs an error for a timeout of 0


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens on host and port (0: any free port). Raises OSError that names both."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)  # before the start-up message: its reader may connect at once
    except OSError as error:
        listener.close()
        error.filename = f"{host} port {port}"
        raise
    listener.set_inheritable(True)
    return listener


def uvicorn_config(app: Any, settings: Settings) -> uvicorn.Config:
    """Return uvicorn's configuration for the app."""
    return uvicorn.Config(
        app,
        http=FastHttpProtocol,
        access_log=False,
        log_config=_log_config(settings.log_format),
        log_level="error" if settings.log_format == "off" else "warning",
        lifespan="on",
        server_header=False,
        proxy_headers=False,  # no answer depends on the client's address
        timeout_graceful_shutdown=max(_MIN_SHUTDOWN_SECONDS, settings.grace),  # type: ignore[arg-type]  # asyncio takes any number
        timeout_keep_alive=75,  # uvicorn's default of 5 s closes idle sockets that client pools are about to reuse
        ws="none",
    )


def run_workers(factory: Callable[[], Any], settings: Settings, listener: socket.socket) -> None:
    """Serve from `settings.workers` processes, each with its own app, until a signal stops them.

    Raises SystemExit if a worker cannot start.
    """
    from uvicorn.supervisors import Multiprocess

    config = uvicorn_config(factory, settings)
    config.factory, config.workers = True, settings.workers
    config.timeout_worker_healthcheck = 30  # a busy machine starts no worker within 5 s, the default
    workers = Multiprocess(config, [listener])
    workers.run()
    if any(process.exitcode == STARTUP_FAILURE for process in workers.processes):
        sys.exit(STARTUP_FAILURE)


def _log_config(style: LogStyle) -> dict[str, Any]:
    """Return uvicorn's logging config in the style of the request log; `off` still logs internal errors."""
    config = deepcopy(LOGGING_CONFIG)
    config["handlers"]["default"] = {"class": "gemulator.server.output.OutputHandler", "formatter": "default"}
    for name, out in (("default", sys.stderr), ("access", sys.stdout)):
        config["formatters"][name]["use_colors"] = is_terminal(out)
    if style == "json":
        config["formatters"]["default"] = {"()": JsonFormatter}
    if style == "off":
        config["handlers"]["default"]["filters"] = [_IgnoreCutStreams()]
    else:
        config["loggers"]["asyncio"] = {"handlers": ["default"], "level": "WARNING"}
    return config


class _IgnoreCutStreams(Filter):
    """Logging filter that drops uvicorn's message about streams cut at shutdown."""

    def filter(self, record: LogRecord) -> bool:
        return "graceful shutdown exceeded" not in record.getMessage()


def bind_all(host: str, ports: Sequence[int]) -> list[socket.socket]:
    """Return a listening socket per port. Raises OSError and closes all of them if one cannot be bound."""
    listeners: list[socket.socket] = []
    try:
        listeners += (bind(host, port) for port in ports)
    except OSError:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def extra_listeners(settings: Settings) -> ExtraListeners | None:
    """Return the HTTPS and proxy listeners, None if neither is enabled. Raises OSError, UnsupportedHostError."""
    if not settings.tls and settings.proxy_port is None:
        return None
    from gemulator.server.tls.certificate_authority import CertificateAuthority

    authority = CertificateAuthority(settings.state or default_state_dir(), settings.tls_names, UTC())
    ports = [settings.tls_port if settings.tls else 0]
    if settings.proxy_port is not None:
        ports.append(settings.proxy_port)
    return ExtraListeners(authority, *bind_all(settings.host, ports))


def origin_of(listener: socket.socket, scheme: str = "http") -> str:
    """Return the URL of a listening socket as seen from this machine."""
    host, port = listener.getsockname()[:2]
    address = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"{scheme}://{address}:{port}"
