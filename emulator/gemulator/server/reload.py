"""Live reload of scenario files."""

import asyncio
import gc
import os
import stat
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from gemulator.core.errors import ScenarioError
from gemulator.core.gc_pause import gc_paused
from gemulator.engine.engine import Engine
from gemulator.scenario.library import Library, load

_DEBOUNCE_STEP = 50  # milliseconds without a change that end a burst of changes
_RETRY_SECONDS = 1.0
_MANY_TURNS = 1_000
_TEMPORARY = ("~", ".swp", ".swx", ".tmp")

FileId: TypeAlias = tuple[int, int]  # device and inode


class Reloader:
    """Watcher that reloads an engine's library from `folders`. If a file is invalid, the last valid library stays."""

    def __init__(self, engine: Engine, folders: Sequence[Path], report: Callable[[str], None]) -> None:
        self._engine = engine
        self._folders = folders
        self._report = report
        self._outputs = _output_files()
        self._loaded = self._stamps()
        forced = os.environ.get("WATCHFILES_FORCE_POLLING", "")  # a variable of watchfiles
        self._polling = forced.lower() not in {"", "false", "disable", "disabled"}
        if len(engine.preparation.library.located_turns) > _MANY_TURNS:
            gc.freeze()  # a collection among them would hold up the event loop, and free nothing

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
                cause = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
                if last != (last := str(cause)):
                    self._report(f"cannot watch the scenario folders, retrying: {last}")
                # A folder or a file name may be at fault, which polling does not help.
                self._polling = self._polling or not isinstance(cause, FileNotFoundError | UnicodeError)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _RETRY_SECONDS)

    async def _follow(self, stop: asyncio.Event) -> None:
        """Reload after each change; return when a watched folder was replaced by another of its name."""
        watchfiles: Any = await asyncio.to_thread(import_module, "watchfiles")
        roots = sorted({folder.parent if folder.is_file() else folder for folder in self._folders})
        watched = _inodes(roots)
        changes = watchfiles.awatch(
            *roots,
            watch_filter=lambda change, path: self._is_watched(path),
            stop_event=stop,
            debounce=400,
            step=_DEBOUNCE_STEP,
            rust_timeout=1_000 if self._polling else 200,
            yield_on_timeout=True,
            force_polling=self._polling or None,
        )
        started = False
        async with aclosing(changes):
            async for found in changes:
                if _inodes(roots) != watched:
                    return
                # The first iteration also catches files saved before the watch started, and watchfiles polls whole
                # seconds only: of two saves within one it would miss the second.
                checks = self._polling or not started
                if found or (checks and await asyncio.to_thread(self._stamps) != self._loaded):
                    await self._reload()
                started = True

    async def _reload(self) -> None:
        """Load the scenarios in a thread and replace those of the engine at once, if they are valid."""
        try:
            library = await asyncio.to_thread(self._load)
        except Exception as error:
            self._report(f"the saved scenarios are invalid, the previous ones stay active:\n{_reason(error)}")
            return
        preparation = self._engine.preparation
        previous = preparation.library
        previous_answers = preparation.set_library(library)
        count = len(library.scenarios)
        self._report(f"reloaded {count} scenario{'' if count == 1 else 's'}")
        pieces = [*previous.pieces, previous_answers]
        del previous, previous_answers
        await asyncio.to_thread(_free, pieces)

    def _load(self) -> Library:
        self._loaded = self._stamps()
        with gc_paused(freeze=True):
            return load(self._folders).prepare()

    def _stamps(self) -> dict[Path, tuple[int, int]]:
        """Return modification time and size of each file. Files deleted meanwhile are skipped."""
        stamps = {}
        for folder in self._folders:
            for file in [folder] if folder.is_file() else folder.rglob("*"):
                with suppress(OSError):
                    status = file.stat()
                    if stat.S_ISREG(status.st_mode) and _file_id(status) not in self._outputs:
                        stamps[file] = (status.st_mtime_ns, status.st_size)
        return stamps

    def _is_watched(self, path: str) -> bool:
        if path.endswith(_TEMPORARY):
            return False
        try:
            return _file_id(os.stat(path)) not in self._outputs
        except (OSError, ValueError):  # deleted, or not a name
            return True


def _output_files() -> frozenset[FileId]:
    """Return the files to which this process writes its log: each reload would change them."""
    found = set()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # without a file, closed or absent
            found.add(_file_id(os.fstat(stream.fileno())))
    return frozenset(found)


def _file_id(status: os.stat_result) -> FileId:
    return status.st_dev, status.st_ino


def _inodes(folders: Sequence[Path]) -> list[int]:
    """Return the inodes, which tell a replaced folder from the original. Raises OSError if one is missing."""
    return [folder.stat().st_ino for folder in folders]


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, ScenarioError | OSError) else f"{type(error).__name__}: {error}"


def _free(pieces: list[object]) -> None:
    """Drop objects one by one: all at once, they would hold the interpreter lock for long."""
    while pieces:
        pieces.pop()
