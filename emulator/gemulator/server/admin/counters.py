"""Admin route that sets and resets the counters of a session."""

from typing import Annotated

from msgspec import Struct
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gemulator.core.strict_model import StrictModel
from gemulator.engine.engine import Engine
from gemulator.scenario.turns import LocatedTurn
from gemulator.server.admin.bodies import read_json
from gemulator.server.admin.guard import AdminHTTPError
from gemulator.server.admin.known_session import require_session, suggestion

_MAX_USED = 1_000_000_000


class CounterChange(StrictModel):
    """Counter to set. Without a turn, all counters and repeat numbers of the session are reset."""

    turn: Annotated[str | None, Field(description="Turn with `times`, like `weather/2`. Default: all.")] = None
    used: Annotated[int, Field(ge=0, le=_MAX_USED, description="Answers of the turn so far.")] = 0


class CounterRoutes(Struct, frozen=True):
    """Routes of counters. Journal, pushed scenarios and settings stay."""

    engine: Engine

    def routes(self) -> list[Route]:
        return [Route("/sessions/{session:path}/counters", self.change, methods=["POST"])]

    async def change(self, request: Request) -> Response:
        session = str(request.path_params["session"])
        change = await read_json(request, CounterChange)
        await require_session(self.engine.store, session)
        if change.turn is None:
            if change.used:
                raise AdminHTTPError(422, "invalid_body", "`used` without a turn", "Name the turn, like `weather/2`.")
            await self.engine.store.reset_counters(session)
        else:
            located = await self._turn(session, change)
            await self.engine.store.set_counter(session, located.counter, change.used)
        return JSONResponse({"session": session, "turn": change.turn, "used": change.used})

    async def _turn(self, session: str, change: CounterChange) -> LocatedTurn:
        """Return a turn of the session that has a counter. Raises AdminHTTPError."""
        name = change.turn or ""
        overlay = await self.engine.store.overlay(session)
        library = await self.engine.preparation.load_library(session, overlay)
        turns = {str(located): located for located in library.located_turns}
        located = turns.get(name)
        if located is None:
            counted = [turn for turn, each in turns.items() if each.turn.times is not None]
            remedy = f"{suggestion(name, counted)}A turn is named by scenario and number, like `weather/2`."
            raise AdminHTTPError(404, "no_such_turn", f"unknown turn {name!r}", remedy)
        times = located.turn.times
        if times is None:
            remedy = "Give the turn `times`: only then its answers are counted."
            raise AdminHTTPError(422, "not_counted", f"the turn {name!r} has no `times`", remedy)
        if change.used > times:
            answers = "1 time" if times == 1 else f"{times:,} times"
            message = f"`used` is {change.used}, but the turn {name!r} answers {answers}"
            raise AdminHTTPError(422, "invalid_body", message, f"Use a number from 0 to {times}.")
        return located
