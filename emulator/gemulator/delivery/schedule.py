"""When and how badly an answer is delivered: its pace, then its faults. Pure: it can be printed and repeated."""

from array import array
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Self

from msgspec import Struct
from msgspec.structs import replace

from gemulator.core.plan import Failure
from gemulator.core.seed import Seed
from gemulator.delivery.faults import apply_faults, counter_phases
from gemulator.delivery.pacing import IMMEDIATE, NO_WORKLOAD, Pacing, Workload, pace, waits
from gemulator.delivery.steps import Step

if TYPE_CHECKING:
    from gemulator.delivery.faults.fault import Fault


class Schedule(Struct, frozen=True, dict=True):
    """The pace of an answer, what divides all its waits (0: none is left), and its faults in the order written."""

    pacing: Pacing = IMMEDIATE
    speed: float = 1.0
    faults: "Sequence[Fault]" = ()

    @cached_property
    def is_noop(self) -> bool:
        """Whether it leaves all steps as they are."""
        return not self.faults and (not self.speed or self.pacing == IMMEDIATE)

    @cached_property
    def phases(self) -> Sequence[int]:
        """How many answers have to be counted, in pieces that differ in their faults; nothing: no counter is needed."""
        return counter_phases(self.faults)

    def for_dialect(self, usual: Failure, say: Callable[[Failure], bytes]) -> Self:
        """The schedule for one server, with its own words in the faults that speak (see Fault.worded)."""
        return replace(self, faults=[fault.for_dialect(usual, say) for fault in self.faults]) if self.faults else self

    def waits(self, tokens: tuple[int, ...], seed: Seed, effort: Workload) -> Sequence[float]:
        """The waits of a stream whose chunks have so many tokens, its head's first."""
        if not self.pacing.jitter:
            return _steady(tokens, self.pacing, self.pacing.relevant(effort), self.speed)
        return array("d", waits(tokens, self.pacing, effort, seed.child("pacing"), self.speed))

    def apply(
        self,
        steps: Sequence[Step],
        seed: Seed,
        effort: Workload = NO_WORKLOAD,
        answers: int = 0,
        beats: Sequence[int] | None = None,
    ) -> Sequence[Step]:
        """The steps as they are played. `answers`: how many that may have the faults went before, in their session.

        `beats` are the tokens of the chunks that a whole body would have had as a stream.
        """
        steps = pace(steps, self.pacing, effort, seed.child("pacing"), self.speed, beats=beats)
        return apply_faults(steps, self.faults, answers, seed.child("faults")) if self.faults else steps


PLAIN = Schedule()


@lru_cache(maxsize=1024)
def _steady(tokens: tuple[int, ...], pacing: Pacing, effort: Workload, speed: float) -> Sequence[float]:
    """Waits without jitter: every attempt has the same."""
    return array("d", waits(tokens, pacing, effort, Seed(b""), speed))
