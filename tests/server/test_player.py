"""Deliveries that begin late, or have nobody to go to."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest
from starlette.types import Message

from gemulator.delivery.steps import Chunk, Delivery, Hang, Head, Step
from gemulator.server.player import Player
from gemulator.server.protocol.connection import HttpConnection

HEAD = Head(200, (), wait=3600.0)


@pytest.mark.parametrize("steps", [(HEAD, Chunk(b"x")), (Hang(3600.0),)])
async def test_a_client_that_left_while_the_answer_was_made_is_not_waited_for(steps: tuple[Step, ...]) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    connection = cast(HttpConnection, SimpleNamespace(client_left=True))
    player = Player(send, receive, asyncio.get_running_loop().time, asyncio.sleep, connection)
    finished = await asyncio.wait_for(player.play(Delivery(steps)), 1.0)
    assert (finished.outcome, finished.bytes, sent) == ("client gone", 0, [])


@pytest.mark.parametrize(("began", "first"), [(10.0, 11.0), (9.5, 10.5), (3.0, 10.0)])
async def test_what_took_long_to_make_is_late_as_a_whole_and_keeps_its_pace(began: float, first: float) -> None:
    now, sent = 10.0, list[tuple[float, bytes]]()

    async def send(message: Message) -> None:
        sent.append((now, message.get("body", b"")))

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def sleep(delay: float) -> None:
        nonlocal now
        now += delay
        await asyncio.sleep(0)

    steps = (Head(200, (), wait=1.0), Chunk(b"a"), Chunk(b"b", wait=2.0), Chunk(b"c", wait=2.0))
    await Player(send, receive, lambda: now, sleep, began=began).play(Delivery(steps))
    assert sent == [(first, b""), (first, b"a"), (first + 2, b"b"), (first + 4, b"c")]
