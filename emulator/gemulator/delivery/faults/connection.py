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
    """The connection is closed without one byte."""

    key = "refuse"

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        yield CloseConnection()


class Reset(PositionedFault):
    """The connection ends with a TCP reset."""

    key = "reset"

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        struck = self.divide(steps)
        yield from struck.before if struck else steps
        if struck:
            yield CloseConnection(reset=True, wait=struck.wait)


class Disconnect(PositionedFault):
    """The connection is closed between two events, before the body is complete."""

    key = "disconnect"

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        struck = self.divide(steps)
        yield from struck.before if struck else steps
        if struck:
            yield CloseConnection(wait=struck.wait)


class CutEvent(PositionedFault):
    """The connection is closed within the next event: half of it has left."""

    key = "cut_event"

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        struck = self.divide(steps)
        at = next_chunk(struck.remaining()) if struck else None
        if struck is None or at is None:
            yield from steps
            return
        *earlier, cut = struck.remaining()[: at + 1]
        yield from (*struck.before, *earlier)
        if isinstance(cut, Chunk):
            yield replace(cut, data=cut.data[: len(cut.data) // 2])
        yield CloseConnection()


class Hanging(PositionedFault):
    """Nothing more comes; the connection stays open, then it is closed."""

    key = "hang"
    lasts: Annotated[Duration, Field(description="Until the connection is closed.")] = 600.0

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        struck = self.divide(steps)
        yield from struck.before if struck else steps
        if struck:
            yield Hang(self.lasts, wait=struck.wait)


class Stall(PositionedFault):
    """Nothing comes for a while; then the answer goes on."""

    key = "stall"
    lasts: Annotated[Duration, Field(description="How long nothing comes.")] = 5.0

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        struck = self.divide(steps)
        yield from (*struck.before, *struck.remaining(self.lasts)) if struck else steps


class SlowHeaders(Fault):
    """The bytes of the headers trickle: each read of the client is quick, all of them together are not."""

    key = "slow_headers"
    lasts: Annotated[Duration, Field(description="From the first byte of the headers to the last.")] = 5.0

    def apply(self, steps: Sequence[Step], seed: Seed) -> Iterator[Step]:
        for step in steps:
            if isinstance(step, Head):
                yield replace(step, bare=replace(step.bare or RawHead(), seconds=self.lasts))
            else:
                yield step
