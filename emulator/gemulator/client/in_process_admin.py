"""The admin API of a server in this process: what every test asks of it does not go out at the door."""

import os
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import orjson

from gemulator.client.admin import Admin, AdminError
from gemulator.core.clock import Clock
from gemulator.core.settings import Settings
from gemulator.engine.engine import Engine
from gemulator.server.admin.guard import AdminHTTPError
from gemulator.server.admin.journal import JournalRoutes
from gemulator.server.admin.sessions import SessionRoutes
from gemulator.state.store import run_immediate

# How an answer ended is noted once it has left: whoever asks for that stands in line, over HTTP.
_NOTED_BEFORE = {"session", "none_unmatched", "none_late", "times_used"}

_T = TypeVar("_T")


class InProcessAdmin(Admin):
    """Does what the routes do, in the thread that asks; over HTTP what is asked seldom, or by a forked process.

    For an engine whose store is in memory.
    """

    in_process = True

    def __init__(self, url: str, key: str | None, engine: Engine, settings: Settings, utc: Clock) -> None:
        super().__init__(url, key)
        self._process: int | None = os.getpid()
        self._store = engine.store
        self._sessions = SessionRoutes(engine, settings, utc)
        self._journal = JournalRoutes(engine)

    def close(self) -> None:
        """Close the connections: the server is about to go, or has gone."""
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
        if not self._here:
            return super().create(session, scenarios=scenarios, drop=drop, over=over, **choices)
        wanted = {"session": session, "scenarios": scenarios or {}, "drop": drop, "over": over, **choices}
        return _run(self._sessions.create_session(orjson.dumps(wanted)))

    def drop(self, session: str) -> bool:
        return _run(self._store.drop(session)) if self._here else super().drop(session)

    def push(self, scenario: str, session: str = "default", name: str | None = None) -> str:
        if not self._here:
            return super().push(scenario, session, name)
        return _run(self._sessions.push_scenario(session, scenario.encode(), name)).name

    def verify(self, **expectations: Any) -> None:
        if self._here and expectations.keys() <= _NOTED_BEFORE:
            _run(self._journal.verify_session(orjson.dumps(expectations)))
        else:
            super().verify(**expectations)

    @property
    def _here(self) -> bool:
        return os.getpid() == self._process


def _run(answer: Coroutine[Any, Any, _T]) -> _T:
    """What an answer comes to. AdminError."""
    try:
        return run_immediate(answer)
    except AdminHTTPError as refusal:
        said = refusal.error
        raise AdminError(said["message"], said["remedy"], said["code"], refusal.details.get("failures")) from None
