"""Live reload of scenario files."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from gemulator.core.errors import ScenarioError
from gemulator.engine.engine import Engine
from gemulator.scenario.library import load

_DEBOUNCE_STEP = 50  # milliseconds without a change that end a burst of changes
_RETRY_SECONDS = 1.0
_TEMPORARY = ("~", ".swp", ".swx", ".tmp")


class Reloader:
    """Watcher that reloads an engine's library from `folders`. If a file is invalid, the last valid library stays."""

    def __init__(self, engine: Engine, folders: Sequence[Path], report: Callable[[str], None]) -> None:
        self._engine = engine
        self._folders = folders
        self._report = report
        self._loaded = self._modification_times()
        self._polling = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch the folders while the context is open."""
        stop = asyncio.Event()
        task = asyncio.create_task(self._watch(stop))
        try:
            yield
        finally:
            stop.set()
            with suppress(asyncio.CancelledError):  # a second Ctrl-C
                await task

    async def _watch(self, stop: asyncio.Event) -> None:
        """Follow the folders; report each new error once and retry."""
        last = ""
        while not stop.is_set():
            try:
                await self._follow(stop)
            except Exception as error:
                if last != (last := str(error)):
                    self._report(f"cannot watch the scenario folders, retrying: {last}")
                self._polling = self._polling or not isinstance(error, FileNotFoundError)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _RETRY_SECONDS)

    async def _follow(self, stop: asyncio.Event) -> None:
        """Reload after each change; return when a watched folder was replaced by another of its name."""
        watchfiles: Any = await asyncio.to_thread(import_module, "watchfiles")
        roots = sorted({folder.parent if folder.is_file() else folder for folder in self._folders})
        watched = _inodes(roots)
        changes = watchfiles.awatch(
            *roots,
            watch_filter=lambda change, path: not path.endswith(_TEMPORARY),
            stop_event=stop,
            debounce=400,
            step=_DEBOUNCE_STEP,
            rust_timeout=200,
            yield_on_timeout=True,
            force_polling=self._polling or None,
        )
        started = False
        async with aclosing(changes):
            async for found in changes:
                if _inodes(roots) != watched:
                    return
                # The first iteration also catches files saved before the watch started.
                if found or (not started and self._modification_times() != self._loaded):
                    await self._reload()
                started = True

    async def _reload(self) -> None:
        self._loaded = self._modification_times()
        try:
            library = await asyncio.to_thread(load, self._folders)
        except (ScenarioError, OSError) as error:
            self._report(f"the saved scenarios are invalid, the previous ones stay active:\n{error}")
            return
        self._engine.preparation.set_library(library)
        count = len(library.scenarios)
        self._report(f"reloaded {count} scenario{'' if count == 1 else 's'}")

    def _modification_times(self) -> dict[Path, int]:
        """Return the modification time of each file. Files deleted meanwhile are skipped."""
        stamps = {}
        for folder in self._folders:
            for file in [folder] if folder.is_file() else folder.rglob("*"):
                with suppress(OSError):
                    if file.is_file():
                        stamps[file] = file.stat().st_mtime_ns
        return stamps


def _inodes(folders: Sequence[Path]) -> list[int]:
    """Return the inodes, which tell a replaced folder from the original. Raises OSError if one is missing."""
    return [folder.stat().st_ino for folder in folders]
