"""Near misses of journaled requests."""

from collections.abc import Sequence

from gemulator.core.errors import NearMiss
from gemulator.core.headers import Headers
from gemulator.engine.incoming import IncomingRequest
from gemulator.engine.prepare import RequestPreparer
from gemulator.request.conversation import Conversation
from gemulator.request.parser import parse
from gemulator.scenario.library import NEAREST
from gemulator.state.store import Store


async def near_misses(
    store: Store, preparation: RequestPreparer, incoming: IncomingRequest, *, answered: bool
) -> Sequence[NearMiss]:
    """Return the turns that nearly match a request; unless a turn `answered`, the exhausted ones come first."""
    session = incoming.caller.session
    overlay = await store.overlay(session)
    library = await preparation.load_library(session, overlay)
    only = incoming.caller.settings.scenario or overlay.settings.scenario
    conversation = Conversation(parse(incoming.body), incoming.target, Headers(incoming.headers))
    limited = (
        [] if answered else [one for one in library.matching_turns(conversation, only) if one.turn.times is not None]
    )
    used = await store.counters(session) if limited else {}
    exhausted = [one.exhausted for one in limited if used.get(one.counter, 0) >= (one.turn.times or 0)]
    return (*exhausted, *library.near_misses(conversation, only))[:NEAREST]
