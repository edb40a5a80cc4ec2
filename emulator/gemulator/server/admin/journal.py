"""Admin routes for the journal, verify and explain."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, cast

import orjson
from msgspec import Struct
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from gemulator.core.credentials import Redactor
from gemulator.core.headers import Headers
from gemulator.core.printable import printable_json
from gemulator.core.version import __version__
from gemulator.engine.engine import Engine
from gemulator.engine.explain import Explanation
from gemulator.engine.redacted_request import redact_near_misses
from gemulator.request.target import target_of
from gemulator.scenario.library import Library
from gemulator.scenario.turns import LocatedTurn
from gemulator.server.admin.bodies import Question, int_param, journal_filter, parse_body, read_body, read_json
from gemulator.server.admin.diff import entry_diff
from gemulator.server.admin.evidence import Knobs, count_gaps, gaps
from gemulator.server.admin.guard import AdminHTTPError
from gemulator.server.admin.known_session import absence_of, require_session
from gemulator.server.auth.identity import rebuild_request
from gemulator.state.journal.answers import redact_delivery
from gemulator.state.journal.entry import Entry, Filter
from gemulator.state.journal.har import archive
from gemulator.state.journal.json_views import (
    EntryView,
    FailureView,
    NearestEntryView,
    PageView,
    entry_view,
    event_view,
    mismatch_views,
    near_miss_views,
    step_views,
    usage_view,
)
from gemulator.state.store import ENDED_SCENARIO, SessionOverlay, StoreDataError, StoreError, Tally
from gemulator.state.subscribers import EventsLost

_PAGE_SIZE = 100
_MAX_PAGE_SIZE = 1_000
_MAX_AT_ONCE = 100  # entries that are read or verified without answering other requests
_NEVER = 365 * 86_400  # seconds; as a ping interval: sse-starlette below 3.7 pings without a pause for 0


if TYPE_CHECKING:
    from gemulator.server.admin.verification import FailedCheck


class JournalRoutes(Struct, frozen=True):
    """Routes that read the journal of the engine's store."""

    engine: Engine

    def routes(self) -> list[Route]:
        return [
            Route("/journal", self.journal),
            Route("/journal.har", self.har),
            Route("/journal/{number:int}", self.entry),
            Route("/journal/{number:int}/diff", self.diff),
            Route("/verify", self.verify, methods=["POST"]),
            Route("/explain", self.explain, methods=["POST"]),
        ]

    def _response(self, view: object) -> Response:
        """Return a view as JSON without credentials, which entries by an older release may have."""
        return Response(self.engine.redactor.json(orjson.dumps(view)), media_type="application/json")

    def _view(self, entry: Entry, *, full: bool = True) -> EntryView:
        view = entry_view(entry, full=full)
        if full and "cut" in view["request"]:
            view["request"]["advice"] = self._knobs.raise_("journal_body")
        return view

    async def journal(self, request: Request) -> Response:
        matching, accept = journal_filter(request), request.headers.get("accept", "")
        if "text/event-stream" in accept:
            return self._event_stream(request, matching)
        if "application/x-ndjson" in accept:
            return StreamingResponse(self._json_lines(matching), media_type="application/x-ndjson")
        limit = min(int_param(request, "limit") or _PAGE_SIZE, _MAX_PAGE_SIZE)
        page = await self.engine.store.entries(matching, int_param(request, "after") or 0, limit)
        full = request.query_params.get("full") in {"1", "true"}
        entries = [self._view(entry, full=full) async for entry in self._all_with_near_misses(page.entries)]
        store, session = self.engine.store, matching.session
        if session is None:
            return self._response(PageView(entries=entries, next=page.next, evicted=(await store.losses()).evicted))
        tally, missing = await store.tally(session), list[str]()
        if not entries and tally == Tally() and not await store.exists(session):
            missing = [absence_of(session)]
        elif tally.lost or tally.evicted or tally.missed:
            state = next((one for one in await store.sessions() if one.name == session), None)
            missing = [*gaps(tally, state.entries if state else 0, self._knobs)]
        view = PageView(entries=entries, next=page.next, evicted=tally.evicted, missing=missing, missed=tally.missed)
        view["answers"] = {name: times for name, times in tally.answers.items() if "/" in name}
        view["uncounted"] = [*count_gaps(tally, self._knobs)]
        return self._response(view)

    async def _all_with_near_misses(self, entries: Sequence[Entry]) -> AsyncIterator[Entry]:
        """Yield the entries with their near misses. Other requests are answered between two entries."""
        for entry in entries:
            seen = await self._with_near_misses(entry)
            yield seen
            if seen is not entry or len(entries) > _MAX_AT_ONCE:
                await asyncio.sleep(0)

    async def _json_lines(self, matching: Filter) -> AsyncIterator[bytes]:
        after: int | None = 0
        while after is not None:
            page = await self.engine.store.entries(matching, after, _PAGE_SIZE)
            for entry in page.entries:
                seen = self._view(await self._with_near_misses(entry))
                yield self.engine.redactor.json(orjson.dumps(seen)) + b"\n"
                await asyncio.sleep(0)  # otherwise a client that left would not be noticed
            after = page.next

    def _event_stream(self, request: Request, matching: Filter) -> Response:
        from sse_starlette import EventSourceResponse

        last = request.headers.get("last-event-id", "")
        after = int(last) if last.isascii() and last.isdigit() else int_param(request, "after")
        return EventSourceResponse(self._events(matching, after), ping=_NEVER, sep="\n")

    async def _events(self, matching: Filter, after: int | None) -> AsyncIterator[dict[str, str]]:
        try:
            async for event in self.engine.store.events(matching.session, after):
                if matching.matches(event.entry):
                    seen = replace(event, entry=await self._with_near_misses(event.entry))
                    data = self.engine.redactor.json(orjson.dumps(event_view(seen))).decode()
                    yield {"id": str(event.number), "event": event.kind, "data": data}
                await asyncio.sleep(0)  # otherwise the whole backlog of a client that left would be rendered
        except EventsLost as error:
            message = (
                f"this reader was too slow: {error}. Read faster, or continue from the last id with Last-Event-ID."
            )
            yield {"event": "error", "data": orjson.dumps({"code": "events_lost", "message": message}).decode()}
        except StoreError as error:
            yield {"event": "error", "data": orjson.dumps({"code": error.code, "message": str(error)}).decode()}

    async def har(self, request: Request) -> Response:
        page = await self.engine.store.entries(journal_filter(request))
        origin = str(request.base_url).removesuffix("/").removesuffix("/__emulator")
        text = await asyncio.to_thread(_archive_text, page.entries, origin, self.engine.redactor.json)
        return Response(text, media_type="application/json")

    async def entry(self, request: Request) -> Response:
        entry = await self._entry(request)
        return self._response(self._view(await self._with_near_misses(entry, turns=True)))

    async def _entry(self, request: Request) -> Entry:
        number = int(request.path_params["number"])
        entry = await self.engine.store.entry(number)
        if entry is None:
            remedy = "It never existed or was evicted: see journal_entries and journal_bytes in /__emulator/settings."
            raise AdminHTTPError(404, "no_such_entry", f"journal entry {number} not found", remedy)
        return entry

    async def diff(self, request: Request) -> Response:
        turn = request.query_params.get("turn")
        return self._response(await entry_diff(self.engine, await self._entry(request), turn))

    async def _with_near_misses(self, entry: Entry, *, turns: bool = False) -> Entry:
        """Return the entry with its near misses, computed if the answer was generated.

        `turns` computes them also if a turn answered.
        """
        received = entry.received
        exchange = received.exchange
        target = target_of(exchange.path)
        if target is None or exchange.source in {"refused", "unmatched"} or (exchange.turn and not turns):
            return entry
        if exchange.nearest or not exchange.body.is_complete:
            return entry
        incoming = rebuild_request(exchange.body.data, exchange.path, target, received.headers, received.session)
        try:
            nearest = await self.engine.near_misses(incoming, answered=bool(exchange.turn))
        except StoreDataError:  # of this session: a list of all sessions has the entry all the same
            return entry
        return replace(entry, received=replace(received, exchange=replace(exchange, nearest=nearest)))

    async def verify(self, request: Request) -> Response:
        return self._response({"verified": True, "entries": await self.verify_session(await read_body(request))})

    async def verify_session(self, body: bytes) -> int:
        """Check the journal against the expectations in a body; return the number of entries checked.

        Raises AdminHTTPError with the failed checks.
        """
        from gemulator.server.admin.evidence import Evidence
        from gemulator.server.admin.expectations import Expectations
        from gemulator.server.admin.failure_report import report
        from gemulator.server.admin.known_turns import require_turns
        from gemulator.server.admin.verification import verify

        expected = parse_body(body, Expectations)
        store, session = self.engine.store, expected.session
        entries: Sequence[Entry] = (await store.entries(Filter(session=session))).entries
        if expected.none_unmatched is True:
            entries = [entry async for entry in self._all_with_near_misses(entries)]
        if not entries:
            await require_session(store, session)
        counters, tally = await store.counters(session), await store.tally(session)
        overlay = await store.overlay(session)
        library = await self.engine.preparation.load_library(session, overlay)
        if not tally.lost:  # its scenarios are gone, too
            require_turns(expected, library, tally)
        turns = _turns_of(overlay, library, entries, tally)
        late, late_evicted = await self._late_entries(expected.none_late)
        evidence = Evidence(entries, tally, counters, turns, self._knobs, late, late_evicted)
        if len(entries) > _MAX_AT_ONCE:
            failed = await asyncio.to_thread(verify, expected, evidence)
        else:
            failed = verify(expected, evidence)
        if not failed:
            return len(entries)
        message = report(failed, entries)
        remedy = f"`failures` lists how the nearest entries differ; GET /__emulator/journal?session={session} has all."
        redactor = self.engine.redactor
        views = orjson.loads(redactor.json(orjson.dumps([_failed_check_view(check) for check in failed])))
        raise AdminHTTPError(409, "not_verified", redactor.text(message), remedy, failures=views)

    @property
    def _knobs(self) -> Knobs:
        return Knobs(self.engine.settings, self.engine.entrance)

    async def _late_entries(self, after: int | None) -> tuple[Sequence[Entry], bool]:
        """Return the requests in ended sessions after an entry, and True if some were evicted; None asks for none."""
        if after is None:
            return (), False
        store = self.engine.store
        late = (await store.entries(Filter(scenario=ENDED_SCENARIO), after)).entries
        return late, (await store.losses()).late > after

    async def explain(self, request: Request) -> Response:
        question = await read_json(request, Question)
        target = target_of(question.path)
        if target is None:
            remedy = "Use /v1/projects/PROJECT/locations/LOCATION/endpoints/openapi/chat/completions."
            raise AdminHTTPError(422, "no_chat_path", f"{question.path!r} is not the path of a chat request", remedy)
        headers = Headers.from_text(question.headers).raw
        incoming = rebuild_request(orjson.dumps(question.body), question.path, target, headers, question.session)
        error = incoming.caller.error
        if error:
            raise AdminHTTPError(
                422, "unusable_header", error, "Correct the header: a chat request with it gets a 400."
            )
        explained = await self.engine.explain(incoming)
        return self._response(_explanation_view(question.session, explained, self.engine.redactor))


