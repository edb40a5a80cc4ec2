"""Deliveries that begin late, trickle, or have nobody to go to."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest
from starlette.types import Message

from gemulator.delivery.steps import Chunk, Delivery, Hang, Head, RawHead, Step
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

    async def sleep(delay: float) -> None:
        raise AssertionError(f"waits {delay} s for nobody")

    wire = cast(HttpConnection, SimpleNamespace(gone=True))
    finished = await Player(send, receive, lambda: 0.0, sleep, wire).play(Delivery(steps))
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


async def test_a_head_that_trickles_leaves_piece_by_piece() -> None:
    now, sent = 0.0, list[tuple[float, bytes]]()

    async def put(data: bytes) -> None:
        sent.append((now, data))

    async def send(message: Message) -> None:
        raise AssertionError(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def sleep(delay: float) -> None:
        nonlocal now
        now += delay

    wire = cast(HttpConnection, SimpleNamespace(gone=False, put=put, hang_up=lambda: None))
    head = Head(200, ((b"content-type", b"text/event-stream"),), bare=RawHead(seconds=2.0))
    await Player(send, receive, lambda: now, sleep, wire).play(Delivery((head, Chunk(b"body"))))
    *pieces, body = sent
    assert b"".join(data for _, data in pieces).startswith(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n")
    assert max(len(data) for _, data in pieces) < 10
    assert [at for at, _ in pieces] == pytest.approx([0.1 * number for number in range(len(pieces))])
    assert body[0] == pytest.approx(0.1 * len(pieces))
    assert body[1] == b"body"
