"""Stores of each kind, and an entry to keep in them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gemulator.core.errors import Mismatch, NearMiss
from gemulator.core.plan import Usage
from gemulator.delivery.steps import Chunk, CloseConnection, Delivery, Hang, Head
from gemulator.state.journal.body import Body
from gemulator.state.journal.entry import Exchange, Finished, Received
from gemulator.state.store import Store, TurnLimit

AGE = 0.3  # seconds


@dataclass
class Kind:
    """How to make a store, and how to let it be idle."""

    make: Callable[..., Store]
    wait: Callable[[], Awaitable[None]]


def received(session: str = "s", scenario: str = "weather") -> Received:
    body = b'{"messages": "hello"}'
    exchange = Exchange(
        method="POST",
        path="/v1/projects/p",
        model="google/gemini-2.5-flash",
        body=Body(body, len(body)),
        status=200,
        source="turn",
        scenario=scenario,
        turn=2,
        usage=Usage(1, 2, 3),
        nearest=(NearMiss("other/1", (Mismatch("user", "'x' in it", "'y'"),)),),
    )
    steps = (
        Head(200, ((b"a", b"\xff"),), 0.5),
        Chunk(b"\x00\xfe caf\xc3\xa9", 3, 0.1),
        Hang(2.0),
        CloseConnection(reset=True),
    )
    return Received(12.5, session, 4, exchange, {b"user-agent": b"me\xe9"}, Delivery(steps), 1000)


DONE = Finished("completed", 2, 30, 0.01, 0.25)
TWICE = [TurnLimit("first", 2), TurnLimit("second", 1), TurnLimit("last", None)]