def _turns_of(
    overlay: SessionOverlay, library: Library, entries: Sequence[Entry], tally: Tally
) -> Sequence[LocatedTurn]:
    """Return the turns of the scenarios that a session pushed, pinned or used."""
    names = {entry.received.exchange.scenario for entry in entries}
    names |= {name.rpartition("/")[0] for name in tally.answers}  # their entries may be evicted
    names |= {published.name for published in overlay.published} | {overlay.settings.scenario or ""}
    return [turn for turn in library.located_turns if turn.scenario.name in names]


def _archive_text(entries: Sequence[Entry], origin: str, redact: Callable[[bytes], bytes]) -> str:
    """Return the archive, without control characters because it may be opened in a terminal."""
    return printable_json(redact(orjson.dumps(archive(entries, origin, __version__))).decode())


def _explanation_view(session: str, explained: Explanation, redactor: Redactor) -> dict[str, object]:
    exchange = explained.exchange
    return {
        "session": session,
        "source": exchange.source,
        "scenario": exchange.scenario or None,
        "turn": exchange.turn or None,
        "status": exchange.status,
        "attempt": explained.attempt,
        "usage": usage_view(exchange.usage),
        "nearest": near_miss_views((*explained.exhausted, *redact_near_misses(explained.nearest, redactor))),
        "steps": step_views(redact_delivery(explained.delivery, redactor).steps),
        "text": explained.text(redactor),
    }


def _failed_check_view(failed: "FailedCheck") -> FailureView:
    nearest = [NearestEntryView(id=number, mismatches=mismatch_views(found)) for number, found in failed.nearest]
    names = ("index", "found", "entry", "scenario", "turn", "used", "times", "asked", "unknown")
    data = {name: value for name in names if (value := getattr(failed, name)) is not None}
    view = {"check": failed.check, "kind": failed.kind, **data, "message": failed.message, "nearest": nearest}
    return cast(FailureView, view)
