"""Combined effect of faults on an answer.

Fault classes are imported on first use.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from gemulator.core.seed import Seed
from gemulator.delivery.steps import Step

if TYPE_CHECKING:
    from gemulator.delivery.faults.fault import Fault


def apply_faults(
    steps: Sequence[Step], faults: "Sequence[Fault]", answers: int, seed: Seed
) -> tuple[Sequence[Step], tuple[str, ...]]:
    """Return the steps with all faults that apply, in the order written, and the names of those that changed them.

    `answers` is the number of earlier answers in the session that counted for the faults.
    """
    steps = tuple(steps)
    names: list[str] = []
    for index, fault in enumerate(faults):
        own = seed.child(fault.key, index)
        if fault.applies(answers, own):
            before, steps = steps, tuple(fault.apply(steps, own))
            if steps != before:
                names.append(fault.key)
    return steps, tuple(names)


def counter_phases(faults: "Sequence[Fault]") -> Sequence[int]:
    """Return the sizes of the counting phases, after each of which another set of faults may apply.

    Empty if no fault counts, so no counter is needed.
    """
    ends = {fault.skip for fault in faults} | {fault.skip + fault.times for fault in faults if fault.times is not None}
    bounds = sorted(ends | {0})
    return [end - begin for begin, end in pairwise(bounds)]
