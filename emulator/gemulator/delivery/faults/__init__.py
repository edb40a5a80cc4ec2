"""Every fault, and what they make of an answer together. Their classes are imported where one is written."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from gemulator.core.seed import Seed
from gemulator.delivery.steps import Step

if TYPE_CHECKING:
    from gemulator.delivery.faults.fault import Fault


def apply_faults(steps: Sequence[Step], faults: "Sequence[Fault]", answers: int, seed: Seed) -> Sequence[Step]:
    """The steps with all faults that strike, in the order written.

    `answers` of the session that may have them have gone before.
    """
    for index, fault in enumerate(faults):
        own = seed.child(fault.key, index)
        if fault.applies(answers, own):
            steps = tuple(fault.apply(steps, own))
    return steps


def counter_phases(faults: "Sequence[Fault]") -> Sequence[int]:
    """How many answers must be counted, in pieces: after each of them another set of faults may strike.

    Nothing: no fault counts, and no counter is needed.
    """
    ends = {fault.skip for fault in faults} | {fault.skip + fault.times for fault in faults if fault.times is not None}
    marks = sorted(ends | {0})
    return [end - begin for begin, end in pairwise(marks)]
