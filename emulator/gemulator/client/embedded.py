"""The emulator on a free port in a thread of this process."""

import os
import socket
import threading
import time
from os import PathLike
from types import TracebackType
from typing import Any, Never, Self, Unpack

from gemulator.client.admin import Admin
from gemulator.client.default_session import DefaultSessionMixin
from gemulator.client.lazy_session import LazySession
from gemulator.client.options import Options
from gemulator.client.server_handle import ServerHandle
from gemulator.client.session import Session
from gemulator.client.urls import EmulatorUrls
from gemulator.client.wrong_calls import positional_error
from gemulator.core.clock import UTC
from gemulator.core.entrance import Entrance
from gemulator.core.folders import folder_names, own_scenarios
from gemulator.core.settings import Settings
from gemulator.engine.engine import Engine
from gemulator.server.app import create_app
from gemulator.server.auth.tokens import create_token, signing_key
from gemulator.server.listeners import bind, extra_listeners, origin_of, uvicorn_config
from gemulator.server.tls.server import Server
from gemulator.state.store import DEFAULT

_START_TIMEOUT = 30.0  # seconds; a start takes a few milliseconds


class Emulator(DefaultSessionMixin):
    """`with Emulator(scenarios="…") as e: OpenAI(base_url=e.base_url, api_key=e.token)`.

    Takes every field of Settings. By default the port is free, nothing is logged, and running streams are cut when it
    stops; `grace=5` gives them five seconds. `scenarios` are those of `./scenarios` if it exists; `"none"`
    loads none.
    """

    def __init__(
        self, *wrong: Never, project: str = "demo", location: str = "global", **settings: Unpack[Options]
    ) -> None:
        if wrong:
            raise positional_error("Emulator", "settings", [_as_text(wrong[0])], "scenarios")
        given: dict[str, Any] = {**settings}
        if isinstance(given.get("scenarios", ()), str | PathLike):
            given["scenarios"] = (given["scenarios"],)
        self.settings = Settings.of(
            **{
                "port": 0,
                "tls_port": 0,
                "log_format": "off",
                "scenarios": own_scenarios(),
                "grace": 0.0,
                "project": project,
                **given,
            }
        )
        self.project = project
        self.location = location
        self.tls_url = ""
        self.proxy_url = ""
        self._entrance: Entrance = "Emulator"
        self._server: Server | None = None
        self._handle: ServerHandle | None = None
        self._default_session: Session | None = None

    def __repr__(self) -> str:
        state = f"at {self.url}" if self._server is not None else "not running"
        scenarios = self.settings.scenarios
        return f"<Emulator {state}{f', scenarios from {folder_names(scenarios)}' if scenarios else ''}>"

    @property
    def default_session(self) -> Session:
        """The session of clients that select no other. Raise RuntimeError if the emulator was never started."""
        if self._default_session is None:
            raise RuntimeError("the emulator is not started: use `with Emulator() as emulator:` or `emulator.start()`")
        return self._default_session

    @classmethod
    def of_pytest(cls, **settings: Any) -> Self:
        """Return the emulator of the fixture, whose settings are those of `gemulator_settings`."""
        emulator = cls(**settings)
        emulator._entrance = "pytest"
        return emulator

    def start(self) -> Self:
        """Start the server and return when it answers requests; do nothing if it is running.

        After `stop`, the default session is a new one: stubs, loaded files and settings are gone.
        """
        if self._server is not None:
            return self
        app = create_app(self.settings, entrance=self._entrance)
        extra = extra_listeners(self.settings)
        try:
            listener = bind(self.settings.host, self.settings.port)
        except OSError:
            if extra is not None:
                extra.close()
            raise
        self._server = self._run(Server(uvicorn_config(app, self.settings), extra), listener)
        self._handle = self._open_handle(origin_of(listener), self._server, app.state.engine)
        self._default_session = Session.of(LazySession(self._handle, DEFAULT))
        self.tls_url = origin_of(extra.tls, "https") if extra else ""
        self.proxy_url = origin_of(extra.proxy) if extra and extra.proxy else ""
        return self

    def _run(self, server: Server, listener: socket.socket) -> Server:
        """Run the server in a thread and wait until it has started."""
        self._thread = threading.Thread(target=server.run, args=([listener],), daemon=True, name="gemulator")
        self._thread.start()
        deadline = time.monotonic() + _START_TIMEOUT
        while not server.started and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.001)
        if not server.started:
            raise RuntimeError("gemulator did not start: see the error of its thread on standard error")
        return server

    def _open_handle(self, url: str, server: Server, engine: Engine) -> ServerHandle:
        settings = self.settings
        key = settings.admin_key.get_secret_value() if settings.admin_key else None
        loop = server.servers[0].get_loop()

        def open_admin() -> Admin:
            if settings.store != "memory" or settings.admin == "off":
                return Admin(url, key)
            from gemulator.client.in_process_admin import InProcessAdmin

            return InProcessAdmin(url, key, loop, engine, settings, UTC)

        urls = EmulatorUrls(url, self.project, self.location)
        return ServerHandle(urls, open_admin, lambda session: create_token(session, None, signing_key(settings)))

    def stop(self) -> None:
        """Stop the server. Running answers get the grace time, then they are cut."""
        if self._server is not None:
            self._server.should_exit = True
            self._thread.join()
            self._server = None
            self.default_session.clients.close()
        if self._handle is not None:
            self._handle.close()

    def close(self) -> None:
        """Like `stop`."""
        self.stop()

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


def _as_text(value: object) -> object:
    return os.fspath(value) if isinstance(value, PathLike) else value
