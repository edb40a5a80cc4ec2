"""Admin routes for sessions and their pushed scenarios."""

import asyncio
import hashlib
import re
from collections import deque
from collections.abc import Sequence
from difflib import get_close_matches

import orjson
from msgspec import Struct, field
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gemulator.core.clock import Clock, parse_clock
from gemulator.core.credentials import find_credentials
from gemulator.core.errors import Problem, ScenarioError
from gemulator.core.overrides import OVERRIDES
from gemulator.core.settings import Settings
from gemulator.engine.chaos import without_chaos
from gemulator.engine.engine import Engine
from gemulator.engine.session_library import LARGE, read_pushed
from gemulator.scenario.library import Library
from gemulator.scenario.model import MAX_NAME, Scenario
from gemulator.server.admin.bodies import (
    DeliveryLines,
    NewSession,
    Pin,
    parse_body,
    read_body,
    read_json,
    require_name,
    session_param,
)
from gemulator.server.admin.ended_sessions import end_session, has_ended
from gemulator.server.admin.guard import AdminHTTPError
from gemulator.server.auth.tokens import create_token, signing_key
from gemulator.state.journal.entry import SessionState
from gemulator.state.journal.json_views import SessionView
from gemulator.state.store import PushedScenario, SessionSettings

_MAX_ENDED = 100  # ended sessions that are remembered: more could evict active ones
_PIECE = 65_536  # characters
_YAML_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")  # YAML 1.1 line breaks and invalid characters


