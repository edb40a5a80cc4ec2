"""What leaves when: the loop's timers and the clock are the test's."""

import asyncio
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gemulator.delivery.byte_template import ByteTemplate
from gemulator.delivery.paced_stream import PacedSteps, StreamTemplate
from gemulator.delivery.steps import LARGEST_WRITE, Head
from gemulator.server.paced_player import PacedPlayer
from gemulator.server.protocol.connection import HttpConnection

GAP = 0.020


class Stage:
    """A wire whose loop has one timer, and a clock that goes where it is told."""

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

    def strike(self, late: float = 0.0) -> None:
        """Let the time come for which the timer waits."""
        timer, self.timer = self.timer, None
        assert timer is not None
        self.now += self.delays[-1] + late
        timer()


def paced(chunks: Sequence[bytes], waits: Sequence[float]) -> PacedSteps:
    return PacedSteps(
        Head(200, ()), StreamTemplate.of([(ByteTemplate(data, ()), 1) for data in chunks]), (), [0.0, *waits]
    )


async def playing(stage: Stage, steps: PacedSteps) -> tuple[PacedPlayer, "asyncio.Task[Sequence[bytes]]"]:
    metronome = PacedPlayer(steps, cast(HttpConnection, stage), lambda: stage.now, 0.0)
    task = asyncio.ensure_future(metronome.play())
    await asyncio.sleep(0)
    return metronome, task


async def test_each_chunk_leaves_at_its_deadline_however_late_the_one_before() -> None:
    stage = Stage()
    metronome, task = await playing(stage, paced([b"a", b"b", b"c", b"d"], [0, GAP, GAP, GAP]))
    for late in (0.0, 0.004, 0.007, 0.003):
        stage.strike(late)
    assert [data for _, data in stage.sent] == [b"a", b"b", b"c"]
    assert [at for at, _ in stage.sent] == pytest.approx([0.0, 0.024, 0.047])
    assert stage.delays == pytest.approx([0.0, 0.020, 0.016, 0.013])
    assert await task == [b"d"], "the last is handed over: whoever sends it says that it is the last"
    assert (metronome.chunks, metronome.bytes, metronome.first) == (3, 3, 0.0)


async def test_what_is_due_together_leaves_together() -> None:
    stage = Stage()
    _, task = await playing(stage, paced([b"a", b"b", b"c", b"d", b"e"], [GAP, 0, GAP, GAP, GAP]))
    stage.strike()
    assert [data for _, data in stage.sent] == [b"ab"]
    stage.strike(late=GAP)
    assert [data for _, data in stage.sent] == [b"ab", b"cd"]
    stage.strike()
    assert await task == [b"e"]


async def test_a_timer_that_is_early_sends_its_chunk_all_the_same() -> None:
    stage = Stage()
    _, task = await playing(stage, paced([b"a", b"b", b"c"], [GAP, GAP, GAP]))
    stage.strike(late=-0.0005)
    assert [data for _, data in stage.sent] == [b"a"]
    assert stage.delays[-1] == pytest.approx(0.0205)
    task.cancel()


async def test_a_client_that_reads_slowly_gets_no_more_until_it_has_read() -> None:
    stage = Stage()
    big = b"x" * (LARGEST_WRITE // 3)
    _, task = await playing(stage, paced([big] * 9, [GAP] * 9))
    stage.flow.write_paused = True
    stage.strike(late=20 * GAP)
    assert (stage.sent, stage.timer) == ([], None)
    stage.flow.write_paused = False
    assert stage.on_writable is not None
    stage.on_writable()
    stage.strike()
    stage.strike()
    assert [len(data) for _, data in stage.sent] == [3 * len(big)] * 2, "bounded, though all of them are due"
    assert await task == [big] * 3


async def test_who_is_cancelled_leaves_no_timer_behind() -> None:
    stage = Stage()
    _, task = await playing(stage, paced([b"a", b"b"], [GAP, GAP]))
    stage.flow.write_paused = True
    stage.strike()
    stage.timer = stage.on_writable
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (stage.timer, stage.on_writable) == (None, None)


async def test_a_mistake_ends_the_stream() -> None:
    stage = Stage()
    _, task = await playing(stage, paced([b"a", b"b"], [GAP, GAP]))
    del stage.flow.write_paused
    stage.strike()
    with pytest.raises(AttributeError):
        await task
