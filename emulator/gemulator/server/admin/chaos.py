"""Admin routes for chaos (faults, pacing, quota) and the verdict."""

from msgspec import Struct
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gemulator.core.settings import Strictness
from gemulator.engine.engine import Engine
from gemulator.server.admin.bodies import DeliveryLines, SessionName, read_json
from gemulator.server.admin.guard import AdminHTTPError
from gemulator.server.admin.refused_at import refused_at
from gemulator.service.rules import STRICTNESS
from gemulator.state.journal.entry import Filter
from gemulator.state.journal.json_views import FindingView
from gemulator.state.store import DEFAULT
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
        page = await self.engine.store.entries(Filter(session=session))
        session_clock = (await self.engine.store.overlay(session or DEFAULT)).settings.clock
        strictness = _strictness(request)
        if strictness is None:
            clock_frozen = self.engine.settings.clock != "real" or session_clock is not None
            found = verdict(page.entries, clock_frozen=clock_frozen)
        else:
            found = await refused_at(strictness, page.entries, self.engine.preparation)
        findings = [
            FindingView(kind=one.kind, requests=list(one.requests), message=one.message, advice=one.advice)
            for one in found
        ]
        return JSONResponse({"entries": len(page.entries), "findings": findings})


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
