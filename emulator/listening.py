"""What listens: sockets, the further doors, and uvicorn with the app behind them."""

import socket
from collections.abc import Sequence
from typing import Any

import uvicorn

from emulator.app import UTC
from emulator.settings import Settings, usual_state
from emulator.web.direct import Direct
from emulator.web.doors import Doors


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens on host and port (0: any free one). OSError where it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)  # at once: whoever reads the greeting may connect
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(True)
    return listener


def uvicorn_config(app: Any, settings: Settings) -> uvicorn.Config:
    """How uvicorn serves the app."""
    return uvicorn.Config(
        app,
        http=Direct,
        access_log=False,
        log_level="warning",
        lifespan="on",
        server_header=False,
        proxy_headers=False,  # nothing here depends on who asks
        timeout_graceful_shutdown=max(1, round(settings.grace)),
        timeout_keep_alive=75,  # 5 s, the default, closes pooled clients' sockets under their hands
        ws="none",
    )


def all_bound(host: str, ports: Sequence[int]) -> list[socket.socket]:
    """A socket for each port, or none at all. OSError."""
    listeners: list[socket.socket] = []
    try:
        listeners += (bound(host, port) for port in ports)
    except OSError:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def doors_of(settings: Settings) -> Doors | None:
    """The further doors that the settings ask for: HTTPS, and the proxy to it. OSError, NotVouched."""
    if not settings.tls and settings.proxy_port is None:
        return None
    from emulator.web.authority import Authority

    authority = Authority(settings.state or usual_state(), settings.tls_names, UTC())
    ports = [settings.tls_port if settings.tls else 0]
    if settings.proxy_port is not None:
        ports.append(settings.proxy_port)
    return Doors(authority, *all_bound(settings.host, ports))


def origin_of(listener: socket.socket, scheme: str = "http") -> str:
    """The URL that reaches a listening socket from this machine."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"{scheme}://{shown}:{port}"
