"""Waits that an author gives each chunk of an answer."""

import asyncio
import json

import pytest

from gemulator.delivery.steps import Chunk
from gemulator.engine.incoming import IncomingRequest
from gemulator.request.target import Caller, Target
from tests.endpoint import GEMINI_2, Endpoint

TARGET = Target("v1", "p", "global", "openapi")


def waits(pacing: str, *, reply: str = "{ chunks: [a, b, c] }", stream: bool = True, **settings: str) -> list[float]:
    """Return the waits of all steps, the head's first."""
    endpoint = Endpoint(f"turns: [{{ reply: {reply}, pacing: {pacing} }}]", **settings)
    body = {"model": GEMINI_2, "messages": [{"role": "user", "content": "Hello"}], "stream": stream}
    path = "/v1/projects/p/locations/global/endpoints/openapi/chat/completions"
    asked = IncomingRequest(json.dumps(body).encode(), path, TARGET, {}, Caller())
    steps = asyncio.run(endpoint.engine.answer(asked)).delivery.steps
    assert b"".join(step.data for step in steps if isinstance(step, Chunk))
    return [round(step.wait, 6) for step in steps]


@pytest.mark.parametrize(
    ("pacing", "expected"),
    [
        ("{ waits: [100ms, 20ms, 0ms, 5ms] }", [0, 0.1, 0.02, 0, 0.005]),
        ("{ waits: [100ms] }", [0, 0.1, 0, 0, 0]),
        ("{ waits: [1ms, 2ms, 3ms, 4ms, 5ms, 6ms] }", [0, 0.001, 0.002, 0.003, 0.004]),
        ("{ first_token: 1s, waits: [100ms, 20ms] }", [1, 0.1, 0.02, 0, 0]),
    ],
)
def test_waits_stand_before_the_chunks(pacing: str, expected: list[float]) -> None:
    assert waits(pacing) == expected


def test_waits_of_a_body_stand_before_it() -> None:
    assert waits("{ waits: [100ms, 20ms] }", stream=False) == [0, 0.1]


def test_waits_hold_for_events_of_a_file() -> None:
    assert waits("{ waits: [100ms, 20ms] }", reply="{ events: [a, b, c] }") == [0, 0.1, 0.02, 0]


def test_speed_divides_waits() -> None:
    assert waits("{ waits: [100ms, 20ms] }", speed="10") == [0, 0.01, 0.002, 0, 0]
    assert waits("{ waits: [100ms, 20ms] }", speed="0") == [0, 0]
