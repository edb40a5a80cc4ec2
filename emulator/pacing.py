"""When chunks leave: time to first token, tokens per second, jitter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from emulator.delivery import Chunk, Head, Step
from emulator.seed import Seed


@dataclass(frozen=True, slots=True)
class Pacing:
    """Seconds to the first token, tokens per second after it (0: at once), jitter as a share of each wait."""

    first_token: float = 0.0
    tokens_per_second: float = 0.0
    jitter: float = 0.0

    def wait(self, tokens: int) -> float:
        """Seconds that `tokens` take, without jitter."""
        return tokens / self.tokens_per_second if self.tokens_per_second else 0.0


AT_ONCE = Pacing()


def pace(steps: Sequence[Step], pacing: Pacing, seed: Seed, speed: float = 1.0, *, whole: bool) -> Sequence[Step]:
    """The steps with their waits; `speed` divides all of them, 0 removes them.

    A `whole` body leaves when the last token of its stream would have.
    """
    if not speed or pacing == AT_ONCE:
        return steps
    tokens = sum(step.tokens for step in steps if isinstance(step, Chunk)) if whole else 0
    lead = pacing.first_token + pacing.wait(tokens)
    return tuple(_paced(steps, replace(pacing, first_token=lead), seed, speed, whole))


def _paced(steps: Sequence[Step], pacing: Pacing, seed: Seed, speed: float, whole: bool) -> Iterator[Step]:
    for index, step in enumerate(steps):
        if isinstance(step, Head):
            yield replace(step, wait=_jittered(pacing.first_token, pacing.jitter, seed.child(index)) / speed)
        elif isinstance(step, Chunk) and index > 1 and not whole:
            yield replace(step, wait=_jittered(pacing.wait(step.tokens), pacing.jitter, seed.child(index)) / speed)
        else:
            yield step


def _jittered(wait: float, jitter: float, seed: Seed) -> float:
    return wait * (1 + jitter * (2 * seed.unit() - 1)) if jitter else wait
