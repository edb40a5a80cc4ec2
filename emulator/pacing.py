"""When chunks leave: time to first token, tokens per second, jitter, and what else makes a model slow."""

import math
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from emulator.delivery import Chunk, Head, Step
from emulator.seed import Seed

if TYPE_CHECKING:
    from statistics import NormalDist

Spread: TypeAlias = Literal["uniform", "normal", "lognormal"]


class Pacing(Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds to the first token, tokens per second after it (0: at once), jitter as a share of each wait.

    `jitter` is the half width of a uniform spread, else the standard deviation; no wait is more than `cap` times as
    long as it would be without. The prompt and the thoughts that are not shown take their time before the first
    token, where a rate is given for them. `load` is what each other answer under way adds to all waits, as a share.
    """

    first_token: float = 0.0
    tokens_per_second: float = 0.0
    jitter: float = 0.0
    spread: Spread = "uniform"
    cap: float = 4.0
    prompt_tokens_per_second: float = 0.0
    thinking_tokens_per_second: float = 0.0
    load: float = 0.0


class Effort(Struct, frozen=True):
    """What an answer costs beside its visible tokens: the prompt's, those thought in silence, and other answers."""

    prompt_tokens: int = 0
    hidden_tokens: int = 0
    others: int = 0


AT_ONCE = Pacing()
NO_EFFORT = Effort()


def pace(
    steps: Sequence[Step], pacing: Pacing, effort: Effort, seed: Seed, speed: float = 1.0, *, whole: bool
) -> Sequence[Step]:
    """The steps with their waits; `speed` divides all of them, 0 removes them.

    A `whole` body leaves when the last event of its stream would have.
    """
    if not speed or pacing == AT_ONCE:
        return steps
    factor = (1 + pacing.load * effort.others) / speed
    return tuple(_whole(steps, pacing, effort, seed, factor) if whole else _stream(steps, pacing, effort, seed, factor))


def _stream(steps: Sequence[Step], pacing: Pacing, effort: Effort, seed: Seed, factor: float) -> Iterator[Step]:
    tokens = [step.tokens if isinstance(step, Chunk) else 0 for step in steps[1:]]
    for step, wait in zip(steps, _waits(tokens, pacing, effort, seed, factor), strict=True):
        yield replace(step, wait=wait) if wait else step


def waits(tokens: Sequence[int], pacing: Pacing, effort: Effort, seed: Seed, speed: float = 1.0) -> Iterator[float]:
    """The waits of a stream whose chunks have so many tokens: of its head, then of each chunk."""
    return _waits(tokens, pacing, effort, seed, (1 + pacing.load * effort.others) / speed)


def _waits(tokens: Sequence[int], pacing: Pacing, effort: Effort, seed: Seed, factor: float) -> Iterator[float]:
    yield _first(pacing, effort, seed) * factor
    for index, count in enumerate(tokens, start=1):
        wait = _time(count, pacing.tokens_per_second) if index > 1 else 0.0
        yield (_jittered(wait, pacing, seed.child(index)) if pacing.jitter else wait) * factor


def _whole(steps: Sequence[Step], pacing: Pacing, effort: Effort, seed: Seed, factor: float) -> Iterator[Step]:
    body = next((step for step in steps if isinstance(step, Chunk)), Chunk(b""))
    each = _time(max(0, body.tokens - effort.hidden_tokens), pacing.tokens_per_second) / body.events
    rest = sum(_jittered(each, pacing, seed.child(index)) for index in range(2, body.events + 1))
    for step in steps:
        yield replace(step, wait=(_first(pacing, effort, seed) + rest) * factor) if isinstance(step, Head) else step


def _first(pacing: Pacing, effort: Effort, seed: Seed) -> float:
    reading = _time(effort.prompt_tokens, pacing.prompt_tokens_per_second)
    thinking = _time(effort.hidden_tokens, pacing.thinking_tokens_per_second)
    return _jittered(pacing.first_token + reading + thinking, pacing, seed.child(0))


def _time(tokens: float, rate: float) -> float:
    return tokens / rate if rate else 0.0


def _jittered(wait: float, pacing: Pacing, seed: Seed) -> float:
    if not pacing.jitter or not wait:
        return wait
    return wait * min(max(_factor(pacing.jitter, pacing.spread, seed.unit()), 0.0), pacing.cap)


def _factor(jitter: float, spread: Spread, unit: float) -> float:
    """A factor with mean 1, from a number between 0 and 1."""
    if spread == "uniform":
        return 1 + jitter * (2 * unit - 1)
    deviate = _normal().inv_cdf(max(unit, 2.0**-54))
    match spread:
        case "normal":
            return 1 + jitter * deviate
        case "lognormal":
            sigma = math.sqrt(math.log1p(jitter**2))
            return math.exp(sigma * deviate - sigma**2 / 2)
        case _:
            assert_never(spread)


@cache
def _normal() -> "NormalDist":
    from statistics import NormalDist

    return NormalDist()
