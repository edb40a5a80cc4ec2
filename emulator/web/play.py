"""Plays a Delivery over ASGI: the only place that sleeps and writes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import assert_never

from starlette.types import Receive, Send

from emulator.delivery import Chunk, Cut, Delivery, Hang, Head, Step
from emulator.journal import Finished, Outcome

Sleep = Callable[[float], Awaitable[None]]


class Player:
    """Sends the steps of one delivery and counts what left. Waits end at deadlines, so that errors do not add up."""

    def __init__(self, send: Send, monotonic: Callable[[], float], sleep: Sleep) -> None:
        self._send = send
        self._monotonic = monotonic
        self._sleep = sleep
        self._started = monotonic()
        self._due = self._started
        self._chunks = 0
        self._bytes = 0
        self._first: float | None = None

    async def play(self, delivery: Delivery, receive: Receive) -> Finished:
        """Play all steps; a client that is gone ends it."""
        steps = delivery.steps
        if not any(step.wait for step in steps):
            return self.finished(await self._steps(steps))
        player = asyncio.current_task()
        gone = asyncio.ensure_future(_cancel_when_gone(receive, player))
        try:
            return self.finished(await self._steps(steps))
        except asyncio.CancelledError:
            if player is None or not gone.done():
                raise
            player.uncancel()
            return self.finished("client gone")
        finally:
            gone.cancel()

    async def _steps(self, steps: Sequence[Step]) -> Outcome:
        last = len(steps) - 1
        for position, step in enumerate(steps):
            if step.wait:
                await self._until(step.wait)
            match step:
                case Head():
                    await self._send({"type": "http.response.start", "status": step.status, "headers": step.headers})
                case Chunk():
                    await self._write(step.data, more=position < last)
                case Hang():
                    await self._until(step.seconds)
                    return "cut"
                case Cut():
                    return "cut"
                case _:
                    assert_never(step)
        return "completed"

    async def _until(self, wait: float) -> None:
        self._due += wait
        delay = self._due - self._monotonic()
        if delay > 0:
            await self._sleep(delay)

    async def _write(self, data: bytes, *, more: bool) -> None:
        if self._first is None:
            self._first = self._monotonic() - self._started
        self._chunks += 1
        self._bytes += len(data)
        await self._send({"type": "http.response.body", "body": data, "more_body": more})

    def finished(self, outcome: Outcome) -> Finished:
        """What has left until now."""
        return Finished(outcome, self._chunks, self._bytes, self._first, self._monotonic() - self._started)


async def _cancel_when_gone(receive: Receive, player: "asyncio.Task[object] | None") -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    if player is not None:
        player.cancel()
