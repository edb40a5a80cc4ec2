"""Admin routes for chaos (faults, pacing, quota, error) and the verdict."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Self

import orjson
from msgspec import Struct
from msgspec.structs import replace
from pydantic import Field, model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gemulator.core.count import MAX_COUNT
from gemulator.core.duration import Duration
from gemulator.core.json_types import JSON
from gemulator.core.settings import Strictness
from gemulator.engine.chaos import COUNTER, LINES
from gemulator.engine.engine import Engine
from gemulator.server.admin.bodies import DeliveryLines, SessionName, read_json
from gemulator.server.admin.evidence import Knobs, gaps
from gemulator.server.admin.guard import AdminHTTPError
from gemulator.server.admin.known_session import require_session
from gemulator.server.admin.refused_at import refused_at
from gemulator.server.admin.unjudged import missing_entries, unjudged
from gemulator.service.rules import STRICTNESS
from gemulator.state.journal.entry import Filter
from gemulator.state.journal.json_views import FindingView
from gemulator.state.store import DEFAULT, EVERYONE, Tally
from gemulator.state.verdict import verdict

_MAX_AT_ONCE = 100  # entries that are judged in the event loop


class Chaos(DeliveryLines):
    """Faults, pacing, quota and error of a session or of all. Omitted or null turns them off."""

    session: Annotated[SessionName, Field(description="Name of a session, or `*` for all.")] = DEFAULT
    requests: Annotated[
        int | None, Field(ge=1, le=MAX_COUNT, description="Number of requests for which it holds. Default: all.")
    ] = None
    lasts: Annotated[
        Duration | None,
        Field(gt=0, description="Real time for which it holds, like `30s`. Default: until it is changed."),
    ] = None

    @model_validator(mode="after")
    def _validate_meaning(self) -> Self:
        if self.session != EVERYONE and set("*?") & set(self.session):
            raise ValueError(f"`{self.session}` is a pattern: name one session, or use `*` for all")
        limited = self.requests is not None or self.lasts is not None
        if limited and all(getattr(self, name) is None for name in LINES):
            raise ValueError(f"`requests` and `lasts` limit nothing: set {', '.join(f'`{name}`' for name in LINES)}")
        return self


class DeliveryRoutes(Struct, frozen=True):
    """Routes that read and set chaos, and judge the journal."""

    engine: Engine

    def routes(self) -> list[Route]:
        return [
            Route("/chaos", self.chaos, methods=["GET", "POST"]),
            Route("/verdict", self.verdict),
        ]

    async def chaos(self, request: Request) -> Response:
        session = request.query_params.get("session") or DEFAULT
        if request.method == "POST":
            chaos = await read_json(request, Chaos)
            await self._order(chaos)
            session = chaos.session
        return JSONResponse(await self._chaos_of(session))

    async def _order(self, chaos: Chaos) -> None:
        """Replace the chaos of a session."""
        store = self.engine.store
        until = None if chaos.lasts is None else self.engine.utc() + chaos.lasts
        before = (await store.overlay(chaos.session)).settings
        lines = {name: getattr(chaos, name) for name in LINES}
        await store.set_counter(chaos.session, COUNTER, 0)
        await store.configure(chaos.session, replace(before, **lines, requests=chaos.requests, until=until))

    async def _chaos_of(self, session: str) -> Mapping[str, JSON]:
        """Return the lines of a session's chaos, and what is left of its limits."""
        store = self.engine.store
        settings = (await store.overlay(session)).settings
        requests, seconds = settings.requests, None
        if requests is not None:
            requests = max(0, requests - (await store.counters(session)).get(COUNTER, 0))
        if settings.until is not None:
            seconds = f"{max(0.0, settings.until - self.engine.utc()):.3f}s"
        lines = {name: getattr(settings, name) for name in LINES}
        return {"session": session, **lines, "requests": requests, "lasts": seconds}

    async def verdict(self, request: Request) -> Response:
        session = request.query_params.get("session")  # omitted: all sessions
        engine, strictness = self.engine, _strictness(request)
        page = await engine.store.entries(Filter(session=session))
        if session is not None and not page.entries:
            await require_session(engine.store, session)
        session_clock = (await engine.store.overlay(session or DEFAULT)).settings.clock
        known = Knobs(engine.settings, engine.entrance)
        if strictness is None:
            clock_frozen = engine.settings.clock != "real" or session_clock is not None
            judge = partial(verdict, page.entries, clock_frozen=clock_frozen)
            judged = await asyncio.to_thread(judge) if len(page.entries) > _MAX_AT_ONCE else judge()
            found = [*judged, *unjudged(page.entries, known)]
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
