"""What was ordered for the delivery of an answer: the nearest to the request counts."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

from gemulator.request.target import Caller
from gemulator.scenario.delivery_fields import PacingFields, parse_faults, parse_pacing
from gemulator.scenario.turns import LocatedTurn
from gemulator.state.store import Store, TurnLimit

if TYPE_CHECKING:
    from gemulator.delivery.faults.fault import Fault


def pacing_override(caller: Caller, place: LocatedTurn | None) -> PacingFields | None:
    """What was written about the pace: for the request or its session, for the turn, for the scenario."""
    if caller.pacing is not None:
        return parse_pacing(caller.pacing)
    return (place.turn.pacing or place.scenario.pacing) if place else None


def fault_overrides(caller: Caller, place: LocatedTurn | None) -> "Sequence[Fault]":
    """The faults, from where they were written nearest to the request."""
    if caller.fault is not None:
        return parse_faults(caller.fault)
    written = None if place is None else place.scenario.fault if place.turn.fault is None else place.turn.fault
    if written is None:
        return ()
    from gemulator.delivery.faults.schema import faults_of

    return faults_of(written)


async def count_prior_answers(
    store: Store, session: str, phases: Sequence[int], ordered: str | None, turn: str, *, dry: bool
) -> int:
    """How many answers with the same counted faults went before; `phases` as of their schedule.

    Faults that a header or session `ordered` count all its answers, others those of one turn: `turn` names its counter.
    """
    key = f"fault of {turn}"
    if ordered is not None:
        key = f"fault#{blake2b(ordered.encode(), digest_size=6).hexdigest()}"
    limits = [TurnLimit(f"{key}/{number}", times) for number, times in enumerate(phases)]
    phase = (await store.claim(session, key.encode(), limits, dry=dry)).index
    return sum(phases if phase is None else phases[:phase])
