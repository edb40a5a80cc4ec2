"""Worker thread for requests that would hold up all others."""

import asyncio
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

LARGE = 256_000
"""Bytes of a body above which it is parsed, matched and answered in the worker."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Worker:
    """Single thread: several would compete for the interpreter lock and leave the event loop a smaller share."""

    @cached_property
    def _executor(self) -> "ThreadPoolExecutor":
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(1, "gemulator worker")

    async def run(
        self, size: int, work: Callable[Arguments, Result], *args: Arguments.args, **more: Arguments.kwargs
    ) -> Result:
        """Return `work(*args, **more)`, from the thread if the body of `size` bytes is large."""
        if size <= LARGE:
            return work(*args, **more)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, lambda: work(*args, **more))
