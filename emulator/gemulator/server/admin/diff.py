"""Whole differences between a journaled request and turns."""

import asyncio
from collections.abc import Sequence

from gemulator.core.errors import Mismatch
from gemulator.engine.engine import Engine
from gemulator.engine.near_misses import turn_differences
from gemulator.request.target import target_of
from gemulator.server.admin.guard import AdminHTTPError
from gemulator.server.auth.identity import rebuild_request
from gemulator.state.journal.diff_views import DiffView, TurnDiffView
from gemulator.state.journal.entry import Entry
from gemulator.state.journal.json_views import request_view
from gemulator.state.journal.request_line import request_line


async def entry_diff(engine: Engine, entry: Entry, turn: str | None) -> DiffView:
    """Return the differences to the nearest turns, or to one named like `weather/2`. Raises AdminHTTPError."""
    exchange = entry.received.exchange
    target = target_of(exchange.path)
    if target is None or exchange.source == "refused":
        remedy = "Only requests that turns were tried for differ from them."
        raise AdminHTTPError(409, "no_turns_tried", f"no turn was tried for entry {entry.number}", remedy)
    if exchange.body.redacted:
        message = f"entry {entry.number} has a mark in place of a credential that was sent"
        raise AdminHTTPError(409, "redacted", message, "Send the request with a dummy key that looks like none.")
    if exchange.body.cut:
        message = f"the journal has only the beginning of the body of entry {entry.number}"
        raise AdminHTTPError(409, "incomplete", message, "Raise journal_body, and send the request again.")
    received = entry.received
    incoming = rebuild_request(exchange.body.data, exchange.path, target, received.headers, received.session)
    try:
        found = await turn_differences(engine.store, engine.preparation, incoming, turn)
    except LookupError:
        message, remedy = f"no turn {turn!r} in session {received.session}", "Name it like `weather/2`."
        raise AdminHTTPError(404, "no_such_turn", message, remedy) from None
    return await asyncio.to_thread(_diff_view, entry, found)


def _diff_view(entry: Entry, found: Sequence[tuple[str, Sequence[Mismatch]]]) -> DiffView:
    turns = [
        TurnDiffView(turn=turn, conditions={mismatch.name: mismatch.diff() for mismatch in failed})
        for turn, failed in found
    ]
    exchange = entry.received.exchange
    head = f"request {request_line(entry.number, exchange.model, request_view(exchange.body, {})['body'])}"
    texts = [f"{one['turn']}: {name}\n{diff}" for one in turns for name, diff in one["conditions"].items()]
    matching = [f"{one['turn']} matches" for one in turns if not one["conditions"]]
    return DiffView(id=entry.number, turns=turns, text="\n\n".join([head, *texts, *matching]))
