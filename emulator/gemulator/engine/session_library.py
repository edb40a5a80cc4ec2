"""Library and validated settings of a session.

Pushed scenarios come first (newest first), then files.
"""

import asyncio
from collections import OrderedDict
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TypeAlias

from gemulator.core.clock import CLOCK_END
from gemulator.core.errors import RequestError, ScenarioError
from gemulator.core.gc_pause import gc_paused
from gemulator.core.plan import own_failure
from gemulator.scenario.library import Library
from gemulator.scenario.loading.reader import read_json, read_scenario
from gemulator.scenario.model import Scenario
from gemulator.scenario.override_values import check_override
from gemulator.scenario.turns import TurnTable
from gemulator.state.store import PushedScenario, SessionSettings, StoreDataError

LARGE = 20_000
"""Characters of pushed scenarios above which they are read in a thread: more take several milliseconds."""

_MAX_TABLES = 256
_MAX_TEXT = 8_000_000  # characters of the scenarios of all tables; their turns take up to a hundred times as many bytes
_MAX_SCENARIOS = 64
_MAX_LARGE_SCENARIOS = 4

Published: TypeAlias = tuple[PushedScenario, ...]


def read_pushed(published: PushedScenario) -> Scenario:
    """Return the scenario of a pushed text. Raise ScenarioError if it is not valid."""
    return _read_small(published) if len(published.text) <= LARGE else _read_large(published)


def _read(published: PushedScenario) -> Scenario:
    text, name = published.text, published.name
    with gc_paused(freeze=len(text) > LARGE):
        scenario = read_json(text, Path(name), name) if text.startswith("{") else None
        return scenario or read_scenario(text, Path(name), name)


# Parsed by the stub builder, the push route and the first request.
_read_small = lru_cache(maxsize=_MAX_SCENARIOS)(_read)
_read_large = lru_cache(maxsize=_MAX_LARGE_SCENARIOS)(_read)


class PushedTurns:
    """LRU cache of the turns of pushed scenarios, bounded by their number and text."""

    def __init__(self) -> None:
        self._tables: OrderedDict[Published, TurnTable | ScenarioError] = OrderedDict()
        self._text = 0
        self._lock = Lock()  # large requests are prepared in a thread
        self._loading: dict[Published, asyncio.Task[TurnTable | ScenarioError]] = {}

    def get(self, published: Published) -> TurnTable:
        """Return the turns of scenarios. Raise ScenarioError if one is not valid."""
        with self._lock:
            found = self._tables.get(published)
            if found is not None:
                self._tables.move_to_end(published)
        if found is None:
            found = _table(published)
            self._store(published, found)
        if isinstance(found, ScenarioError):
            raise ScenarioError(found.problems)
        return found

    async def load(self, published: Published) -> None:
        """Read large scenarios in a thread, so that `get` does not hold up the event loop.

        Raise NoTaskError if nothing can be awaited here.
        """
        if published in self._tables or _length(published) <= LARGE:
            return
        if asyncio.current_task() is None:
            raise NoTaskError
        loading = self._loading.get(published)
        if loading is None:
            loading = self._loading[published] = asyncio.create_task(asyncio.to_thread(_table, published))
            loading.add_done_callback(lambda _: self._loading.pop(published, None))
        self._store(published, await asyncio.shield(loading))

    def _store(self, published: Published, table: TurnTable | ScenarioError) -> None:
        with self._lock:
            if published not in self._tables:
                self._tables[published] = table
                self._text += _length(published)
            while len(self._tables) > _MAX_TABLES or (self._text > _MAX_TEXT and len(self._tables) > 1):
                self._text -= _length(self._tables.popitem(last=False)[0])


class NoTaskError(Exception):
    """Raised by work that takes long enough to be awaited, but is asked for outside of a task."""


def _length(published: Published) -> int:
    return sum(len(scenario.text) for scenario in published)


def _table(published: Published) -> TurnTable | ScenarioError:
    """Return the turns of scenarios, ready for use if there are many, or the error of one that is not valid."""
    try:
        table = TurnTable([read_pushed(scenario) for scenario in published])
    except ScenarioError as error:
        return ScenarioError(error.problems)  # without a traceback, which would hold the text's tree
    if _length(published) > LARGE:
        with gc_paused(freeze=True):
            table.prepare()
    return table


def validate_settings(session: str, settings: SessionSettings) -> None:
    """Raise StoreDataError for settings that no admin route accepts: another program wrote them."""
    for name, value in settings.given().items():
        try:
            check_override(name, value)
        except ValueError as error:
            raise StoreDataError(session, f"{name}: {error}") from None
    if settings.clock is not None and not 0 <= settings.clock < CLOCK_END:
        raise StoreDataError(session, f"clock: {settings.clock} is out of range")


def require_scenario(name: str, library: Library) -> None:
    """Raise RequestError if the library has no scenario of this name."""
    names = [scenario.name for scenario in library.scenarios]
    if name not in names:
        from difflib import get_close_matches

        close = get_close_matches(name, names, 1)
        advice = f" Did you mean {close[0]!r}?" if close else ""
        remedy = f"use {close[0]!r}" if close else "load the scenario, or leave out the header"
        message = f"x-emulator-scenario: unknown scenario {name!r}."
        raise RequestError(own_failure(message + advice, message.removesuffix("."), remedy))
