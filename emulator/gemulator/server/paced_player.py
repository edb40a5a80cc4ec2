"""Sends the chunks of a paced stream from the loop's own timers: for a chunk no task wakes, and no message is made."""

import asyncio
from collections.abc import Callable, Sequence

from gemulator.delivery.paced_stream import PacedSteps
from gemulator.server.protocol.connection import HttpConnection


class PacedPlayer:
    """Plays a stream whose head has left: each chunk at its deadline, what is due together in one write.

    It counts what it sent; `first` is when its first byte left.
    """

    __slots__ = ("_due", "_end", "_monotonic", "_next", "_paced", "_timer", "_wire", "bytes", "first")

    def __init__(self, paced: PacedSteps, wire: HttpConnection, monotonic: Callable[[], float], began: float) -> None:
        self.bytes = 0
        self.first: float | None = None
        self._paced = paced
        self._wire = wire
        self._monotonic = monotonic
        self._next = 1
        self._due = began + paced.waits[1]
        self._end: asyncio.Future[Sequence[bytes]] = wire.loop.create_future()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def chunks(self) -> int:
        """How many were sent."""
        return self._next - 1

    async def play(self) -> Sequence[bytes]:
        """Returns the last chunks when they are due: whoever sends them says that they are the last."""
        self._wait(self._monotonic())
        try:
            return await self._end
        finally:
            self._wire.on_writable = None
            if self._timer is not None:
                self._timer.cancel()

    def _wait(self, now: float) -> None:
        self._timer = self._wire.loop.call_later(max(0.0, self._due - now), self._tick)

    def _tick(self) -> None:
        """Send what is due, unless the client reads slowly: then when it has read."""
        try:
            if self._wire.flow.write_paused:
                self._wire.on_writable = self._tick
            else:
                self._send(self._monotonic())
        except Exception as error:  # in a timer it would only be logged, and the stream would never end
            self._end.set_exception(error)

    def _send(self, now: float) -> None:
        due = self._due_at(now)
        if self._next + len(due) == len(self._paced):
            self._end.set_result(due)
            return
        data = due[0] if len(due) == 1 else b"".join(due)
        self._wire.write_chunk(data)
        self._next += len(due)
        self.bytes += len(data)
        if self.first is None:
            self.first = now
        self._wait(now)

    def _due_at(self, now: float) -> Sequence[bytes]:
        """The next chunk, for timers are early by up to a millisecond, and those after it that are due."""
        paced, waits, begin = self._paced, self._paced.waits, self._next
        due = [paced.data(begin)]
        for position in range(begin + 1, len(waits)):
            self._due += waits[position]
            if self._due > now or len(due) == paced.template.max_batch:
                break
            due.append(paced.data(position))
        return due
