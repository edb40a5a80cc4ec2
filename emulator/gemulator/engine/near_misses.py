"""Near misses of journaled requests."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from gemulator.core.budget import LOOP_STEPS, NANOSECONDS_PER_STEP, BudgetExceeded, WorkerNeeded
from gemulator.core.errors import Mismatch, NearMiss
from gemulator.core.headers import Headers
from gemulator.engine.incoming import IncomingRequest
from gemulator.engine.prepare import RequestPreparer
from gemulator.engine.worker import Worker, in_event_loop
from gemulator.request.conversation import Conversation
from gemulator.request.parser import parse
from gemulator.scenario.library import NEAREST, Library
from gemulator.scenario.turns import LocatedTurn
from gemulator.state.store import Store


async def near_misses(
    store: Store, preparation: RequestPreparer, worker: Worker, incoming: IncomingRequest, *, answered: bool
) -> Sequence[NearMiss]:
    """Return the turns that nearly match a request; unless a turn `answered`, the exhausted ones come first."""
    library, conversation, only = await _library(store, preparation, incoming)
    matching, nearest = await worker.run(len(incoming.body), compare, library, conversation, only)
    limited = [] if answered else [one for one in matching if one.turn.times is not None]
    used = await store.counters(incoming.caller.session) if limited else {}
    exhausted = [one.exhausted for one in limited if used.get(one.counter, 0) >= (one.turn.times or 0)]
    return (*exhausted, *nearest)[:NEAREST]


async def turn_differences(
    store: Store, preparation: RequestPreparer, incoming: IncomingRequest, turn: str | None
) -> Sequence[tuple[str, Sequence[Mismatch]]]:
    """Return the nearest turns, or the one named `turn` like `weather/2`, with the mismatches of a request.

    Raises LookupError if there is no such turn.
    """
    library, conversation, only = await _library(store, preparation, incoming)
    if turn is None:
        nearest = await asyncio.to_thread(library.nearest, conversation, only)
        return [(str(located), failed) for located, failed in nearest]
    for located in library.located_turns:
        if str(located) == turn:
            return [(turn, tuple(located.mismatches(conversation)))]
    raise LookupError(turn)


async def _library(
    store: Store, preparation: RequestPreparer, incoming: IncomingRequest
) -> tuple[Library, Conversation, str | None]:
    """Return the library of a request's session, the request, and the only scenario that answers."""
    session = incoming.caller.session
    overlay = await store.overlay(session)
    library = await preparation.load_library(session, overlay)
    only = incoming.caller.settings.scenario or overlay.settings.scenario
    return library, Conversation(parse(incoming.body), incoming.target, Headers(incoming.headers)), only


def compare(
    library: Library,
    conversation: Conversation,
    only: str | None,
    limit: int = NEAREST,
    shown: Conversation | None = None,
) -> tuple[Sequence[LocatedTurn], Sequence[NearMiss]]:
    """Return the turns that match and those that nearly do; messages have the texts of `shown`.

    Raise WorkerNeeded in the event loop if that takes long.
    """
    size, work = len(conversation.parsed.raw), library.comparing_work(conversation)
    if in_event_loop(size) and work > LOOP_STEPS * NANOSECONDS_PER_STEP:
        raise WorkerNeeded
    matching: list[LocatedTurn] = []
    with suppress(BudgetExceeded):  # other scenarios than those that answered may have been loaded since
        matching += library.matching_turns(conversation, only)
    return matching, library.near_misses(shown or conversation, only, limit)
