"""Saved scenarios are live within a second: watches their folders, and swaps the library when it could be read."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from gemulator.core.errors import ScenarioError
from gemulator.engine.engine import Engine
from gemulator.scenario.library import load

_QUIET = 50  # milliseconds without a change after which a burst of them is over
_AGAIN = 1.0  # seconds until it is tried again to watch
_TEMPORARY = ("~", ".swp", ".swx", ".tmp")


class Reloader:
    """Keeps an engine's library like the files in `folders`. A broken file is reported, and the last good set stays."""

    def __init__(self, engine: Engine, folders: Sequence[Path], say: Callable[[str], None]) -> None:
        self._engine = engine
        self._folders = folders
        self._say = say
        self._known = self._stamps()
        self._polling = False

    @asynccontextmanager
    async def running(self, app: object = None) -> AsyncIterator[None]:
        """Watches while the context is open."""
        stop = asyncio.Event()
        task = asyncio.create_task(self._watch(stop))
        try:
            yield
        finally:
            stop.set()
            with suppress(asyncio.CancelledError):  # a second Ctrl-C ends it, too
                await task

    async def _watch(self, stop: asyncio.Event) -> None:
        """Follow the folders. What breaks that off is said when it happens, and tried again."""
        said = ""
        while not stop.is_set():
            try:
                await self._follow(stop)
            except Exception as error:
                if said != (said := str(error)):
                    self._say(f"the folders of scenarios cannot be watched, and are tried again: {said}")
                self._polling = self._polling or not isinstance(error, FileNotFoundError)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _AGAIN)

    async def _follow(self, stop: asyncio.Event) -> None:
        """Reload what changes, until another folder has taken the place of one."""
        watchfiles: Any = await asyncio.to_thread(import_module, "watchfiles")
        roots = sorted({folder.parent if folder.is_file() else folder for folder in self._folders})
        watched = _inodes(roots)
        changes = watchfiles.awatch(
            *roots,
            watch_filter=lambda change, path: not path.endswith(_TEMPORARY),
            stop_event=stop,
            debounce=400,
            step=_QUIET,
            rust_timeout=200,
            yield_on_timeout=True,
            force_polling=self._polling or None,
        )
        started = False
        async with aclosing(changes):
            async for found in changes:
                if _inodes(roots) != watched:
                    return
                # What was saved before the watching began is seen at the first turn of the loop.
                if found or (not started and self._stamps() != self._known):
                    await self._reload()
                started = True

    async def _reload(self) -> None:
        self._known = self._stamps()
        try:
            library = await asyncio.to_thread(load, self._folders)
        except (ScenarioError, OSError) as error:
            self._say(f"the scenarios that were saved cannot be used, the ones before stay:\n{error}")
            return
        self._engine.preparation.set_library(library)
        count = len(library.scenarios)
        self._say(f"reloaded {count} scenario{'' if count == 1 else 's'}")

    def _stamps(self) -> dict[Path, int]:
        """When each file was written. One that is gone meanwhile has none."""
        stamps = {}
        for folder in self._folders:
            for file in [folder] if folder.is_file() else folder.rglob("*"):
                with suppress(OSError):
                    if file.is_file():
                        stamps[file] = file.stat().st_mtime_ns
        return stamps


def _inodes(folders: Sequence[Path]) -> list[int]:
    """What tells a folder from another of its name. OSError where one is gone."""
    return [folder.stat().st_ino for folder in folders]
