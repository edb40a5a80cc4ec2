"""Plays a Delivery over ASGI: here and in the metronome is all that sleeps and writes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import assert_never

from starlette.types import Receive, Send

from gemulator.delivery.paced_stream import PacedSteps
from gemulator.delivery.steps import LARGEST_WRITE, Chunk, CloseConnection, Delivery, Hang, Head, Step
from gemulator.server.paced_player import PacedPlayer
from gemulator.server.protocol.connection import HttpConnection, raw_head, wait_for_disconnect
from gemulator.state.journal.entry import Finished, Outcome

Sleep = Callable[[float], Awaitable[None]]

_TRICKLE = 20  # pieces of a head that trickles


class Player:
    """Sends the steps of one delivery and counts what left: the events of a stream, else the pieces of a body.

    Waits end at deadlines, so that errors do not add up; chunks that are due together leave together.
    """

    __slots__ = (
        "_bare",
        "_browser",
        "_bytes",
        "_chunks",
        "_due",
        "_due_chunks",
        "_due_data",
        "_ending",
        "_first",
        "_left",
        "_monotonic",
        "_own_sleep",
        "_receive",
        "_send",
        "_sleep",
        "_started",
        "_stream",
        "_wire",
    )

    def __init__(
        self,
        send: Send,
        receive: Receive,
        monotonic: Callable[[], float],
        sleep: Sleep,
        wire: HttpConnection | None = None,
        *,
        browser: bool = False,
        stream: bool = True,
        began: float | None = None,
    ) -> None:
        self._send = send
        self._receive = receive
        self._monotonic = monotonic
        self._sleep = sleep
        self._own_sleep = sleep is not asyncio.sleep  # then nothing may wait in the loop's timers
        self._wire = wire
        self._browser = browser
        self._stream = stream
        self._started = monotonic() if began is None else began
        self._due = self._started
        self._due_data: list[bytes] = []
        self._due_chunks = 0
        self._bare = False
        self._ending = False
        self._left = False
        self._chunks = 0
        self._bytes = 0
        self._first: float | None = None

    async def play(self, delivery: Delivery) -> Finished:
        """Play all steps. A client that is gone ends it, as does a server that stops."""
        steps = delivery.steps
        if not _still(steps):
            outcome = await self._watched(steps)
        else:
            outcome = await self._steps(steps)
            if self._wire is not None and outcome == "completed" and self._wire.client_left:
                outcome = "client gone"
        return self.finished(outcome)

    def finished(self, outcome: Outcome) -> Finished:
        """What has left so far, and how it ended."""
        began = self._started
        return Finished(outcome, self._chunks, self._bytes, self._first, self._monotonic() - began, began)

    async def _watched(self, steps: Sequence[Step]) -> Outcome:
        """Play while looking out for the client."""
        if self._wire is not None and self._wire.client_left:  # while the answer was made
            return "client gone"
        player = asyncio.current_task()
        assert player is not None
        watch = self._watch(player)
        # What took longer to make than its first token may take is late as a whole, and then keeps its pace.
        self._due += max(0.0, self._monotonic() - self._started - steps[0].wait)
        try:
            if (
                isinstance(steps, PacedSteps)
                and self._wire is not None
                and steps.score.max_batch
                and not self._own_sleep
            ):
                return await self._paced(steps, self._wire)
            return await self._steps(steps)
        except asyncio.CancelledError:
            player.uncancel()
            if self._left:
                return "client gone"
            self._ending = True
            if self._wire is not None:  # the server stops, and its patience is over
                self._wire.abort()
                await wait_for_disconnect(self._receive)
            return "cut"
        finally:
            self._ending = True
            watch()

    def _watch(self, player: "asyncio.Task[object]") -> Callable[[], object]:
        """Cancel the player when the client is gone; returns what ends the watch."""

        def leave() -> None:
            if not self._ending:
                self._left = True
                player.cancel()

        wire = self._wire
        if wire is not None:  # cheaper than a task for each stream
            wire.on_lost = leave
            return lambda: setattr(wire, "on_lost", None)
        gone = asyncio.ensure_future(wait_for_disconnect(self._receive))
        gone.add_done_callback(lambda _: leave())
        return gone.cancel

    async def _paced(self, paced: PacedSteps, wire: HttpConnection) -> Outcome:
        """Play a stream whose only hardship is its pace."""
        await self._until(paced.waits[0])
        await self._start(paced.head)
        metronome = PacedPlayer(paced, wire, self._monotonic, self._due)
        try:
            self._due_data.extend(await metronome.play())
            self._due_chunks = len(self._due_data)
        finally:
            self._chunks, self._bytes = metronome.chunks, metronome.bytes
            if metronome.first is not None:
                self._first = metronome.first - self._started
        await self._write(more=False)
        return "completed"

    async def _steps(self, steps: Sequence[Step]) -> Outcome:
        for step in steps:
            if step.wait:
                await self._until(step.wait)
            match step:
                case Head():
                    await self._start(step)
                case Chunk():
                    self._due_data.append(step.data)
                    self._due_chunks += step.events if self._stream else 1
                case Hang():
                    await self._until(step.seconds)
                    return await self._cut(reset=False)
                case CloseConnection():
                    return await self._cut(reset=step.reset)
                case _:
                    assert_never(step)
        if self._bare:
            return await self._cut(reset=False, outcome="completed")
        await self._write(more=False)
        return "completed"

    async def _until(self, wait: float) -> None:
        self._due += wait
        if self._due_data:
            await self._write(more=True)
        delay = self._due - self._monotonic()
        if delay > 0:
            await self._sleep(delay)

    # ---- what leaves

    async def _start(self, head: Head) -> None:
        message = {"type": "http.response.start", "status": head.status, "headers": head.headers}
        if head.bare is None or self._wire is None:
            await self._send(message)
            return
        self._bare = True
        headers: list[tuple[bytes, bytes]] = []
        if self._browser:  # CORS has its say
            await self._send(message | {"captured": headers})
        else:
            headers.extend(head.headers)
        data = raw_head(head.status, headers, head.bare)
        size = -(-len(data) // _TRICKLE) if head.bare.seconds else len(data)
        for begin in range(0, len(data), size):
            await self._wire.write(data[begin : begin + size])
            if head.bare.seconds:
                await self._until(head.bare.seconds / _TRICKLE)

    async def _write(self, *, more: bool) -> None:
        """Send what is due."""
        data = self._due_data[0] if len(self._due_data) == 1 else b"".join(self._due_data)
        if self._first is None and data:
            self._first = self._monotonic() - self._started
        self._chunks += self._due_chunks
        self._bytes += len(data)
        self._due_chunks = 0
        self._due_data.clear()
        if len(data) <= LARGEST_WRITE and not self._bare:
            await self._send({"type": "http.response.body", "body": data, "more_body": more})
            return
        for begin in range(0, len(data), LARGEST_WRITE):
            await self._put(data[begin : begin + LARGEST_WRITE], more=more or begin + LARGEST_WRITE < len(data))

    async def _put(self, data: bytes, *, more: bool) -> None:
        if self._bare and self._wire is not None:
            await self._wire.write(data)
        else:
            await self._send({"type": "http.response.body", "body": data, "more_body": more})

    async def _cut(self, *, reset: bool, outcome: Outcome = "cut") -> Outcome:
        """End the connection, and wait until it has ended: uvicorn would complain of an answer that is not complete."""
        if self._due_data:
            await self._write(more=True)
        self._ending = True
        if self._wire is not None:
            self._wire.reset() if reset else self._wire.close()
            await wait_for_disconnect(self._receive)
        return outcome


def _still(steps: Sequence[Step]) -> bool:
    """Whether no step takes time."""
    if isinstance(steps, PacedSteps):
        return False
    for step in steps:
        if step.wait or isinstance(step, Hang) or (isinstance(step, Head) and step.bare is not None):
            return False
    return True
