"""Base classes of faults: when they apply, and at which step."""

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, ClassVar, Self

from msgspec import Struct
from msgspec.structs import replace
from pydantic import BaseModel, ConfigDict, Field, model_validator

from gemulator.core.count import MAX_COUNT
from gemulator.core.duration import Duration
from gemulator.core.plan import Failure
from gemulator.core.seed import Seed
from gemulator.core.share import Share
from gemulator.delivery.steps import Chunk, Head, RawHead, Step


class Fault(BaseModel):
    """A fault in the delivery of an answer. `key` is its YAML key."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)
    key: ClassVar[str]

    chance: Annotated[Share, Field(description="Probability of the fault, decided by the seed. Default: always.")] = 1.0
    times: Annotated[
        int | None, Field(ge=1, le=MAX_COUNT, description="Number of answers per session that have it. Default: all.")
    ] = None
    skip: Annotated[int, Field(ge=0, le=MAX_COUNT, description="Number of answers without it first.")] = 0

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        """Yield the steps as changed by this fault."""
        raise TypeError(f"{type(self).__name__} cannot be applied")  # pragma: no cover

    def for_dialect(self, default: Failure, render: Callable[[Failure], bytes]) -> "Fault":
        """Return the fault for one server: `render` makes its events for a mid-stream error, usually `default`."""
        return self

    def applies(self, answers: int, seed: Seed) -> bool:
        """Return True if the fault applies to an answer, after `answers` counted ones."""
        if answers < self.skip or (self.times is not None and answers >= self.skip + self.times):
            return False
        return self.chance >= 1 or seed.child("chance").unit() < self.chance


class SplitSteps(Struct, frozen=True):
    """Steps divided at a fault: those before it, the seconds until it applies, and those after it."""

    before: Sequence[Step]
    wait: float
    after: Sequence[Step]

    def remaining(self, later: float = 0.0) -> Sequence[Step]:
        """Return the remaining steps, delayed by `later` seconds."""
        if not self.after:
            return ()
        first = self.after[0]
        return (replace(first, wait=first.wait + self.wait + later), *self.after[1:])


class PositionedFault(Fault):
    """A fault with a position in the answer; the middle by default."""

    after_chunks: Annotated[
        int | None,
        Field(ge=0, le=MAX_COUNT, description="Position: after so many chunks; 0 is right after the headers."),
    ] = None
    after_bytes: Annotated[
        int | None, Field(ge=0, le=MAX_COUNT, description="Position: after so many bytes of the body.")
    ] = None
    after: Annotated[Duration | None, Field(description="Position: at this time; 0s is before the headers.")] = None

    @model_validator(mode="after")
    def _validate_single_position(self) -> Self:
        if sum(position is not None for position in (self.after_chunks, self.after_bytes, self.after)) > 1:
            raise ValueError("a fault has one position: set only one of after_chunks, after_bytes and after")
        return self

    def divide(self, steps: Sequence[Step]) -> SplitSteps | None:
        """Return the division at the fault's position, or None if the answer ends before it."""
        if self.after is not None:
            return _at_time(steps, self.after)
        if self.after_bytes is not None:
            return _at_byte(steps, self.after_bytes)
        if self.after_chunks is not None:
            return _at_chunk(steps, self.after_chunks)
        sizes = [len(step.data) for step in steps if isinstance(step, Chunk)]
        return _at_chunk(steps, len(sizes) // 2) if len(sizes) > 1 else _at_byte(steps, sum(sizes) // 2)

    def divide_body(self, steps: Sequence[Step]) -> SplitSteps | None:
        """Return `divide`, but with the headers before the position: the fault sends part of a body."""
        split = self.divide(steps)
        if split is None:
            return None
        after = split.remaining()
        heads = [position for position, step in enumerate(after) if isinstance(step, Head | RawHead)]
        if not heads:
            return split
        return SplitSteps((*split.before, *after[: heads[0] + 1]), 0.0, after[heads[0] + 1 :])


def _at_time(steps: Sequence[Step], seconds: float) -> SplitSteps | None:
    for position, step in enumerate(steps):
        if step.wait >= seconds:
            delayed = replace(step, wait=step.wait - seconds)
            return SplitSteps(steps[:position], seconds, (delayed, *steps[position + 1 :]))
        seconds -= step.wait
    return None


def _at_byte(steps: Sequence[Step], count: int) -> SplitSteps | None:
    for position, step in enumerate(steps):
        if isinstance(step, Chunk):
            if len(step.data) > count:
                return _inside(steps, position, count, 0)
            count -= len(step.data)
        if count == 0 and not isinstance(step, Head):
            return SplitSteps(steps[: position + 1], 0.0, steps[position + 1 :])
    return None


def _at_chunk(steps: Sequence[Step], count: int) -> SplitSteps | None:
    for position, step in enumerate(steps):
        if isinstance(step, Chunk):
            if step.events > count:
                return _inside(steps, position, len(step.data) * count // step.events, count)
            count -= step.events
    return SplitSteps(steps, 0.0, ()) if count == 0 else None


def _inside(steps: Sequence[Step], position: int, size: int, events: int) -> SplitSteps:
    """Divide within a chunk, after `size` bytes and `events` events."""
    step = steps[position]
    if not isinstance(step, Chunk) or not size:
        return SplitSteps(steps[:position], 0.0, steps[position:])
    begun = replace(step, data=step.data[:size], events=max(1, events))
    rest = replace(step, data=step.data[size:], tokens=0, wait=0.0, events=max(1, step.events - events))
    return SplitSteps((*steps[:position], begun), 0.0, (rest, *steps[position + 1 :]))


def next_chunk(steps: Sequence[Step]) -> int | None:
    """Return the position of the first chunk."""
    return next((position for position, step in enumerate(steps) if isinstance(step, Chunk)), None)
