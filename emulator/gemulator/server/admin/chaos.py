"""Admin routes for chaos (faults, pacing, quota) and the verdict."""

from collections.abc import Sequence

import orjson
from msgspec import Struct
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gemulator.core.settings import Strictness
from gemulator.engine.engine import Engine
from gemulator.server.admin.bodies import DeliveryLines, SessionName, read_json
from gemulator.server.admin.evidence import Knobs, gaps
from gemulator.server.admin.guard import AdminHTTPError
from gemulator.server.admin.refused_at import refused_at
from gemulator.server.admin.unjudged import missing_entries, unjudged
from gemulator.service.rules import STRICTNESS
from gemulator.state.journal.entry import Filter
from gemulator.state.journal.json_views import FindingView
from gemulator.state.store import DEFAULT, Tally
from gemulator.state.verdict import verdict


class Chaos(DeliveryLines):
    """Faults, pacing and quota of a session. Omitted or null turns them off."""

    session: SessionName = DEFAULT


class DeliveryRoutes(Struct, frozen=True):
    """Routes that read and set chaos, and judge the journal."""

    engine: Engine

    def routes(self) -> list[Route]:
        return [
            Route("/chaos", self.chaos, methods=["GET", "POST"]),
            Route("/verdict", self.verdict),
        ]

    async def chaos(self, request: Request) -> Response:
        store = self.engine.store
        if request.method == "POST":
            chaos = await read_json(request, Chaos)
            before = (await store.overlay(chaos.session)).settings
            after = replace(before, fault=chaos.fault, pacing=chaos.pacing, quota=chaos.quota)
            await store.configure(chaos.session, after)
            return JSONResponse(chaos.model_dump())
        session = request.query_params.get("session") or DEFAULT
        settings = (await store.overlay(session)).settings
        chaos_now = {"fault": settings.fault, "pacing": settings.pacing, "quota": settings.quota}
        return JSONResponse({"session": session, **chaos_now})

    async def verdict(self, request: Request) -> Response:
        session = request.query_params.get("session")  # omitted: all sessions
        engine, strictness = self.engine, _strictness(request)
        page = await engine.store.entries(Filter(session=session))
        session_clock = (await engine.store.overlay(session or DEFAULT)).settings.clock
        known = Knobs(engine.settings, engine.entrance)
        if strictness is None:
            clock_frozen = engine.settings.clock != "real" or session_clock is not None
            found = [*verdict(page.entries, clock_frozen=clock_frozen), *unjudged(page.entries, known)]
        else:
            found = [*await refused_at(strictness, page.entries, engine.preparation, known)]
        found += missing_entries(await self._gaps(session, len(page.entries), known))
        findings = [
            FindingView(kind=one.kind, requests=list(one.requests), message=one.message, advice=one.advice)
            for one in found
        ]
        view = {"entries": len(page.entries), "findings": findings}
        return Response(engine.redactor.json(orjson.dumps(view)), media_type="application/json")

    async def _gaps(self, session: str | None, stored: int, known: Knobs) -> Sequence[str]:
        """Return the reasons why not every request of a session, or of all, has an entry."""
        store = self.engine.store
        if session is not None:
            return gaps(await store.tally(session), stored, known)
        losses = await store.losses()
        return gaps(Tally(losses.evicted, missed=losses.unjournaled), stored, known)


def _strictness(request: Request) -> Strictness | None:
    """Return the strictness of the query, None if it is not given. Raises AdminHTTPError."""
    given = request.query_params.get("strictness")
    for word in STRICTNESS:
        if word == given:
            return word
    if given is None:
        return None
    remedy = f"Use one of {', '.join(STRICTNESS)}."
    raise AdminHTTPError(422, "invalid_query", f"query parameter strictness: {given!r} is unknown", remedy)
