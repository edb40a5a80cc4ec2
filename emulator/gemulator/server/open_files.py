"""Report of file descriptors that are used up."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

_INTERVAL = 1.0  # seconds


@asynccontextmanager
async def report_shortage(report: Callable[[str], None]) -> AsyncIterator[None]:
    """Report once for each time that no file can be opened: libuv then closes new connections without a word."""
    watching = asyncio.create_task(_watch(report))
    try:
        yield
    finally:
        watching.cancel()


async def _watch(report: Callable[[str], None]) -> None:
    short = False
    while True:
        if short != (short := _is_short()) and short:
            report(
                f"all {open_file_limit()} file descriptors are in use: new connections are closed until some are free."
                " Start gemulator with a higher limit (`ulimit -n`), or close idle connections."
            )
        await asyncio.sleep(_INTERVAL)


def _is_short() -> bool:
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno in {errno.EMFILE, errno.ENFILE}
    return False


def open_file_limit() -> int | None:
    """Return the maximum number of open files of this process, None if the system has no such limit."""
    try:
        from resource import RLIMIT_NOFILE, getrlimit
    except ImportError:  # Windows
        return None
    return getrlimit(RLIMIT_NOFILE)[0]
