"""An agent's scenario on a real port, and a wire that forgets signatures."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gemulator import Emulator


@pytest.fixture(scope="session")
def trip() -> Iterator[Emulator]:
    """Two steps of tools and an answer; unmatched requests are refused."""
    with Emulator(scenarios=Path(__file__).with_name("trip.yaml"), unmatched="error", signatures="strict") as emulator:
        yield emulator


@pytest.fixture(scope="session")
def default_trip() -> Iterator[Emulator]:
    """The same with the default strictness, which a request can change."""
    with Emulator(scenarios=Path(__file__).with_name("trip.yaml"), unmatched="error") as emulator:
        yield emulator


class Wire(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Sends requests on and keeps their bodies; without `extra_content` where it is `forgetful`."""

    def __init__(self, *, forgetful: bool) -> None:
        self.forgetful = forgetful
        self.bodies: list[dict[str, Any]] = []

    def _sent(self, request: httpx.Request) -> httpx.Request:
        body = json.loads(request.content)
        for message in body["messages"] if self.forgetful else ():
            for call in message.get("tool_calls") or ():
                call.pop("extra_content", None)
        self.bodies.append(body)
        headers = [(name, value) for name, value in request.headers.raw if name.lower() != b"content-length"]
        return httpx.Request(request.method, request.url, headers=headers, content=json.dumps(body).encode())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with httpx.HTTPTransport() as transport:
            response = transport.handle_request(self._sent(request))
            response.read()
            return response

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        async with httpx.AsyncHTTPTransport() as transport:
            response = await transport.handle_async_request(self._sent(request))
            await response.aread()
            return response

    @property
    def signed(self) -> int:
        """How many calls of the last request had a signature."""
        calls = [call for message in self.bodies[-1]["messages"] for call in message.get("tool_calls") or ()]
        return sum(bool(call.get("extra_content", {}).get("google", {}).get("thought_signature")) for call in calls)


@pytest.fixture(params=[False, True], ids=["kept", "dropped"])
def wire(request: pytest.FixtureRequest) -> Wire:
    return Wire(forgetful=request.param)
