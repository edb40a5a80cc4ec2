"""Answers of a scenario to recorded requests, for comparison with their recording."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from gemulator.core.clock import Clock
from gemulator.core.errors import RequestError
from gemulator.core.headers import Headers
from gemulator.core.settings import Settings
from gemulator.delivery.steps import Chunk, CloseConnection, Head
from gemulator.engine.engine import Engine
from gemulator.engine.incoming import IncomingRequest
from gemulator.record.exchange import Exchange
from gemulator.request.conversation import Conversation
from gemulator.request.parser import parse
from gemulator.request.target import Caller, target_of
from gemulator.scenario.library import Library
from gemulator.scenario.loading.reader import read_scenario
from gemulator.scenario.model import Scenario
from gemulator.service.catalog import Catalog
from gemulator.state.memory import MemoryStore

_COMPARED = (b"content-type", b"retry-after", b"retry-after-ms", b"www-authenticate")
_NAME = "recorded"


class MemoryFiles:
    """The files of a scenario that is not on disk yet."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def content(self, name: str, beside: Path) -> bytes:
        """Return the bytes of a file. Raise ValueError if there is none of this name."""
        if name not in self._files:
            raise ValueError(f"`{name}` cannot be read: no such file")
        return self._files[name]

    def text(self, name: str, beside: Path) -> tuple[Path, str]:
        """Return path and text of a file. Raise ValueError if there is none of this name."""
        return beside.parent / name, self.content(name, beside).decode()


class Replayer:
    """Answers requests from scenarios as a server with these settings does."""

    def __init__(self, settings: Settings, catalog: Catalog, clock: Clock) -> None:
        changes: dict[str, Any] = {"unmatched": "error", "emulator_headers": False, "speed": "0", "scenarios": ()}
        self._settings = settings.model_copy(update=changes)
        self._catalog = catalog
        self._clock = clock

    def read(self, text: str, files: Mapping[str, bytes]) -> Scenario:
        """Return a scenario that is not on disk yet. Raise ScenarioError for mistakes."""
        return read_scenario(text, Path(f"{_NAME}.yaml"), _NAME, MemoryFiles(files))

    def turn(self, fields: Mapping[str, Any], files: Mapping[str, bytes]) -> Scenario | None:
        """Return a scenario of one turn without conditions, None if the turn is not valid."""
        try:
            context = {"file": lambda name: MemoryFiles(files).content(name, Path())}
            return Scenario.model_validate({"name": _NAME, "turns": [dict(fields)]}, context=context)
        except ValueError:
            return None

    def differences(self, scenario: Scenario, exchanges: Sequence[Exchange]) -> list[str]:
        """Return for each exchange how its answer differs from the recorded one; empty if it does not.

        The requests are answered in order, in one session. Must not be called in an event loop.
        """
        engine = Engine(self._settings, Library([scenario]), MemoryStore(), self._catalog, self._clock)
        return asyncio.run(_differences(engine, exchanges))


async def _differences(engine: Engine, exchanges: Sequence[Exchange]) -> list[str]:
    return [await _difference(engine, exchange) for exchange in exchanges]


async def _difference(engine: Engine, exchange: Exchange) -> str:
    if exchange.foreign:  # told in the service's own form, which is another
        return ""
    target = target_of(exchange.path)
    if target is None:
        return f"the path {exchange.path} is not one of chat completions"
    headers = {name: value for name, value in exchange.request_headers if not name.startswith(b"x-emulator")}
    incoming = IncomingRequest(exchange.body, exchange.path, target, headers, Caller("replay"))
    steps = (await engine.answer(incoming)).delivery.steps
    head = next((step for step in steps if isinstance(step, Head)), Head(0, ()))
    if head.status != exchange.status:
        return f"status {head.status} instead of {exchange.status}"
    found, expected = dict(head.headers), dict(exchange.headers)
    if name := next((name for name in _COMPARED if found.get(name) != expected.get(name)), None):
        return f"header {name.decode()}"
    if exchange.cut != any(isinstance(step, CloseConnection) for step in steps):
        return "the end of the connection"
    body = b"".join([step.data for step in steps if isinstance(step, Chunk)])
    return "" if body == exchange.answer else first_difference(exchange.answer, body)


def first_difference(recorded: bytes, rendered: bytes) -> str:
    """Return the path of the first value that differs between two bodies or streams."""
    one, other = _events(recorded), _events(rendered)
    for number, (mine, theirs) in enumerate(zip(one, other, strict=False), start=1):
        if mine != theirs:
            where = f"event {number}, " if len(one) > 1 else ""
            return where + _differing_path(mine, theirs)
    return f"{len(one)} events instead of {len(other)}" if len(one) != len(other) else "white space"


def _events(data: bytes) -> list[bytes]:
    lines = [line[5:].strip() for line in data.splitlines() if line.startswith(b"data:")]
    return lines or [data]


def _differing_path(recorded: bytes, rendered: bytes) -> str:
    try:
        mine, theirs = orjson.loads(recorded), orjson.loads(rendered)
    except orjson.JSONDecodeError:
        return "data that are no JSON"
    return _path(mine, theirs, "") or "order or format of the JSON"


def _path(mine: Any, theirs: Any, path: str) -> str:
    if isinstance(mine, dict) and isinstance(theirs, dict):
        for key in [*mine, *theirs]:
            inner = f"{path}.{key}" if path else str(key)
            if key not in mine or key not in theirs:
                return inner
            if found := _path(mine[key], theirs[key], inner):
                return found
        return ""
    if isinstance(mine, list) and isinstance(theirs, list):
        if len(mine) != len(theirs):
            return path or "the list"
        pairs = enumerate(zip(mine, theirs, strict=True))
        return next((found for at, (one, other) in pairs if (found := _path(one, other, f"{path}[{at}]"))), "")
    return "" if mine == theirs and type(mine) is type(theirs) else path or "the value"


def conversation_of(exchange: Exchange) -> Conversation:
    """Return the parsed request of an exchange. Raise ValueError if it cannot be read."""
    target = target_of(exchange.path)
    if target is None:
        raise ValueError(f"the path {exchange.path} is not one of chat completions")
    try:
        parsed = parse(exchange.body)
    except RequestError as error:
        raise ValueError(f"the request cannot be read: {error.failure.message}") from None
    return Conversation(parsed, target, Headers(dict(exchange.request_headers)))
