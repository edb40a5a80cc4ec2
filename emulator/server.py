"""The emulator on a free port in a thread of this process."""

import socket
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import uvicorn

from emulator.app import UTC, create_app
from emulator.session import Session
from emulator.settings import Settings, usual_state
from emulator.tokens import key_for, mint
from emulator.web.doors import Doors, Server
from emulator.web.transport import Wire

_STARTING = 30.0  # seconds; a start takes a few milliseconds


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
        http=Wire,
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


class Emulator(Session):
    """`with Emulator(scenarios="…") as e: OpenAI(base_url=e.base_url, api_key=e.token)`.

    Takes every field of Settings. The port is free, the log silent, and no scenario is loaded unless told otherwise.
    """

    def __init__(self, *, project: str = "demo", location: str = "global", **settings: Any) -> None:
        if isinstance(settings.get("scenarios", ()), str) or hasattr(settings.get("scenarios"), "__fspath__"):
            settings["scenarios"] = (settings["scenarios"],)
        self.settings = Settings(
            **{"port": 0, "tls_port": 0, "log_format": "off", "scenarios": (), "project": project, **settings}
        )
        key = self.settings.admin_key
        super().__init__("", key=key.get_secret_value() if key else None, project=project, location=location)
        self._server: Server | None = None

    def start(self) -> Self:
        """Listen. Returns when requests are answered."""
        app = create_app(self.settings)
        doors = doors_of(self.settings)
        try:
            listener = bound(self.settings.host, self.settings.port)
        except OSError:
            if doors is not None:
                doors.close()
            raise
        server = Server(uvicorn_config(app, self.settings), doors)
        self._thread = threading.Thread(target=server.run, args=([listener],), daemon=True, name="gemulator")
        self._thread.start()
        deadline = time.monotonic() + _STARTING
        while not server.started and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.001)
        if not server.started:
            raise RuntimeError("gemulator did not start; its thread says why on standard error")
        self._server = server
        self.url = origin_of(listener)
        self.tls_url = origin_of(doors.tls, "https") if doors else ""
        self.proxy_url = origin_of(doors.proxy) if doors and doors.proxy else ""
        return self

    def stop(self) -> None:
        """Stop listening; running streams get the grace time."""
        if self._server is not None:
            self._server.should_exit = True
            self._thread.join()
            self._server = None
            self.close_clients()
            if "admin" in vars(self):
                self.admin.close()
                del self.admin

    def close(self) -> None:
        """As `stop`."""
        self.stop()

    def _token_of(self, name: str) -> str:
        return mint(name, None, key_for(self.settings))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        from anyio.to_thread import run_sync

        return await run_sync(self.start)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from anyio.to_thread import run_sync

        await run_sync(self.stop)
