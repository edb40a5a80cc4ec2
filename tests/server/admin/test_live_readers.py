"""Live readers of the journal that are slow or leave."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace
from starlette.applications import Starlette

from gemulator.core.settings import Settings
from gemulator.engine.engine import Engine
from gemulator.server.admin.journal import JournalRoutes
from gemulator.server.app import create_app
from gemulator.state.journal import json_views
from gemulator.state.journal.entry import ANY, Event
from gemulator.state.journal.json_views import EventView
from tests.stores import received
from tests.waiting import PATIENCE


def routes() -> tuple[JournalRoutes, Engine]:
    app: Starlette = create_app(Settings(scenarios=()))
    return JournalRoutes(app.state.engine), app.state.engine


async def test_slow_reader_gets_a_last_event_that_says_so() -> None:
    journal, engine = routes()
    events = journal._events(ANY, None)
    waiting = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    for _ in range(20):
        await engine.store.append(replace(received("s"), size=1_000_000))
    event = await asyncio.wait_for(waiting, PATIENCE)
    assert event["event"] == "error"
    assert json.loads(event["data"])["code"] == "events_lost"


async def test_leaving_reader_renders_no_backlog(monkeypatch: Any) -> None:
    """A task that renders without a pause is cancelled only when its whole backlog is rendered."""
    journal, engine = routes()
    for _ in range(500):
        await engine.store.append(received("s"))
    rendered: list[Event] = []

    def render(seen: Event) -> EventView:
        rendered.append(seen)
        return json_views.event_view(seen)

    monkeypatch.setattr("gemulator.server.admin.journal.event_view", render)

    async def read() -> Sequence[object]:
        return [event async for event in journal._events(ANY, 0)]

    readers = [asyncio.ensure_future(read()) for _ in range(50)]
    await asyncio.sleep(0)
    for reader in readers:
        reader.cancel()
    await asyncio.wait(readers)
    assert len(rendered) <= 2 * len(readers)
