"""Answers of a server that speaks Google's paths: status, headers and bytes as they come."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from gemulator.delivery.sent_events import EventCounter, streams
from gemulator.delivery.steps import Chunk, CloseConnection, Head, Step
from gemulator.engine.forwarding import ForwardRequest
from gemulator.record.upstream.headers import answer_headers
from gemulator.record.upstream.http_client import BrokenOff, UpstreamClient
from gemulator.record.upstream.stopwatch import Stopwatch

if TYPE_CHECKING:
    import httpx


async def pass_through(
    client: UpstreamClient, response: "httpx.Response", request: ForwardRequest, watch: Stopwatch
) -> AsyncGenerator[Step, None]:
    """Yield the answer as it comes; it is cut where the upstream cut it."""
    head = Head(response.status_code, answer_headers(response.headers.raw), watch.wait())
    yield request.head(head)
    counter = EventCounter() if streams((head,)) else None
    try:
        async with aclosing(client.body(response)) as parts:
            async for data in parts:
                events = int(watch.live.first is None) if counter is None else counter.add(data)
                watch.count(data)
                yield Chunk(data, wait=watch.wait(), events=events)
    except BrokenOff as broken:
        watch.live.error = str(broken)
        yield CloseConnection(wait=watch.wait())
