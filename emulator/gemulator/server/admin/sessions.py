"""Admin routes that change what sessions see: sessions themselves, and the scenarios pushed to them."""

import hashlib
import re
from collections import deque
from difflib import get_close_matches

import orjson
from msgspec import Struct, field
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gemulator.core.clock import Clock, parse_clock
from gemulator.core.errors import ScenarioError
from gemulator.core.settings import Settings
from gemulator.engine.engine import Engine
from gemulator.engine.session_library import read_pushed
from gemulator.scenario.model import Scenario
from gemulator.server.admin.bodies import NewSession, Pin, read, read_body, read_json, session_in
from gemulator.server.admin.ended_sessions import end_session, has_ended
from gemulator.server.admin.guard import AdminHTTPError
from gemulator.server.auth.tokens import key_for, mint
from gemulator.state.journal.entry import SessionState
from gemulator.state.journal.json_views import SessionView
from gemulator.state.store import PushedScenario

_KEPT = 100  # sessions that are known to be over: they shall not drive out those that are used
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")  # line breaks of YAML 1.1, and what it refuses


class SessionRoutes(Struct, frozen=True):
    """Speaks to the engine's store. `real_time` dates the tokens."""

    engine: Engine
    settings: Settings
    real_time: Clock
    over: deque[str] = field(default_factory=deque)

    def routes(self) -> list[Route]:
        return [
            Route("/sessions", self.sessions, methods=["GET"]),
            Route("/sessions", self.create, methods=["POST"]),
            Route("/sessions/{session:path}/reset", self.reset, methods=["POST"]),
            Route("/sessions/{session:path}", self.drop, methods=["DELETE"]),
            Route("/scenarios", self.scenarios, methods=["GET"]),
            Route("/scenarios", self.push, methods=["POST"]),
            Route("/scenarios", self.withdraw_all, methods=["DELETE"]),
            Route("/scenarios/validate", self.validate, methods=["POST"]),
            Route("/scenarios/pin", self.pin, methods=["POST"]),
            Route("/scenarios/{name:path}", self.withdraw, methods=["DELETE"]),
        ]

    # ---- sessions

    async def sessions(self, request: Request) -> Response:
        return JSONResponse({"sessions": [_view(state) for state in await self.engine.store.sessions()]})

    async def create(self, request: Request) -> Response:
        session, token = await self.create_session(await read_body(request))
        return JSONResponse({"session": session, "token": token}, 201)

    async def create_session(self, body: bytes) -> tuple[str, str]:
        """Make a session, or set it anew, as a body wants it: its name and a token. Refusal."""
        wanted = read(body, NewSession)
        pushed = [_read(text.encode(), name)[1] for name, text in wanted.scenarios.items()]
        store = self.engine.store
        for name in wanted.drop:
            await store.drop(name)
        for name in wanted.over:
            await self._end(name)
        if wanted.session is not None and await has_ended(store, wanted.session):
            await store.drop(wanted.session)
        session = await store.open(wanted.session)
        for published in pushed:
            await store.publish(session, published)
        if wanted.scenario is not None:
            await self._known(session, wanted.scenario)
        clock = parse_clock(wanted.clock) if wanted.clock else None
        before = (await store.overlay(session)).settings
        choices = replace(  # what goes wrong in the session is ordered, and called off, elsewhere
            before, scenario=wanted.scenario, seed=wanted.seed, clock=clock, unmatched=wanted.unmatched
        )
        if choices != before:
            await store.configure(session, choices)
        expires = int(self.real_time()) + wanted.ttl
        return session, mint(session, expires, key_for(self.settings))

    async def _end(self, session: str) -> None:
        store = self.engine.store
        await end_session(store, session)
        self.over.append(session)
        if len(self.over) > _KEPT and await has_ended(store, oldest := self.over.popleft()):
            await store.drop(oldest)

    async def reset(self, request: Request) -> Response:
        session = str(request.path_params["session"])
        store = self.engine.store
        await store.reset(session)
        choices = (await store.overlay(session)).settings
        calm = replace(choices, fault=None, pacing=None, quota=None)
        if calm != choices:
            await store.configure(session, calm)
        return JSONResponse({"session": session, "reset": True})

    async def drop(self, request: Request) -> Response:
        session = str(request.path_params["session"])
        return JSONResponse({"session": session, "dropped": await self.engine.store.drop(session)})

    # ---- scenarios

    async def scenarios(self, request: Request) -> Response:
        session = session_in(request)
        overlay = await self.engine.store.overlay(session)
        pushed = {published.name for published in overlay.published}
        listed = [
            {
                "name": scenario.name,
                "description": scenario.description,
                "turns": len(scenario.turns),
                "pushed": scenario.name in pushed,
            }
            for scenario in self.engine.preparation.library_for(overlay).scenarios
        ]
        return JSONResponse({"session": session, "pinned": overlay.settings.scenario, "scenarios": listed})

    async def push(self, request: Request) -> Response:
        session = session_in(request)
        scenario = await self.push_scenario(session, await read_body(request), request.query_params.get("name"))
        return JSONResponse({"session": session, "name": scenario.name, "turns": len(scenario.turns)}, 201)

    async def push_scenario(self, session: str, raw: bytes, name: str | None) -> Scenario:
        """Put a scenario before all others of a session. Refusal."""
        scenario, published = _read(raw, name)
        await self.engine.store.publish(session, published)
        return scenario

    async def validate(self, request: Request) -> Response:
        scenario, _ = _read(await read_body(request), request.query_params.get("name"))
        return JSONResponse({"name": scenario.name, "turns": len(scenario.turns)})

    async def withdraw(self, request: Request) -> Response:
        return await self._withdrawn(session_in(request), str(request.path_params["name"]))

    async def withdraw_all(self, request: Request) -> Response:
        return await self._withdrawn(session_in(request), None)

    async def _withdrawn(self, session: str, name: str | None) -> Response:
        return JSONResponse({"session": session, "withdrawn": await self.engine.store.withdraw(session, name)})

    async def pin(self, request: Request) -> Response:
        pin = await read_json(request, Pin)
        if pin.scenario is not None:
            await self._known(pin.session, pin.scenario)
        overlay = await self.engine.store.overlay(pin.session)
        await self.engine.store.configure(pin.session, replace(overlay.settings, scenario=pin.scenario))
        return JSONResponse({"session": pin.session, "pinned": pin.scenario})

    async def _known(self, session: str, name: str) -> None:
        shelf = self.engine.preparation.library_for(await self.engine.store.overlay(session))
        names = [scenario.name for scenario in shelf.scenarios]
        if name not in names:
            near = get_close_matches(name, names, 1)
            remedy = f"Did you mean {near[0]!r}?" if near else "GET /__emulator/scenarios lists those there are."
            raise AdminHTTPError(404, "no_such_scenario", f"there is no scenario {name!r}", remedy)


