"""Paced player on a fake timer and a fake clock."""

import asyncio
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gemulator.delivery.byte_template import CONSTANT, ByteTemplate
from gemulator.delivery.paced_stream import PacedSteps, StreamTemplate
from gemulator.delivery.steps import LARGEST_WRITE, Head
from gemulator.server.delivery_clock import DeliveryClock, Timing
from gemulator.server.paced_player import PacedPlayer
from gemulator.server.protocol.connection import HttpConnection
from gemulator.server.response_body import Progress

GAP = 0.020


class FakeConnection:
    """A connection whose event loop has one timer and whose clock moves with it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sent: list[tuple[float, bytes]] = []
        self.delays: list[float] = []
        self.timer: Callable[[], None] | None = None
        self.flow = SimpleNamespace(write_paused=False)
        self.loop = SimpleNamespace(create_future=asyncio.get_running_loop().create_future, call_later=self._call_later)
        self.on_writable: Callable[[], None] | None = None

    def _call_later(self, delay: float, callback: Callable[[], None]) -> Any:
        self.delays.append(delay)
        self.timer = callback
        return SimpleNamespace(cancel=lambda: setattr(self, "timer", None))

    def write_chunk(self, data: bytes) -> None:
        self.sent.append((self.now, data))

    def fire(self, late: float = 0.0) -> None:
        """Advance the clock to the timer and call it."""
        timer, self.timer = self.timer, None
        assert timer is not None
        self.now += self.delays[-1] + late
        timer()


def paced(chunks: Sequence[bytes], waits: Sequence[float]) -> PacedSteps:
    return PacedSteps(
        Head(200, ()), StreamTemplate.of([(ByteTemplate(data, CONSTANT), 1) for data in chunks]), (), [0.0, *waits]
    )


async def playing(connection: FakeConnection, steps: PacedSteps) -> tuple[Progress, "asyncio.Task[Sequence[bytes]]"]:
    clock, progress = DeliveryClock(Timing(lambda: connection.now, asyncio.sleep), 0.0), Progress()
    player = PacedPlayer(steps, cast(HttpConnection, connection), clock, progress)
    task = asyncio.ensure_future(player.play())
    await asyncio.sleep(0)
    return progress, task


async def test_chunk_is_sent_at_its_deadline_after_a_late_one() -> None:
    connection = FakeConnection()
    progress, task = await playing(connection, paced([b"a", b"b", b"c", b"d"], [0, GAP, GAP, GAP]))
    for late in (0.0, 0.004, 0.007, 0.003):
        connection.fire(late)
    assert [data for _, data in connection.sent] == [b"a", b"b", b"c"]
    assert [at for at, _ in connection.sent] == pytest.approx([0.0, 0.024, 0.047])
    assert connection.delays == pytest.approx([0.0, 0.020, 0.016, 0.013])
    assert await task == [b"d"], "the caller ends the body with the last chunk"
    assert (progress.chunks, progress.bytes, progress.first) == (3, 3, 0.0)


async def test_chunks_due_together_are_sent_together() -> None:
    connection = FakeConnection()
    _, task = await playing(connection, paced([b"a", b"b", b"c", b"d", b"e"], [GAP, 0, GAP, GAP, GAP]))
    connection.fire()
    assert [data for _, data in connection.sent] == [b"ab"]
    connection.fire(late=GAP)
    assert [data for _, data in connection.sent] == [b"ab", b"cd"]
    connection.fire()
    assert await task == [b"e"]


async def test_early_timer_sends_its_chunk() -> None:
    connection = FakeConnection()
    _, task = await playing(connection, paced([b"a", b"b", b"c"], [GAP, GAP, GAP]))
    connection.fire(late=-0.0005)
    assert [data for _, data in connection.sent] == [b"a"]
    assert connection.delays[-1] == pytest.approx(0.0205)
    task.cancel()


async def test_slow_client_pauses_the_stream() -> None:
    connection = FakeConnection()
    big = b"x" * (LARGEST_WRITE // 3)
    _, task = await playing(connection, paced([big] * 9, [GAP] * 9))
    connection.flow.write_paused = True
    connection.fire(late=20 * GAP)
    assert (connection.sent, connection.timer) == ([], None)
    connection.flow.write_paused = False
    assert connection.on_writable is not None
    connection.on_writable()
    connection.fire()
    connection.fire()
    assert [len(data) for _, data in connection.sent] == [3 * len(big)] * 2, "bounded although all chunks are due"
    assert await task == [big] * 3


async def test_cancelled_player_has_no_timer() -> None:
    connection = FakeConnection()
    _, task = await playing(connection, paced([b"a", b"b"], [GAP, GAP]))
    connection.flow.write_paused = True
    connection.fire()
    connection.timer = connection.on_writable
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (connection.timer, connection.on_writable) == (None, None)


async def test_exception_in_a_timer_ends_the_stream() -> None:
    connection = FakeConnection()
    _, task = await playing(connection, paced([b"a", b"b"], [GAP, GAP]))
    del connection.flow.write_paused
    connection.fire()
    with pytest.raises(AttributeError):
        await task
