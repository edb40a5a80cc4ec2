"""Reader of server-sent events."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from gemulator.record.upstream.http_client import BrokenOff

_MAX_LINE = 64_000_000  # bytes
_DATA = b"data:"


async def data_of(source: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield the data of each event; an event of several lines is one text. Raises BrokenOff for a line without end."""
    data: list[bytes] = []
    async with aclosing(_lines(source)) as lines:
        async for line in lines:
            if line.startswith(_DATA):
                data.append(line[len(_DATA) :].removeprefix(b" "))
            elif not line and data:
                yield b"\n".join(data)
                data.clear()
    if data:  # without the blank line at the end
        yield b"\n".join(data)


async def _lines(source: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield the lines without their ends."""
    buffer = bytearray()
    async with aclosing(source) as parts:
        async for part in parts:
            buffer += part
            if len(buffer) > _MAX_LINE:
                raise BrokenOff(f"a line of the upstream exceeds {_MAX_LINE:,} bytes")
            if b"\n" not in part:
                continue
            *complete, rest = bytes(buffer).split(b"\n")
            buffer = bytearray(rest)
            for line in complete:
                yield line.removesuffix(b"\r")
    if buffer:
        yield bytes(buffer)
