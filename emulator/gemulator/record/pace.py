"""Recorded pace of an answer, as the waits of a scenario."""

import re
from collections.abc import Iterator

from gemulator.record.exchange import Exchange

_EVENT_END = re.compile(rb"(?:\r\n\r\n|\n\n|\r\r)(?:\r\n|\n|\r)*")


def waits_of(exchange: Exchange) -> list[str]:
    """Return the time before each event or the body in milliseconds, without zeros at the end."""
    waits, before = list[int](), 0
    for arrival in _arrivals(exchange):
        now = round(arrival * 1000)
        waits.append(now - before)
        before = now
    while waits and waits[-1] == 0:
        waits.pop()
    return [f"{wait}ms" for wait in waits]


def _arrivals(exchange: Exchange) -> Iterator[float]:
    """Yield the seconds from the request to the last byte of each event."""
    answer, ends = exchange.answer, list[int]()
    if exchange.is_stream:
        ends = [found.end() for found in _EVENT_END.finditer(answer)]
    if not ends or ends[-1] < len(answer):
        ends.append(len(answer))
    pieces, size, at = iter(exchange.pieces), 0, 0.0
    for end in ends:
        while size < end and (piece := next(pieces, None)) is not None:
            size, at = size + len(piece.data), at + piece.wait
        yield at
