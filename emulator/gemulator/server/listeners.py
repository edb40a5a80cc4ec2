"""What listens: sockets, the further doors, and uvicorn with the app behind them."""

import socket
from collections.abc import Callable, Sequence
from copy import deepcopy
from logging import Filter, LogRecord
from typing import Any

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from gemulator.core.clock import UTC
from gemulator.core.settings import Settings, default_state_dir
from gemulator.server.log import Lines, LogStyle
from gemulator.server.protocol.fast_path import FastHttpProtocol
from gemulator.server.tls.server import ExtraListeners

_BLINK = 0.05  # seconds: given no time at all, uvicorn complains of what it has not even looked for


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens on host and port (0: any free one). OSError where it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)  # at once: whoever reads the greeting may connect
    except OSError as error:
        listener.close()
        error.filename = f"{host} port {port}"
        raise
    listener.set_inheritable(True)
    return listener


def uvicorn_config(app: Any, settings: Settings) -> uvicorn.Config:
    """How uvicorn serves the app."""
    return uvicorn.Config(
        app,
        http=FastHttpProtocol,
        access_log=False,
        log_config=_logging(settings.log_format),
        log_level="error" if settings.log_format == "off" else "warning",
        lifespan="on",
        server_header=False,
        proxy_headers=False,  # nothing here depends on who asks
        timeout_graceful_shutdown=max(_BLINK, settings.grace),  # type: ignore[arg-type]  # asyncio takes any number
        timeout_keep_alive=75,  # 5 s, the default, closes pooled clients' sockets under their hands
        ws="none",
    )


def run_workers(factory: Callable[[], Any], settings: Settings, listener: socket.socket) -> None:
    """Serve with `settings.workers` processes, each with an app of its own, until a signal ends them."""
    from uvicorn.supervisors import Multiprocess

    config = uvicorn_config(factory, settings)
    config.factory, config.workers = True, settings.workers
    config.timeout_worker_healthcheck = 30  # a busy machine starts no worker within 5 s, the default
    Multiprocess(config, [listener]).run()


def _logging(style: LogStyle) -> dict[str, Any]:
    """How uvicorn says what is wrong: as the lines of requests are written; where there are none, only our bugs."""
    config = deepcopy(LOGGING_CONFIG)
    if style == "json":
        config["formatters"]["default"] = {"()": Lines}
    if style == "off":
        config["handlers"]["default"]["filters"] = [_Bugs()]
    return config


class _Bugs(Filter):
    """Lets nothing through that tells of streams which a server that stops has cut."""

    def filter(self, record: LogRecord) -> bool:
        return "graceful shutdown exceeded" not in record.getMessage()


def all_bound(host: str, ports: Sequence[int]) -> list[socket.socket]:
    """A socket for each port, or none at all. OSError."""
    listeners: list[socket.socket] = []
    try:
        listeners += (bind(host, port) for port in ports)
    except OSError:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def extra_listeners(settings: Settings) -> ExtraListeners | None:
    """The further doors that the settings ask for: HTTPS, and the proxy to it. OSError, NotVouched."""
    if not settings.tls and settings.proxy_port is None:
        return None
    from gemulator.server.tls.certificate_authority import CertificateAuthority

    authority = CertificateAuthority(settings.state or default_state_dir(), settings.tls_names, UTC())
    ports = [settings.tls_port if settings.tls else 0]
    if settings.proxy_port is not None:
        ports.append(settings.proxy_port)
    return ExtraListeners(authority, *all_bound(settings.host, ports))


def origin_of(listener: socket.socket, scheme: str = "http") -> str:
    """The URL that reaches a listening socket from this machine."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"{scheme}://{shown}:{port}"
