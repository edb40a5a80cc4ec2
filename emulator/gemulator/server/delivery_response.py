"""ASGI response that plays a delivery."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import TypeAlias, assert_never

from msgspec.structs import replace
from starlette.types import Receive, Scope, Send

from gemulator.delivery.live_steps import LiveSteps
from gemulator.delivery.paced_stream import PacedSteps
from gemulator.delivery.steps import Chunk, CloseConnection, Delivery, Hang, Head, Step
from gemulator.server.delivery_clock import DeliveryClock
from gemulator.server.disconnect_watch import DisconnectWatch
from gemulator.server.paced_player import PacedPlayer
from gemulator.server.protocol.connection import HttpConnection, connection_of, wait_for_disconnect
from gemulator.server.response_body import Progress, ResponseBody
from gemulator.state.journal.entry import Finished, Outcome

RecordEnd: TypeAlias = Callable[[Finished], Awaitable[None]]


class DeliveryResponse:
    """Response that sends the steps of a delivery at their deadlines. Chunks that are due together leave together.

    `stream` counts the events of a stream as chunks; otherwise each step with an event counts as one. `record` is
    awaited with the end of the delivery before its last bytes leave: a client that has them finds the end recorded.
    """

    def __init__(
        self, delivery: Delivery, clock: DeliveryClock, *, stream: bool, record: RecordEnd | None = None
    ) -> None:
        self._steps = delivery.steps
        self._clock = clock
        self._stream = stream
        self._progress = Progress()
        self._outcome: Outcome = "failed"
        self._record = record
        self.recorded: Outcome | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._connection = connection_of(scope)
        self._body = ResponseBody(send, self._connection, self._clock, self._progress)
        if self._record is not None:
            self._body.before_end = self._record_end
        self._watch = DisconnectWatch(self._connection, receive)
        self._is_chunked = scope.get("http_version") != "1.0"
        if not _is_immediate(self._steps):
            self._outcome = await self._play_watched()
            return
        outcome = await self._play(self._steps)
        self._outcome = "client gone" if outcome == "completed" and self._client_left else outcome

    @property
    def finished(self) -> Finished:
        """Counts and outcome. The outcome is `failed` until the call has returned."""
        return self._finished_as(self._outcome)

    def _finished_as(self, outcome: Outcome) -> Finished:
        sent, clock, steps = self._progress, self._clock, self._steps
        end = Finished(outcome, sent.chunks, sent.bytes, sent.first, clock.elapsed(), clock.started, sent.head)
        return replace(end, upstream=steps.end, answer=steps.answer) if isinstance(steps, LiveSteps) else end

    async def _record_end(self) -> None:
        await self._record_as("cut" if self._body.raw and self._body.is_short else "completed")

    async def _record_as(self, outcome: Outcome) -> None:
        if self._record is not None:
            await self._record(self._finished_as(outcome))
            self.recorded = outcome

    async def _cut(self, *, reset: bool) -> Outcome:
        await self._body.flush_pending()
        await self._record_as("cut")
        await self._close(reset=reset)
        return "cut"

    @property
    def _client_left(self) -> bool:
        return self._connection is not None and self._connection.client_left

    async def _play_watched(self) -> Outcome:
        """Play steps that take time, until the client disconnects or the server stops."""
        if self._client_left:  # while the answer was computed
            return "client gone"
        if self._connection is not None and self._connection.half_closed:  # it may be gone, which is not noticed
            await self._close(reset=False)
            return "client gone"
        if self._steps:
            self._clock.postpone(self._steps[0].wait)
        connection = self._connection
        try:
            with self._watch:
                return await self._play_slowly(connection)
        except asyncio.CancelledError:
            self._watch.uncancel()
            if self._watch.client_left:
                return "client gone"
            if connection is not None:  # the server stops and its grace period is over
                connection.abort()
                await wait_for_disconnect(self._receive)
            return "cut"

    async def _play_slowly(self, connection: HttpConnection | None) -> Outcome:
        steps = self._steps
        if isinstance(steps, LiveSteps):
            return await self._play_live(steps)
        if isinstance(steps, PacedSteps) and connection is not None and self._may_use_timers(steps):
            return await self._play_paced(steps, connection)
        return await self._play(steps)

    async def _play_live(self, steps: LiveSteps) -> Outcome:
        """Send each step when it comes. Waits are those of the upstream."""
        async with aclosing(steps.play()) as played:
            async for step in played:
                match step:
                    case Head():
                        await self._body.start(step)
                    case Chunk():
                        self._body.add(step.data, step.events)
                        await self._body.flush_pending()
                    case Hang() | CloseConnection():
                        return await self._cut(reset=False)
                    case _:
                        assert_never(step)
        await self._body.flush(more=False)
        return "completed"

    def _may_use_timers(self, steps: PacedSteps) -> bool:
        return self._is_chunked and steps.template.max_batch > 0 and self._clock.timing.uses_event_loop

    async def _play_paced(self, steps: PacedSteps, connection: HttpConnection) -> Outcome:
        await self._wait(steps.waits[0])
        await self._body.start(steps.head)
        for chunk in await PacedPlayer(steps, connection, self._clock, self._progress).play():
            self._body.add(chunk)
        await self._body.flush(more=False)
        return "completed"

    async def _play(self, steps: Sequence[Step]) -> Outcome:
        for step in steps:
            if step.wait:
                await self._wait(step.wait)
            match step:
                case Head():
                    await self._body.start(step)
                case Chunk():
                    self._body.add(step.data, step.events if self._stream else 1 if step.events else 0)
                case Hang():
                    await self._wait(step.seconds)
                    return await self._cut(reset=False)
                case CloseConnection():
                    return await self._cut(reset=step.reset)
                case _:
                    assert_never(step)
        await self._body.flush(more=False)
        if self._body.raw:
            await self._close(reset=False)
            return "cut" if self._body.is_short else "completed"
        return "completed"

    async def _wait(self, seconds: float) -> None:
        await self._body.flush_pending()
        await self._clock.wait(seconds)

    async def _close(self, *, reset: bool) -> None:
        """Close the connection and wait for its end, because uvicorn logs an error for an incomplete response."""
        await self._body.flush_pending()
        self._watch.disarm()
        if self._connection is not None:
            self._connection.reset() if reset else self._connection.close()
            await wait_for_disconnect(self._receive)


def _is_immediate(steps: Sequence[Step]) -> bool:
    """Return True if no step takes time."""
    if isinstance(steps, PacedSteps | LiveSteps):
        return False
    for step in steps:
        if step.wait or isinstance(step, Hang) or (isinstance(step, Head) and step.bare is not None):
            return False
    return True
