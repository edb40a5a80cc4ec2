"""When and how badly an answer is delivered: its pace, then its faults. Pure: it can be printed and repeated."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from emulator.delivery import Step
from emulator.faults import Fault, faulty, phases
from emulator.pacing import AT_ONCE, NO_EFFORT, Effort, Pacing, pace
from emulator.seed import Seed


@dataclass(frozen=True)
class Schedule:
    """The pace of an answer, what divides all its waits (0: none is left), and its faults in the order written."""

    pacing: Pacing = AT_ONCE
    speed: float = 1.0
    faults: Sequence[Fault] = ()

    @property
    def plain(self) -> bool:
        """Whether it leaves all steps as they are."""
        return not self.faults and (not self.speed or self.pacing == AT_ONCE)

    @cached_property
    def phases(self) -> Sequence[int]:
        """How many answers have to be counted, in pieces that differ in their faults; nothing: no counter is needed."""
        return phases(self.faults)

    def apply(
        self, steps: Sequence[Step], seed: Seed, effort: Effort = NO_EFFORT, answers: int = 0, *, whole: bool
    ) -> Sequence[Step]:
        """The steps as they are played. `answers`: how many that may have the faults went before, in their session."""
        steps = pace(steps, self.pacing, effort, seed.child("pacing"), self.speed, whole=whole)
        return faulty(steps, self.faults, answers, seed.child("faults")) if self.faults else steps


PLAIN = Schedule()
