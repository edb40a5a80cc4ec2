"""Worker thread for requests that would hold up all others."""

import asyncio
from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple

from gemulator.core.budget import LOOP_STEPS, NO_STEPS, Budget, WorkerNeeded

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

LARGE = 256_000
"""Bytes of a body above which it is parsed, matched and answered in the worker."""

_MEDIUM = 16_000  # bytes of a body above which nothing is generated in the event loop that counts its work

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")


def in_event_loop(size: int) -> bool:
    """Return True if work on a body of `size` bytes is done in the event loop here, where it may raise WorkerNeeded."""
    if size > LARGE:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class Worker:
    """Single thread: several would compete for the interpreter lock and leave the event loop a smaller share."""

    @cached_property
    def _executor(self) -> "ThreadPoolExecutor":
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(1, "gemulator worker")

    async def run(self, size: int, work: Callable[[*Arguments], Result], *args: *Arguments) -> Result:
        """Return `work(*args)`, from the thread if `size`, in bytes, is large or it raises WorkerNeeded."""
        if size <= LARGE:
            try:
                return work(*args)
            except WorkerNeeded:
                pass
        return await self._in_thread(partial(work, *args))

    async def run_within(self, size: int, work: Callable[[Budget, *Arguments], Result], *args: *Arguments) -> Result:
        """Return the result of `work`; it is begun again in the thread if it is too much for the event loop."""
        if size <= LARGE:
            try:
                return work(Budget(loop_limit=LOOP_STEPS if size <= _MEDIUM else NO_STEPS), *args)
            except WorkerNeeded:
                pass
        return await self._in_thread(partial(work, Budget(), *args))

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)
