"""Times of an upstream's answer."""

import asyncio

from gemulator.delivery.live_steps import LiveSteps


class Stopwatch:
    """Waits between the steps of an answer, and its first byte, from the moment the request is sent."""

    def __init__(self, live: LiveSteps) -> None:
        self.live = live
        self._now = asyncio.get_running_loop().time
        self._began = self._last = self._now()

    def wait(self) -> float:
        """Return the seconds since the last call."""
        last, self._last = self._last, self._now()
        return self._last - last

    def count(self, data: bytes) -> None:
        """Count bytes of the body."""
        if self.live.first is None:
            self.live.first = self._now() - self._began
        self.live.bytes += len(data)
