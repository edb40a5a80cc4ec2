"""Delivery response: late starts, disconnected clients and cancellation."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.types import Message, Scope

from gemulator.delivery.steps import Chunk, CloseConnection, Delivery, Hang, Head, RawHead, Step
from gemulator.server.delivery_clock import DeliveryClock, Timing
from gemulator.server.delivery_response import DeliveryResponse

HEAD = Head(200, ())


class Client:
    """A client without a connection of ours, on a clock that only sleep moves."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        self.sent: list[tuple[float, bytes]] = []
        self.messages: list[Message] = []
        self.gone = asyncio.Event()

    async def send(self, message: Message) -> None:
        self.messages.append(message)
        self.sent.append((self.now, message.get("body", b"")))

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def sleep(self, delay: float) -> None:
        self.now += delay
        await asyncio.sleep(0)

    def response(
        self, *steps: Step, started: float = 0.0, stream: bool = True, sleep: Callable[[float], Any] | None = None
    ) -> DeliveryResponse:
        timing = Timing(lambda: self.now, sleep or self.sleep)
        return DeliveryResponse(Delivery(steps), DeliveryClock(timing, started), stream=stream)


def scope_with(connection: object = None) -> Scope:
    return {"type": "http", "emulator.connection": connection}


@pytest.mark.parametrize("steps", [(Head(200, (), wait=3600.0), Chunk(b"x")), (Hang(3600.0),)])
async def test_client_that_left_during_computation_gets_nothing(steps: tuple[Step, ...]) -> None:
    client = Client()
    response = client.response(*steps, sleep=asyncio.sleep)
    call = response(scope_with(SimpleNamespace(client_left=True)), client.receive, client.send)
    await asyncio.wait_for(call, 1.0)
    assert (response.finished.outcome, response.finished.bytes, client.sent) == ("client gone", 0, [])


@pytest.mark.parametrize(("started", "first"), [(10.0, 11.0), (9.5, 10.5), (3.0, 10.0)])
async def test_late_delivery_is_late_as_a_whole_and_keeps_its_pace(started: float, first: float) -> None:
    client = Client(now=10.0)
    steps = (Head(200, (), wait=1.0), Chunk(b"a"), Chunk(b"b", wait=2.0), Chunk(b"c", wait=2.0))
    await client.response(*steps, started=started)(scope_with(), client.receive, client.send)
    assert client.sent == [(first, b""), (first, b"a"), (first + 2, b"b"), (first + 4, b"c")]


async def test_chunks_due_together_are_sent_together() -> None:
    client = Client()
    response = client.response(HEAD, Chunk(b"a"), Chunk(b"b"), Chunk(b"c", wait=1.0), Chunk(b"d"))
    await response(scope_with(), client.receive, client.send)
    assert [body for _, body in client.sent] == [b"", b"ab", b"cd"]
    assert [message.get("more_body") for message in client.messages] == [None, True, False]
    finished = response.finished
    assert (finished.outcome, finished.chunks, finished.bytes) == ("completed", 4, 4)
    assert (finished.first, finished.duration) == (0.0, 1.0)


@pytest.mark.parametrize(("stream", "chunks"), [(True, 3), (False, 1)])
async def test_chunks_are_the_events_of_a_stream(stream: bool, chunks: int) -> None:
    client = Client()
    response = client.response(HEAD, Chunk(b"x", events=3), stream=stream)
    await response(scope_with(), client.receive, client.send)
    assert response.finished.chunks == chunks


async def test_disconnect_ends_a_paced_response() -> None:
    client = Client()
    response = client.response(HEAD, Chunk(b"a"), Chunk(b"b", wait=3600.0), sleep=asyncio.sleep)
    call = asyncio.ensure_future(response(scope_with(), client.receive, client.send))
    await asyncio.sleep(0.01)
    client.gone.set()
    await asyncio.wait_for(call, 1.0)
    assert (response.finished.outcome, response.finished.bytes) == ("client gone", 1)


async def test_cancelled_response_is_cut() -> None:
    client = Client()
    response = client.response(HEAD, Chunk(b"a"), Hang(3600.0), sleep=asyncio.sleep)
    call = asyncio.ensure_future(response(scope_with(), client.receive, client.send))
    await asyncio.sleep(0.01)
    call.cancel()
    await asyncio.wait_for(call, 1.0)
    assert (response.finished.outcome, response.finished.bytes) == ("cut", 1)


async def test_response_that_raises_is_failed() -> None:
    client = Client()

    async def broken(message: Message) -> None:
        raise OSError("closed")

    response = client.response(HEAD, Chunk(b"a"))
    with pytest.raises(OSError, match="closed"):
        await response(scope_with(), client.receive, broken)
    assert response.finished.outcome == "failed"


async def test_raw_head_and_reset_need_a_connection() -> None:
    client = Client()
    response = client.response(Head(200, (), bare=RawHead("1.0")), Chunk(b"a"), CloseConnection(reset=True))
    await response(scope_with(), client.receive, client.send)
    assert [message["type"] for message in client.messages] == ["http.response.start", "http.response.body"]
    assert response.finished.outcome == "cut"
