"""Pacing of chunks: time to first token, tokens per second, jitter."""

import math
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from gemulator.core.seed import Seed
from gemulator.delivery.steps import Chunk, Head, Step

if TYPE_CHECKING:
    from statistics import NormalDist

Spread: TypeAlias = Literal["uniform", "normal", "lognormal"]


class Workload(Struct, frozen=True):
    """Work of an answer beside its visible tokens: prompt tokens, hidden thoughts, concurrent answers."""

    prompt_tokens: int = 0
    hidden_tokens: int = 0
    others: int = 0


class Pacing(Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds to the first token, tokens per second after it (0: unlimited), jitter as a share of each wait.

    `jitter` is the half width of a uniform spread, otherwise the standard deviation; `cap` limits a wait to that many
    times its length without jitter. Prompt and hidden thoughts delay the first token if a rate is given for them.
    `load` is the share that each concurrent answer adds to all waits.
    """

    first_token: float = 0.0
    tokens_per_second: float = 0.0
    jitter: float = 0.0
    spread: Spread = "uniform"
    cap: float = 4.0
    prompt_tokens_per_second: float = 0.0
    thinking_tokens_per_second: float = 0.0
    load: float = 0.0

    def relevant(self, workload: Workload) -> Workload:
        """Return the part of the workload that takes time."""
        prompt = workload.prompt_tokens if self.prompt_tokens_per_second else 0
        hidden = workload.hidden_tokens if self.thinking_tokens_per_second else 0
        return Workload(prompt, hidden, workload.others if self.load else 0)


IMMEDIATE = Pacing()
NO_WORKLOAD = Workload()


def pace(
    steps: Sequence[Step],
    pacing: Pacing,
    workload: Workload,
    seed: Seed,
    speed: float = 1.0,
    *,
    chunk_tokens: Sequence[int] | None = None,
) -> Sequence[Step]:
    """Return the steps with their waits; `speed` divides all of them, 0 removes them.

    `chunk_tokens` are the tokens of each chunk that a whole body would have as a stream: it is sent with the last one.
    """
    if not speed or pacing == IMMEDIATE:
        return steps
    if chunk_tokens is not None:
        wait = sum(waits(chunk_tokens, pacing, workload, seed, speed))
        return tuple([replace(step, wait=wait) if isinstance(step, Head) else step for step in steps])
    tokens = [step.tokens if isinstance(step, Chunk) else 0 for step in steps[1:]]
    pairs = zip(steps, waits(tokens, pacing, workload, seed, speed), strict=True)
    return tuple([replace(step, wait=wait) if wait else step for step, wait in pairs])


def waits(tokens: Sequence[int], pacing: Pacing, workload: Workload, seed: Seed, speed: float = 1.0) -> Sequence[float]:
    """Return the waits of a stream with these token counts: of its head, then of each chunk."""
    factor = (1 + pacing.load * workload.others) / speed
    reading = _mean_waits(workload.prompt_tokens, pacing.prompt_tokens_per_second)
    thinking = _mean_waits(workload.hidden_tokens, pacing.thinking_tokens_per_second)
    rest = [_mean_waits(count, pacing.tokens_per_second) * factor for count in tokens[1:]]
    steady = [(pacing.first_token + reading + thinking) * factor, *[0.0 for _ in tokens[:1]], *rest]
    if not pacing.jitter:
        return steady
    return [wait * share for wait, share in zip(steady, _shares(pacing, len(steady), seed), strict=False)]


def _mean_waits(tokens: float, rate: float) -> float:
    return tokens / rate if rate else 0.0


_DRAWS = 8  # numbers per hash


def _shares(pacing: Pacing, count: int, seed: Seed) -> Iterator[float]:
    """Yield the jitter factor of each wait. It depends on the position only."""
    factor = _FACTORS[pacing.spread](pacing.jitter)
    for block in range(0, count, _DRAWS):
        for number in struct.unpack(f"<{_DRAWS}Q", seed.child(block).bytes(8 * _DRAWS)):
            yield min(max(factor((number >> 11) * 2.0**-53), 0.0), pacing.cap)


_Factor: TypeAlias = Callable[[float], float]  # factor with mean 1 from a number between 0 and 1


def _uniform(jitter: float) -> _Factor:
    return lambda unit: 1 + jitter * (2 * unit - 1)


def _normal(jitter: float) -> _Factor:
    return lambda unit: 1 + jitter * _deviate(unit)


def _lognormal(jitter: float) -> _Factor:
    sigma = math.sqrt(math.log1p(jitter**2))
    return lambda unit: math.exp(sigma * _deviate(unit) - sigma**2 / 2)


def _deviate(unit: float) -> float:
    return _normal_distribution().inv_cdf(max(unit, 2.0**-54))


@cache
def _normal_distribution() -> "NormalDist":
    from statistics import NormalDist

    return NormalDist()


_FACTORS: Mapping[Spread, Callable[[float], _Factor]] = {
    "uniform": _uniform,
    "normal": _normal,
    "lognormal": _lognormal,
}
