"""Clock of a delivery: deadlines counted from the start of its request."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from msgspec import Struct

Sleep: TypeAlias = Callable[[float], Awaitable[None]]


class Timing(Struct, frozen=True):
    """Time source of an application: monotonic seconds, and the coroutine that sleeps."""

    monotonic: Callable[[], float]
    sleep: Sleep

    @property
    def uses_event_loop(self) -> bool:
        """True if waits may use the event loop's own timers."""
        return self.sleep is asyncio.sleep


class DeliveryClock:
    """Deadlines of one delivery. They are absolute, so that delays do not add up."""

    __slots__ = ("deadline", "started", "timing")

    def __init__(self, timing: Timing, started: float) -> None:
        self.timing = timing
        self.started = started
        self.deadline = started

    def now(self) -> float:
        """Return the time in monotonic seconds."""
        return self.timing.monotonic()

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return self.now() - self.started

    def postpone(self, first_wait: float) -> None:
        """Move the deadlines by the time the answer took to compute beyond the wait for its first step.

        The whole delivery is then late, and its steps keep their pace.
        """
        self.deadline += max(0.0, self.elapsed() - first_wait)

    async def wait(self, seconds: float) -> None:
        """Move the deadline and sleep until it."""
        self.deadline += seconds
        delay = self.deadline - self.now()
        if delay > 0:
            await self.timing.sleep(delay)
