"""Faults of the connection."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from msgspec.structs import replace
from pydantic import Field

from gemulator.core.duration import Duration
from gemulator.core.seed import Seed
from gemulator.delivery.faults.fault import Fault, PositionedFault, next_chunk
from gemulator.delivery.steps import Chunk, CloseConnection, Hang, Head, RawHead, Step


class Refuse(Fault):
    """The connection is closed before the first byte."""

    key = "refuse"

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        yield CloseConnection()


class Reset(PositionedFault):
    """The connection ends with a TCP reset."""

    key = "reset"

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        split = self.divide(steps)
        yield from split.before if split else steps
        if split:
            yield CloseConnection(reset=True, wait=split.wait)


class Disconnect(PositionedFault):
    """The connection is closed between two events, before the body is complete."""

    key = "disconnect"

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        split = self.divide(steps)
        yield from split.before if split else steps
        if split:
            yield CloseConnection(wait=split.wait)


class CutEvent(PositionedFault):
    """The connection is closed within the next event, after half of its bytes."""

    key = "cut_event"

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        split = self.divide(steps)
        at = next_chunk(split.remaining()) if split else None
        if split is None or at is None:
            yield from steps
            return
        *earlier, cut = split.remaining()[: at + 1]
        yield from (*split.before, *earlier)
        if isinstance(cut, Chunk):
            yield replace(cut, data=cut.data[: len(cut.data) // 2])
        yield CloseConnection()


class Hanging(PositionedFault):
    """No more data; the connection stays open, then it is closed."""

    key = "hang"
    lasts: Annotated[Duration, Field(description="Time until the connection is closed.")] = 600.0

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        split = self.divide(steps)
        yield from split.before if split else steps
        if split:
            yield Hang(self.lasts, wait=split.wait)


class Stall(PositionedFault):
    """A pause without data; then the answer continues."""

    key = "stall"
    lasts: Annotated[Duration, Field(description="Length of the pause.")] = 5.0

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        split = self.divide(steps)
        yield from (*split.before, *split.remaining(self.lasts)) if split else steps


class SlowHeaders(Fault):
    """The bytes of the headers arrive slowly: no single read of the client takes long, all of them together do."""

    key = "slow_headers"
    lasts: Annotated[Duration, Field(description="Time from the first byte of the headers to the last.")] = 5.0

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        for step in steps:
            if isinstance(step, Head):
                yield replace(step, bare=replace(step.bare or RawHead(), seconds=self.lasts))
            else:
                yield step
