"""Pacing and fault overrides: header, session, turn, scenario; first wins."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

from gemulator.core.overrides import NO_OVERRIDES
from gemulator.request.target import Caller
from gemulator.scenario.delivery_fields import PacingFields, parse_faults, parse_pacing
from gemulator.scenario.turns import LocatedTurn
from gemulator.state.store import Store, TurnLimit

if TYPE_CHECKING:
    from gemulator.delivery.faults.fault import Fault


_REQUEST_TYPES = {b"x-vertex-ai-llm-request-type", b"x-vertex-ai-llm-shared-request-type"}
# Overrides that leave the words of a turn but not its bytes or their time.
_BESIDE_WORDS = (*("wire", "tool_index", "fragment", "calls_per_delta", "stream_usage"), *("speed", "fault", "pacing"))


def has_no_overrides(caller: Caller, headers: Mapping[bytes, bytes]) -> bool:
    """Return True if no header or session setting changes the stream, its delivery or the traffic type."""
    given = caller.settings
    unchanged = given is NO_OVERRIDES or all(getattr(given, name) is None for name in _BESIDE_WORDS)
    return unchanged and _REQUEST_TYPES.isdisjoint(headers)


def pacing_override(caller: Caller, located: LocatedTurn | None) -> PacingFields | None:
    """Return the pacing of the request, its session, the turn or its scenario; None if none of them sets it."""
    if caller.settings.pacing is not None:
        return parse_pacing(caller.settings.pacing)
    return (located.turn.pacing or located.scenario.pacing) if located else None


def fault_overrides(caller: Caller, located: LocatedTurn | None) -> "Sequence[Fault]":
    """Return the faults of the request, its session, the turn or its scenario."""
    if caller.settings.fault is not None:
        return parse_faults(caller.settings.fault)
    written = None
    if located is not None:
        written = located.scenario.fault if located.turn.fault is None else located.turn.fault
    if written is None:
        return ()
    from gemulator.delivery.faults.schema import faults_of

    return faults_of(written)


async def count_prior_answers(
    store: Store, session: str, phases: Sequence[int], override: str | None, turn: str, *, dry: bool
) -> int:
    """Return the number of earlier answers with the same counted faults; `phases` are those of their schedule.

    Faults of an `override` (header or session) count all its answers, other faults those of one turn: `turn` is the
    name of its counter.
    """
    key = f"fault of {turn}"
    if override is not None:
        key = f"fault#{blake2b(override.encode(), digest_size=6).hexdigest()}"
    limits = [TurnLimit(f"{key}/{number}", times) for number, times in enumerate(phases)]
    phase = (await store.claim(session, key.encode(), limits, dry=dry)).index
    return sum(phases if phase is None else phases[:phase])
