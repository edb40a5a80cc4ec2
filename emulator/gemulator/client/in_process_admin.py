"""In-process admin client: runs handlers on the server's event loop."""

import asyncio
import os
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import CancelledError
from typing import Any, TypeVar, cast

import orjson

from gemulator.client.admin import Admin, AdminError
from gemulator.client.http_client import TIMEOUT
from gemulator.core.clock import Clock
from gemulator.core.settings import Settings
from gemulator.engine.engine import Engine
from gemulator.server.admin.guard import AdminHTTPError
from gemulator.server.admin.journal import JournalRoutes
from gemulator.server.admin.sessions import SessionRoutes
from gemulator.state.journal.json_views import FailureView

_T = TypeVar("_T")


class InProcessAdmin(Admin):
    """Admin API of a server that runs on `loop` in another thread of this process.

    Calls that every test makes skip HTTP. All others, and all calls of a forked process, use it.
    """

    in_process = True

    def __init__(
        self, url: str, key: str | None, loop: asyncio.AbstractEventLoop, engine: Engine, settings: Settings, utc: Clock
    ) -> None:
        super().__init__(url, key)
        self._process: int | None = os.getpid()
        self._loop = loop
        self._store = engine.store
        self._sessions = SessionRoutes(engine, settings, utc)
        self._journal = JournalRoutes(engine)

    def close(self) -> None:
        """Close the connections; later calls use HTTP, because the server stops."""
        self._process = None
        super().close()

    def create(
        self,
        session: str | None = None,
        *,
        scenarios: Mapping[str, str] | None = None,
        drop: Sequence[str] = (),
        over: Sequence[str] = (),
        **choices: str | int,
    ) -> tuple[str, str]:
        if not self._is_usable:
            return super().create(session, scenarios=scenarios, drop=drop, over=over, **choices)
        body = {"session": session, "scenarios": scenarios or {}, "drop": drop, "over": over, **choices}
        return self._run(self._sessions.create_session(orjson.dumps(body)))

    def end(self, session: str) -> None:
        if self._is_usable:
            self._run(self._sessions.end_session(session))
        else:
            super().end(session)

    def drop(self, session: str) -> bool:
        return self._run(self._store.drop(session)) if self._is_usable else super().drop(session)

    def push(self, scenario: str, session: str = "default", name: str | None = None) -> str:
        if not self._is_usable:
            return super().push(scenario, session, name)
        return self._run(self._sessions.push_scenario(session, scenario.encode(), name)).name

    def verify(self, **expectations: Any) -> None:
        if self._is_usable:
            self._run(self._journal.verify_session(orjson.dumps(expectations)))
        else:
            super().verify(**expectations)

    @property
    def _is_usable(self) -> bool:
        return os.getpid() == self._process  # a forked process has no loop that runs

    def _run(self, handler: Coroutine[Any, Any, _T]) -> _T:
        """Return the handler's result. Raise AdminError if it refuses or the server stops meanwhile."""
        try:
            future = asyncio.run_coroutine_threadsafe(handler, self._loop)
        except RuntimeError as error:  # the loop is closed
            handler.close()
            raise self._unreachable(error) from None
        try:
            return future.result(TIMEOUT)
        except AdminHTTPError as refusal:
            details, failures = refusal.error, cast(list[FailureView] | None, refusal.details.get("failures"))
            raise AdminError(details["message"], details["remedy"], details["code"], failures) from None
        except (CancelledError, TimeoutError) as error:  # the loop has stopped
            future.cancel()
            raise self._unreachable(error) from None
