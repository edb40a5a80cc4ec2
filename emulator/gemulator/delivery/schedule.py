"""Schedule of a delivery: pacing, then faults. Pure and repeatable."""

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
from gemulator.delivery.sent_events import recount
from gemulator.delivery.steps import Delivery, Step

if TYPE_CHECKING:
    from gemulator.delivery.faults.fault import Fault


class Schedule(Struct, frozen=True, dict=True):
    """Pacing of an answer, divisor of all waits (0: no waits), and faults in the order written.

    `own_waits` are those of each chunk that its author set, in seconds; None leaves a wait to the pacing.
    """

    pacing: Pacing = IMMEDIATE
    speed: float = 1.0
    faults: "Sequence[Fault]" = ()
    own_waits: Sequence[float | None] = ()

    @cached_property
    def is_noop(self) -> bool:
        """True if all steps stay unchanged."""
        return not self.faults and (not self.speed or (self.pacing == IMMEDIATE and not any(self.own_waits)))

    @cached_property
    def phases(self) -> Sequence[int]:
        """Sizes of the counting phases (see `counter_phases`); empty if no counter is needed."""
        return counter_phases(self.faults)

    def for_dialect(self, default: Failure, render: Callable[[Failure], bytes]) -> Self:
        """Return the schedule for one server, with its wording of mid-stream errors (see `Fault.for_dialect`)."""
        return (
            replace(self, faults=[fault.for_dialect(default, render) for fault in self.faults]) if self.faults else self
        )

    def waits(self, tokens: tuple[int, ...], seed: Seed, workload: Workload) -> Sequence[float]:
        """Return the waits of a stream with these token counts, the head's first."""
        if not self.pacing.jitter:
            steady = _steady if len(tokens) <= _MAX_CACHED else _steady.__wrapped__
            return steady(tokens, self.pacing, self.pacing.relevant(workload), self.speed)
        return array("d", waits(tokens, self.pacing, workload, seed.child("pacing"), self.speed))

    def apply(
        self,
        steps: Sequence[Step],
        seed: Seed,
        workload: Workload = NO_WORKLOAD,
        answers: int = 0,
        chunk_tokens: Sequence[int] | None = None,
    ) -> Delivery:
        """Return the steps as played, and the faults in them.

        `answers` is the number of earlier counted answers in the session, `chunk_tokens` are the token counts of the
        chunks that a whole body would have as a stream.
        """
        steps = pace(steps, self.pacing, workload, seed.child("pacing"), self.speed, chunk_tokens=chunk_tokens)
        if self.speed and self.own_waits:
            own = [None if wait is None else wait / self.speed for wait in self.own_waits[: len(steps) - 1]]
            pairs = zip(steps, [None, *own, *[0.0] * (len(steps) - 1 - len(own))], strict=True)
            steps = [step if wait is None else replace(step, wait=wait) for step, wait in pairs]
        if not self.faults:
            return Delivery(tuple(steps))
        faulty, names = apply_faults(steps, self.faults, answers, seed.child("faults"))
        return Delivery(tuple(recount(steps, faulty)) if names else faulty, faults=names)


PLAIN = Schedule()
_MAX_CACHED = 2_000  # chunks


@lru_cache(maxsize=256)
def _steady(tokens: tuple[int, ...], pacing: Pacing, workload: Workload, speed: float) -> Sequence[float]:
    """Return waits without jitter, equal for every attempt."""
    return array("d", waits(tokens, pacing, workload, Seed(b""), speed))