class SessionRoutes(Struct, frozen=True):
    """Routes that change sessions in the store. `utc` dates tokens, `ended` lists the ended sessions."""

    engine: Engine
    settings: Settings
    utc: Clock
    ended: deque[str] = field(default_factory=deque)

    def routes(self) -> list[Route]:
        return [
            Route("/sessions", self.sessions, methods=["GET"]),
            Route("/sessions", self.create, methods=["POST"]),
            Route("/sessions/{session:path}/reset", self.reset, methods=["POST"]),
            Route("/sessions/{session:path}/end", self.end, methods=["POST"]),
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
        return JSONResponse({"sessions": [_session_view(state) for state in await self.engine.store.sessions()]})

    async def create(self, request: Request) -> Response:
        session, token = await self.create_session(await read_body(request))
        return JSONResponse({"session": session, "token": token}, 201)

    async def create_session(self, body: bytes) -> tuple[str, str]:
        """Create or reconfigure a session as a body says; return its name and a token. Raises AdminHTTPError."""
        new = parse_body(body, NewSession)
        pushed = [(await _read_scenario(text.encode(), name))[1] for name, text in new.scenarios.items()]
        store = self.engine.store
        for name in new.drop:
            await store.drop(name)
        for name in new.over:
            await self.end_session(name)
        if new.session is not None and await has_ended(store, new.session):
            await store.drop(new.session)
        session = await store.open(new.session)
        await self._publish(session, pushed)
        if new.scenario is not None:
            await self._require_scenario(session, new.scenario)
        clock = parse_clock(new.clock) if new.clock else None
        before = (await store.overlay(session)).settings
        given = {name: getattr(new, name) for name in OVERRIDES}
        # Chaos has routes of its own, so its settings are kept.
        kept = {name: getattr(before, name) for name in DeliveryLines.model_fields if name not in new.model_fields_set}
        limits = {"requests": before.requests, "until": before.until} if any(kept.values()) else {}
        after = SessionSettings(**given | kept | limits, clock=clock, unmatched=new.unmatched)
        if after != before:
            await store.configure(session, after)
        expires = int(self.utc()) + new.ttl
        return session, create_token(session, expires, signing_key(self.settings))

    async def end_session(self, session: str) -> None:
        """End a session: later requests in it get a 400. Raises AdminHTTPError."""
        store = self.engine.store
        await end_session(store, require_name(session))
        self.ended.append(session)
        if len(self.ended) > _MAX_ENDED and await has_ended(store, oldest := self.ended.popleft()):
            await store.drop(oldest)

    async def reset(self, request: Request) -> Response:
        session = str(request.path_params["session"])
        store = self.engine.store
        existed = await store.exists(session) or (await store.tally(session)).lost
        await store.reset(session)
        before = (await store.overlay(session)).settings
        after = without_chaos(before)
        if after != before:
            await store.configure(session, after)
        return JSONResponse({"session": session, "reset": existed})

    async def end(self, request: Request) -> Response:
        session = str(request.path_params["session"])
        await self.end_session(session)
        return JSONResponse({"session": session, "ended": True})

    async def drop(self, request: Request) -> Response:
        session = str(request.path_params["session"])
        return JSONResponse({"session": session, "dropped": await self.engine.store.drop(session)})

    # ---- scenarios

    async def scenarios(self, request: Request) -> Response:
        session = session_param(request)
        overlay = await self.engine.store.overlay(session)
        library = await self.engine.preparation.load_library(session, overlay)
        pushed = {published.name for published in overlay.published}
        listed = [
            {
                "name": scenario.name,
                "description": scenario.description,
                "turns": len(scenario.turns),
                "pushed": scenario.name in pushed,
            }
            for scenario in library.scenarios
        ]
        return JSONResponse({"session": session, "pinned": overlay.settings.scenario, "scenarios": listed})

    async def push(self, request: Request) -> Response:
        session = session_param(request)
        body = await read_body(request)
        scenario = await self.push_scenario(session, body, request.query_params.get("name"))
        warnings = [*_credential_warnings(body), *map(str, await asyncio.to_thread(_warnings, scenario))]
        view = {"session": session, "name": scenario.name, "turns": len(scenario.turns)}
        return JSONResponse(view | ({"warnings": warnings} if warnings else {}), 201)

    async def push_scenario(self, session: str, raw: bytes, name: str | None) -> Scenario:
        """Push a scenario, which precedes all others of the session. Raises AdminHTTPError."""
        scenario, published = await _read_scenario(raw, name)
        await self._publish(require_name(session), [published])
        return scenario

    async def _publish(self, session: str, scenarios: Sequence[PushedScenario]) -> None:
        """Push scenarios in order. Large ones are ready for use before the first request comes."""
        store = self.engine.store
        after = await store.overlay(session)
        for scenario in scenarios:
            after = replace(after, published=after.published_with(scenario))
        await self.engine.preparation.preload(after)
        for scenario in scenarios:
            await store.publish(session, scenario)

    async def validate(self, request: Request) -> Response:
        scenario, _ = await _read_scenario(await read_body(request), request.query_params.get("name"))
        return JSONResponse({"name": scenario.name, "turns": len(scenario.turns)})

    async def withdraw(self, request: Request) -> Response:
        return await self._withdraw(session_param(request), str(request.path_params["name"]))

    async def withdraw_all(self, request: Request) -> Response:
        return await self._withdraw(session_param(request), None)

    async def _withdraw(self, session: str, name: str | None) -> Response:
        return JSONResponse({"session": session, "withdrawn": await self.engine.store.withdraw(session, name)})

    async def pin(self, request: Request) -> Response:
        pin = await read_json(request, Pin)
        if pin.scenario is not None:
            await self._require_scenario(pin.session, pin.scenario)
        overlay = await self.engine.store.overlay(pin.session)
        await self.engine.store.configure(pin.session, replace(overlay.settings, scenario=pin.scenario))
        return JSONResponse({"session": pin.session, "pinned": pin.scenario})

    async def _require_scenario(self, session: str, name: str) -> None:
        overlay = await self.engine.store.overlay(session)
        library = await self.engine.preparation.load_library(session, overlay)
        names = [scenario.name for scenario in library.scenarios]
        if name not in names:
            near = get_close_matches(name, names, 1)
            remedy = (
                f"Did you mean {near[0]!r}?" if near else "GET /__emulator/scenarios lists the available scenarios."
            )
            raise AdminHTTPError(404, "no_such_scenario", f"unknown scenario {name!r}", remedy)


def _credential_warnings(text: bytes) -> Sequence[str]:
    """Return a warning for each kind of credential in a scenario, which a store keeps as it is."""
    from gemulator.scenario.authoring.text_lint import CREDENTIAL_REMEDY

    return [f"the scenario has {kind} in it. {CREDENTIAL_REMEDY}" for kind in find_credentials(text)]


def _warnings(scenario: Scenario) -> Sequence[Problem]:
    """Return a warning for each turn of a scenario that is never reached."""
    from gemulator.scenario.authoring.lint import unreachable_turns

    return list(unreachable_turns(Library([scenario]).located_turns))


async def _read_scenario(raw: bytes, name: str | None) -> tuple[Scenario, PushedScenario]:
    """Return `_parse_scenario`, from a thread if the text is large. Raises AdminHTTPError."""
    if len(raw) <= LARGE:
        return _parse_scenario(raw, name)
    return await asyncio.to_thread(_parse_scenario, raw, name)


def _parse_scenario(raw: bytes, name: str | None) -> tuple[Scenario, PushedScenario]:
    """Return a scenario in YAML or JSON. Its name: its own, else `name`, else a digest. Raises AdminHTTPError."""
    name = name or f"pushed-{hashlib.blake2b(raw, digest_size=4).hexdigest()}"
    if len(name) > MAX_NAME:
        message = f"the name of the scenario has {len(name):,} characters"
        raise AdminHTTPError(422, "invalid_scenario", message, f"Use at most {MAX_NAME}.")
    text = _decode(raw)
    try:
        scenario = read_pushed(PushedScenario(name, text))
    except ScenarioError as error:
        problems = [
            {
                "line": problem.line,
                "column": problem.column,
                "path": problem.path,
                "message": problem.message,
                "remedy": problem.remedy,
            }
            for problem in error.problems
        ]
        first = error.problems[0]
        remedy = first.remedy or "Correct the scenario and push it again."
        raise AdminHTTPError(422, "invalid_scenario", str(error), remedy, problems=problems) from None
    return scenario, PushedScenario(scenario.name, text)


def _decode(raw: bytes) -> str:
    """Return the text of a body. JSON is re-encoded: YAML has no surrogate pairs and more line breaks."""
    if raw.lstrip()[:1] == b"{":
        try:
            text = orjson.dumps(orjson.loads(raw)).decode()
            # In pieces: a pattern holds the interpreter lock until it has read the text.
            pieces = (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))
            return "".join(_YAML_UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", piece) for piece in pieces)
        except orjson.JSONDecodeError:
            pass  # YAML in flow style
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AdminHTTPError(
            422, "invalid_scenario", f"the request body is not UTF-8: {error.reason}", "Send UTF-8."
        ) from None


def _session_view(state: SessionState) -> SessionView:
    view = SessionView(
        session=state.name,
        entries=state.entries,
        bytes=state.bytes,
        evicted=state.evicted,
        published=state.published,
        idle=round(state.idle, 3),
        counters=dict(state.counters),
    )
    if state.problem:
        view["problem"] = state.problem
    return view