def _read(raw: bytes, name: str | None) -> tuple[Scenario, PushedScenario]:
    """The scenario in YAML or JSON, under its own name where it has one, else this or one made from its text."""
    name = name or f"pushed-{hashlib.blake2b(raw, digest_size=4).hexdigest()}"
    text = _text(raw)
    try:
        scenario = read_pushed(PushedScenario(name, text))
    except ScenarioError as error:
        problems = [
            {"line": one.line, "column": one.column, "path": one.path, "message": one.message, "remedy": one.remedy}
            for one in error.problems
        ]
        first = error.problems[0]
        remedy = first.remedy or "Mend it and push it again."
        raise AdminHTTPError(422, "invalid_scenario", str(error), remedy, problems=problems) from None
    return scenario, PushedScenario(scenario.name, text)


def _text(raw: bytes) -> str:
    """The text of a body. JSON is written anew: YAML knows no surrogate pairs, and more line breaks than JSON does."""
    if raw.lstrip()[:1] == b"{":
        try:
            text = orjson.dumps(orjson.loads(raw)).decode()
            return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
        except orjson.JSONDecodeError:
            pass  # YAML in flow style
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AdminHTTPError(422, "invalid_scenario", f"the body is not UTF-8: {error.reason}", "Send UTF-8.") from None


def _view(state: SessionState) -> SessionView:
    return SessionView(
        session=state.name,
        entries=state.entries,
        bytes=state.bytes,
        evicted=state.evicted,
        published=state.published,
        idle=round(state.idle, 3),
        counters=dict(state.counters),
    )
