"""Admin routes about delivery: chaos ordered from outside, and the verdict on the client."""

from collections.abc import Callable
from typing import Annotated

from msgspec import Struct
from msgspec.structs import replace
from pydantic import Field, ValidationInfo, field_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gemulator.core.strict_model import StrictModel
from gemulator.engine.engine import Engine
from gemulator.scenario.delivery_fields import parse_faults, parse_pacing, parse_quota
from gemulator.server.admin.bodies import SessionName, read_json
from gemulator.state.journal.entry import Filter
from gemulator.state.journal.json_views import FindingView
from gemulator.state.store import DEFAULT
from gemulator.state.verdict import verdict

_READERS: dict[str, Callable[[str], object]] = {"fault": parse_faults, "pacing": parse_pacing, "quota": parse_quota}


class Chaos(StrictModel):
    """What goes wrong in a session from now on, each as one line. What is left out or null is off."""

    session: SessionName = DEFAULT
    fault: Annotated[
        str | None, Field(description="Like `disconnect: {after_chunks: 3}`; `none`: no scenario's either.")
    ] = None
    pacing: Annotated[str | None, Field(description="Like `first_token: 3s`; `none`: at once.")] = None
    quota: Annotated[str | None, Field(description="Like `requests_per_minute: 10`; `none`: no limit.")] = None

    @field_validator("fault", "pacing", "quota")
    @classmethod
    def _readable(cls, line: str | None, info: ValidationInfo) -> str | None:
        if line is not None and info.field_name:
            _READERS[info.field_name](line)
        return line


class DeliveryRoutes(Struct, frozen=True):
    """Speaks to the engine's store."""

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
            choices = (await store.overlay(chaos.session)).settings
            ordered = replace(choices, fault=chaos.fault, pacing=chaos.pacing, quota=chaos.quota)
            await store.configure(chaos.session, ordered)
            return JSONResponse(chaos.model_dump())
        session = request.query_params.get("session") or DEFAULT
        choices = (await store.overlay(session)).settings
        ordered_now = {"fault": choices.fault, "pacing": choices.pacing, "quota": choices.quota}
        return JSONResponse({"session": session, **ordered_now})

    async def verdict(self, request: Request) -> Response:
        """Of one session, or of all."""
        session = request.query_params.get("session")
        page = await self.engine.store.entries(Filter(session=session))
        overlaid = (await self.engine.store.overlay(session or DEFAULT)).settings.clock
        still = self.engine.settings.clock != "real" or overlaid is not None
        findings = [
            FindingView(kind=one.kind, requests=list(one.requests), message=one.message, advice=one.advice)
            for one in verdict(page.entries, clock_frozen=still)
        ]
        return JSONResponse({"entries": len(page.entries), "findings": findings})
