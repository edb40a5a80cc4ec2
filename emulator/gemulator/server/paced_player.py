"""Paced stream player: writes chunks from event loop timers."""

import asyncio
from collections.abc import Sequence

from gemulator.delivery.paced_stream import PacedSteps
from gemulator.server.delivery_clock import DeliveryClock
from gemulator.server.protocol.connection import HttpConnection
from gemulator.server.response_body import Progress


class PacedPlayer:
    """Player of a paced stream after its head: each chunk at its deadline, chunks due together in one write.

    A chunk takes neither a task switch nor an ASGI message.
    """

    def __init__(self, steps: PacedSteps, connection: HttpConnection, clock: DeliveryClock, progress: Progress) -> None:
        self._steps = steps
        self._connection = connection
        self._clock = clock
        self._progress = progress
        self._next = 1
        self._deadline = clock.deadline + steps.waits[1]
        self._last_chunks: asyncio.Future[Sequence[bytes]] = connection.loop.create_future()
        self._timer: asyncio.TimerHandle | None = None

    async def play(self) -> Sequence[bytes]:
        """Write all chunks but the last ones. Return those when they are due: the caller ends the body with them."""
        self._set_timer(self._clock.now())
        try:
            return await self._last_chunks
        finally:
            self._connection.on_writable = None
            if self._timer is not None:
                self._timer.cancel()

    def _set_timer(self, now: float) -> None:
        self._timer = self._connection.loop.call_later(max(0.0, self._deadline - now), self._on_timer)

    def _on_timer(self) -> None:
        """Write what is due; if the client reads slowly, wait until the transport is writable again."""
        if self._last_chunks.done():  # cancelled in this turn of the loop: the client left
            return
        try:
            if self._connection.flow.write_paused:
                self._connection.on_writable = self._on_timer
            else:
                self._send_due(self._clock.now())
        except Exception as error:  # the loop would only log it, and the stream would never end
            self._last_chunks.set_exception(error)

    def _send_due(self, now: float) -> None:
        due = self._due_chunks(now)
        if self._next + len(due) == len(self._steps):
            self._last_chunks.set_result(due)
            return
        data = due[0] if len(due) == 1 else b"".join(due)
        self._connection.write_chunk(data)
        self._next += len(due)
        self._progress.add(len(due), len(data), now - self._clock.started)
        self._set_timer(now)

    def _due_chunks(self, now: float) -> Sequence[bytes]:
        """Return the next chunk and those after it that are due. Timers fire up to a millisecond early."""
        steps, waits, begin = self._steps, self._steps.waits, self._next
        due = [steps.data(begin)]
        for position in range(begin + 1, len(waits)):
            self._deadline += waits[position]
            if self._deadline > now or len(due) == steps.template.max_batch:
                break
            due.append(steps.data(position))
        return due
