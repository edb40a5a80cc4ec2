"""Admin routes about what was asked: the journal in four forms, verify and explain."""

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

import orjson
from msgspec import Struct
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from gemulator.core.version import __version__
from gemulator.engine.engine import Engine
from gemulator.engine.explain import Explanation
from gemulator.request.target import target_of
from gemulator.scenario.turns import LocatedTurn
from gemulator.server.admin.bodies import Question, filter_of, number_in, read, read_body, read_json
from gemulator.server.admin.ended_sessions import ENDED_SCENARIO
from gemulator.server.admin.guard import AdminHTTPError
from gemulator.server.auth.identity import header_error, rebuild_request
from gemulator.state.journal.entry import Entry, Filter
from gemulator.state.journal.har import archive
from gemulator.state.journal.json_views import (
    PageView,
    entry_view,
    event_view,
    mismatch_views,
    near_views,
    step_views,
    usage_view,
)
from gemulator.state.store import StoreDown

_PAGE = 100
_LONGEST_PAGE = 1_000


if TYPE_CHECKING:
    from gemulator.server.admin.verification import Broken


class JournalRoutes(Struct, frozen=True):
    """Reads the journal of the engine's store."""

    engine: Engine

    def routes(self) -> list[Route]:
        return [
            Route("/journal", self.journal),
            Route("/journal.har", self.har),
            Route("/journal/{number:int}", self.entry),
            Route("/verify", self.verify, methods=["POST"]),
            Route("/explain", self.explain, methods=["POST"]),
        ]

    async def journal(self, request: Request) -> Response:
        wanted, accept = filter_of(request), request.headers.get("accept", "")
        if "text/event-stream" in accept:
            return self._live(request, wanted)
        if "application/x-ndjson" in accept:
            return StreamingResponse(self._lines(wanted), media_type="application/x-ndjson")
        most = min(number_in(request, "limit") or _PAGE, _LONGEST_PAGE)
        page = await self.engine.store.entries(wanted, number_in(request, "after") or 0, most)
        full = request.query_params.get("full") in {"1", "true"}
        entries = [entry_view(await self._with_near_misses(entry), full=full) for entry in page.entries]
        return _json(PageView(entries=entries, next=page.next))

    async def _lines(self, wanted: Filter) -> AsyncIterator[bytes]:
        after: int | None = 0
        while after is not None:
            page = await self.engine.store.entries(wanted, after, _PAGE)
            entries = [await self._with_near_misses(entry) for entry in page.entries]
            yield b"".join(orjson.dumps(entry_view(entry, full=True)) + b"\n" for entry in entries)
            after = page.next

    def _live(self, request: Request, wanted: Filter) -> Response:
        from sse_starlette import EventSourceResponse

        last = request.headers.get("last-event-id", "")
        after = int(last) if last.isascii() and last.isdigit() else number_in(request, "after")
        return EventSourceResponse(self._events(wanted, after), ping=0, sep="\n")

    async def _events(self, wanted: Filter, after: int | None) -> AsyncIterator[dict[str, str]]:
        try:
            async for event in self.engine.store.events(wanted.session, after):
                if wanted.fits(event.entry):
                    seen = replace(event, entry=await self._with_near_misses(event.entry))
                    data = orjson.dumps(event_view(seen)).decode()
                    yield {"id": str(event.number), "event": event.kind, "data": data}
        except StoreDown as error:
            yield {"event": "error", "data": orjson.dumps({"code": "store_down", "message": str(error)}).decode()}

    async def har(self, request: Request) -> Response:
        page = await self.engine.store.entries(filter_of(request))
        origin = str(request.base_url).removesuffix("/").removesuffix("/__emulator")
        return _json(archive(page.entries, origin, __version__))

    async def entry(self, request: Request) -> Response:
        number = int(request.path_params["number"])
        entry = await self.engine.store.entry(number)
        if entry is None:
            remedy = "It was never made, or had to go: see journal_entries and journal_bytes in /__emulator/settings."
            raise AdminHTTPError(404, "no_such_entry", f"there is no entry {number}", remedy)
        return _json(entry_view(await self._with_near_misses(entry, turns=True), full=True))

    async def _with_near_misses(self, entry: Entry, *, turns: bool = False) -> Entry:
        """Return the entry with near misses if its answer was generated; `turns`: also if a turn answered."""
        received = entry.received
        exchange = received.exchange
        target = target_of(exchange.path)
        if target is None or exchange.source in {"refused", "unmatched"} or (exchange.turn and not turns):
            return entry
        if exchange.nearest or not exchange.body.whole:
            return entry
        asked = rebuild_request(exchange.body.data, exchange.path, target, received.headers, received.session)
        nearest = await self.engine.near_misses(asked, answered=bool(exchange.turn))
        return replace(entry, received=replace(received, exchange=replace(exchange, nearest=nearest)))

    async def verify(self, request: Request) -> Response:
        return _json({"verified": True, "entries": await self.verify_session(await read_body(request))})

    async def verify_session(self, body: bytes) -> int:
        """How many entries were checked against what a body expects. Refusal says what does not hold."""
        from gemulator.server.admin.verification import Expectations, verify

        expected = read(body, Expectations)
        store, session = self.engine.store, expected.session
        entries: Sequence[Entry] = (await store.entries(Filter(session=session))).entries
        if expected.none_unmatched is True:
            entries = [await self._with_near_misses(entry) for entry in entries]
        places, late = await self._places(session, entries), await self._late(expected.none_late)
        broken = verify(expected, entries, await store.counters(session), places, late)
        if not broken:
            return len(entries)
        message = "; ".join(f"{one.check}: {one.message}" for one in broken)
        remedy = f"`failures` says how the nearest entries differ; GET /__emulator/journal?session={session} has all."
        raise AdminHTTPError(409, "not_verified", message, remedy, failures=[_failure(one) for one in broken])

    async def _late(self, after: int | None) -> Sequence[Entry]:
        """What came in sessions that are over, after an entry."""
        return (
            () if after is None else (await self.engine.store.entries(Filter(scenario=ENDED_SCENARIO), after)).entries
        )

    async def _places(self, session: str, entries: Sequence[Entry]) -> Sequence[LocatedTurn]:
        """The turns of the scenarios that this session has to do with."""
        overlay = await self.engine.store.overlay(session)
        names = {entry.received.exchange.scenario for entry in entries}
        names |= {published.name for published in overlay.published} | {overlay.settings.scenario or ""}
        return [
            place
            for place in self.engine.preparation.library_for(overlay).located_turns
            if place.scenario.name in names
        ]

    async def explain(self, request: Request) -> Response:
        question = await read_json(request, Question)
        target = target_of(question.path)
        if target is None:
            remedy = "Write /v1/projects/PROJECT/locations/LOCATION/endpoints/openapi/chat/completions."
            raise AdminHTTPError(422, "no_chat_path", f"{question.path} is no path of a chat request", remedy)
        headers = {
            name.lower().encode("latin-1", "replace"): value.encode("latin-1", "replace")
            for name, value in question.headers.items()
        }
        asked = rebuild_request(orjson.dumps(question.body), question.path, target, headers, question.session)
        wrong = header_error(asked.caller)
        if wrong is not None:
            raise AdminHTTPError(422, "unusable_header", wrong, "A chat request with it is answered 400.")
        return _json(_explanation(question.session, await self.engine.explain(asked)))


def _explanation(session: str, explained: Explanation) -> dict[str, object]:
    exchange = explained.exchange
    return {
        "session": session,
        "source": exchange.source,
        "scenario": exchange.scenario or None,
        "turn": exchange.turn or None,
        "status": exchange.status,
        "attempt": explained.attempt,
        "usage": usage_view(exchange.usage),
        "nearest": near_views((*explained.exhausted, *explained.nearest)),
        "steps": step_views(explained.delivery),
        "text": str(explained),
    }


def _failure(broken: "Broken") -> dict[str, object]:
    nearest = [{"id": number, "mismatches": mismatch_views(found)} for number, found in broken.nearest]
    return {"check": broken.check, "message": broken.message, "nearest": nearest}


def _json(view: object) -> Response:
    return Response(orjson.dumps(view), media_type="application/json")
