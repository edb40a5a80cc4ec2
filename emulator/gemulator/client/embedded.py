"""The emulator on a free port in a thread of this process."""

import threading
import time
from functools import cached_property
from os import PathLike
from types import TracebackType
from typing import Any, Self, Unpack

from gemulator.client.admin import Admin
from gemulator.client.options import Options
from gemulator.client.session import Session
from gemulator.core.clock import UTC
from gemulator.core.settings import Settings
from gemulator.server.app import create_app
from gemulator.server.auth.tokens import create_token, signing_key
from gemulator.server.listeners import bind, extra_listeners, origin_of, uvicorn_config
from gemulator.server.tls.server import Server

_STARTING = 30.0  # seconds; a start takes a few milliseconds


class Emulator(Session):
    """`with Emulator(scenarios="…") as e: OpenAI(base_url=e.base_url, api_key=e.token)`.

    Takes every field of Settings. The port is free, the log silent, no scenario is loaded, and streams that still run
    are cut when it stops, unless told otherwise: `grace=5` gives them five seconds.
    """

    def __init__(self, *, project: str = "demo", location: str = "global", **settings: Unpack[Options]) -> None:
        given: dict[str, Any] = {**settings}
        if isinstance(given.get("scenarios", ()), str | PathLike):
            given["scenarios"] = (given["scenarios"],)
        self.settings = Settings.of(
            **{
                "port": 0,
                "tls_port": 0,
                "log_format": "off",
                "scenarios": (),
                "grace": 0.0,
                "project": project,
                **given,
            }
        )
        key = self.settings.admin_key
        super().__init__("", key=key.get_secret_value() if key else None, project=project, location=location)
        self._server: Server | None = None

    @property
    def url(self) -> str:
        """Where it listens. RuntimeError where it has not yet been started."""
        if not self._url:
            raise RuntimeError("gemulator does not listen yet: `with Emulator() as emulator:` or `emulator.start()`")
        return self._url

    @url.setter
    def url(self, url: str) -> None:
        self._url = url

    def start(self) -> Self:
        """Listen. Returns when requests are answered; at once where it listens already.

        After a stop all begins anew: stubs, loaded files and choices are gone with the server that knew them.
        """
        if self._server is not None:
            return self
        app = self._app = create_app(self.settings)
        doors = extra_listeners(self.settings)
        try:
            listener = bind(self.settings.host, self.settings.port)
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
        self._reset()
        self._hang_up()
        self.url = origin_of(listener)
        self.tls_url = origin_of(doors.tls, "https") if doors else ""
        self.proxy_url = origin_of(doors.proxy) if doors and doors.proxy else ""
        return self

    def stop(self) -> None:
        """Stop listening. What is still answered gets the grace time, then it is cut."""
        if self._server is not None:
            self._server.should_exit = True
            self._thread.join()
            self._server = None
            self.close_clients()
            self._hang_up()

    def _hang_up(self) -> None:
        """Close the connections to a server that has gone."""
        admin = vars(self).pop("admin", None)  # made when it is first asked
        if admin is not None:
            admin.close()

    def close(self) -> None:
        """As `stop`."""
        self.stop()

    @cached_property
    def admin(self) -> Admin:
        """The admin API."""
        if self._server is None or self.settings.store != "memory" or self.settings.admin == "off":
            return super().admin
        from gemulator.client.in_process_admin import InProcessAdmin

        return InProcessAdmin(self.url, self._key, self._app.state.engine, self.settings, UTC)

    def _token_of(self, name: str) -> str:
        return create_token(name, None, signing_key(self.settings))

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
