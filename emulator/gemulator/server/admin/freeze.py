"""Admin route that makes a scenario of journal entries."""

import asyncio
import base64
from typing import Annotated

from msgspec import Struct
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gemulator.core.strict_model import StrictModel
from gemulator.engine.engine import Engine
from gemulator.record.exchange import Exchange
from gemulator.record.freeze import exchange_of
from gemulator.record.recording import Lost, Recording, RecordingBuilder
from gemulator.record.recording_folder import file_stem
from gemulator.record.replay import Replayer
from gemulator.server.admin.bodies import read_json
from gemulator.server.admin.guard import AdminHTTPError
from gemulator.state.journal.entry import Entry, Filter

_MAX_ENTRIES = 2_000  # each turn is compared with all others


class FreezeOrder(StrictModel):
    """Entries to freeze: those of a session, or those with the given numbers."""

    session: str | None = None
    entries: Annotated[list[int], Field(default_factory=list, max_length=_MAX_ENTRIES)]
    name: str = ""


class FreezeRoutes(Struct, frozen=True):
    """Route that writes answers of the journal as a scenario."""

    engine: Engine

    def routes(self) -> list[Route]:
        return [Route("/freeze", self.freeze, methods=["POST"])]

    async def freeze(self, request: Request) -> Response:
        order = await read_json(request, FreezeOrder)
        entries = await self._entries(order)
        exchanges, lost = list[Exchange](), list[Lost]()
        for entry in entries:
            try:
                exchanges.append(exchange_of(entry))
            except ValueError as error:
                lost.append(Lost(f"entry {entry.number}", str(error)))
        recording = await asyncio.to_thread(self._build, exchanges, file_stem(order.name or "frozen"))
        return JSONResponse(_view(recording, lost))

    def _build(self, exchanges: list[Exchange], stem: str) -> Recording:
        engine = self.engine
        builder = RecordingBuilder(Replayer(engine.settings, engine.catalog, engine.clock), engine.redactor)
        return builder.build(exchanges, stem)

    async def _entries(self, order: FreezeOrder) -> list[Entry]:
        """Return the entries in order. Raise AdminHTTPError if one is not in the journal, or there are too many."""
        found = list((await self.engine.store.entries(Filter(session=order.session))).entries)
        if order.entries:
            known = {entry.number: entry for entry in found}
            if missing := next((number for number in order.entries if number not in known), None):
                where = f" of session {order.session!r}" if order.session is not None else ""
                remedy = "List the entries with `gemulator journal`."
                raise AdminHTTPError(404, "no_such_entry", f"journal entry {missing}{where} not found", remedy)
            found = [known[number] for number in sorted(set(order.entries))]
        if len(found) > _MAX_ENTRIES:
            message = f"{len(found):,} entries are more than the {_MAX_ENTRIES:,} that one scenario is made of"
            raise AdminHTTPError(422, "too_many_entries", message, "Name a session, or the numbers of entries.")
        return found


def _view(recording: Recording, lost: list[Lost]) -> dict[str, object]:
    return {
        "text": recording.text,
        "files": {name: base64.b64encode(data).decode() for name, data in recording.files.items()},
        "turns": recording.turns,
        "literal": [*recording.literal],
        "lost": [{"source": one.source, "reason": one.reason} for one in (*lost, *recording.lost)],
    }
