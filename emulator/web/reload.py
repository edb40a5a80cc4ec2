"""Saved scenarios are live within a second: watches their folders, and swaps the library when it could be read."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

from emulator.engine import Engine
from emulator.errors import ScenarioError
from emulator.scenario.library import load

_QUIET = 50  # milliseconds without a change after which a burst of them is over
_TEMPORARY = ("~", ".swp", ".swx", ".tmp")


class Reloader:
    """Keeps an engine's library like the files in `folders`. A broken file is reported, and the last good set stays."""

    def __init__(self, engine: Engine, folders: Sequence[Path], out: TextIO | None = None) -> None:
        self._engine = engine
        self._folders = folders
        self._out = out or sys.stderr
        self._known = self._stamps()

    @asynccontextmanager
    async def running(self, app: object = None) -> AsyncIterator[None]:
        """Watches while the context is open."""
        stop = asyncio.Event()
        task = asyncio.create_task(self._watch(stop))
        try:
            yield
        finally:
            stop.set()
            await task

    async def _watch(self, stop: asyncio.Event) -> None:
        watchfiles: Any = await asyncio.to_thread(import_module, "watchfiles")
        roots = {folder.parent if folder.is_file() else folder for folder in self._folders}
        changes = watchfiles.awatch(
            *sorted(roots),
            watch_filter=lambda change, path: not path.endswith(_TEMPORARY),
            stop_event=stop,
            debounce=400,
            step=_QUIET,
            rust_timeout=200,
            yield_on_timeout=True,
        )
        started = False
        async for found in changes:
            # What was saved before the watching began is seen at the first turn of the loop.
            if found or (not started and self._stamps() != self._known):
                await self._reload()
            started = True

    async def _reload(self) -> None:
        try:
            library = await asyncio.to_thread(load, self._folders)
        except (ScenarioError, OSError) as error:
            self._say(f"the scenarios that were saved cannot be used, the ones before stay:\n{error}")
            return
        self._engine.preparation.use(library)
        count = len(library.scenarios)
        self._say(f"reloaded {count} scenario{'' if count == 1 else 's'}")

    def _say(self, text: str) -> None:
        self._out.write(f"gemulator: {text}\n")
        self._out.flush()

    def _stamps(self) -> dict[Path, int]:
        """When each file was written."""
        files = (file for folder in self._folders for file in ([folder] if folder.is_file() else folder.rglob("*")))
        return {file: file.stat().st_mtime_ns for file in files if file.is_file()}
