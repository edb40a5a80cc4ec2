"""Combined effect of faults on an answer.

Fault classes are imported on first use.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from gemulator.core.seed import Seed
from gemulator.delivery.steps import CloseConnection, Hang, Step

if TYPE_CHECKING:
    from gemulator.delivery.faults.fault import Fault


def apply_faults(
    steps: Sequence[Step], faults: "Sequence[Fault]", answers: int, seed: Seed
) -> tuple[Sequence[Step], tuple[str, ...]]:
    """Return the steps with all faults that apply, in the order written, and the names of those that changed them.

    A fault without which the steps were the same, because a later one replaces the answer, is not named. `answers` is
    the number of earlier answers in the session that counted for the faults.
    """
    seeded = [(fault, seed.child(fault.key, index)) for index, fault in enumerate(faults)]
    struck = [(fault, own) for fault, own in seeded if fault.applies(answers, own)]
    faulty = _apply(steps, struck)
    for one in tuple(struck):
        others = [other for other in struck if other is not one]
        if _apply(steps, others) == faulty:
            struck = others
    return faulty, tuple(fault.key for fault, _ in struck)


def _apply(steps: Sequence[Step], faults: "Sequence[tuple[Fault, Seed]]") -> Sequence[Step]:
    steps = tuple(steps)
    for fault, seed in faults:
        steps = _until_closed(fault.apply(steps, seed))
    return steps


def _until_closed(steps: Iterable[Step]) -> Sequence[Step]:
    """Return the steps up to the one that ends the connection."""
    kept: list[Step] = []
    for step in steps:
        kept.append(step)
        if isinstance(step, CloseConnection | Hang):
            break
    return tuple(kept)


def counter_phases(faults: "Sequence[Fault]") -> Sequence[int]:
    """Return the sizes of the counting phases, after each of which another set of faults may apply.

    Empty if no fault counts, so no counter is needed.
    """
    ends = {fault.skip for fault in faults} | {fault.skip + fault.times for fault in faults if fault.times is not None}
    bounds = sorted(ends | {0})
    return [end - begin for begin, end in pairwise(bounds)]
