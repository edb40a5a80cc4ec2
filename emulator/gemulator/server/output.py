"""Bounded, non-blocking writer of standard output and standard error."""

import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import TextIO

_MAX_QUEUED = 1_000_000  # characters
_FLUSH_SECONDS = 1.0  # to write what is queued when the process ends
_IDLE_SECONDS = 10.0  # after which the thread ends
_STANDARD = {1, 2}  # file descriptors that stay open as long as the process


class OutputWriter:
    """Queue of texts and a thread that writes them to `out` in order.

    Nobody may read the pipe behind `out`, so the thread alone waits for it. Texts that do not fit into the queue are
    dropped, and counted in a line of their own once writing works again. A stream that fails (closed pipe, full disk)
    or that is None (closed before the start) drops them silently.
    """

    def __init__(self, out: TextIO | None) -> None:
        self.loss_line: Callable[[int], str] = "gemulator: {} log lines were dropped: nobody read the output.\n".format
        self._out = out
        self._descriptor = _standard_descriptor(out)
        self._queue: deque[str] = deque()
        self._size = 0
        self._dropped = 0  # lines
        self._changed = threading.Condition()
        self._is_writing = False
        self._thread: threading.Thread | None = None

    def write(self, text: str) -> None:
        """Queue a text and return at once."""
        if self._out is None or not text:
            return
        with self._changed:
            if self._size + len(text) > _MAX_QUEUED:
                self._dropped += text.count("\n")
                return
            self._queue.append(text)
            self._size += len(text)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True, name="gemulator output")
                self._thread.start()
            self._changed.notify_all()

    def flush(self, seconds: float = _FLUSH_SECONDS) -> bool:
        """Wait until the queue is written, at most so long; return True if it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._queue and not self._is_writing, seconds)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._is_writing = False
                self._changed.notify_all()
                if not self._changed.wait_for(lambda: self._queue, _IDLE_SECONDS):
                    self._thread = None
                    return
                self._is_writing = True
                texts, dropped = list(self._queue), self._dropped
                self._queue.clear()
                self._size = self._dropped = 0
            if dropped:
                texts.append(self.loss_line(dropped))
            with suppress(OSError, ValueError):
                self._write("".join(texts))

    def _write(self, text: str) -> None:
        if self._descriptor is None:
            assert self._out is not None
            self._out.write(text)
            self._out.flush()
            return
        # A lock of the stream held by this thread would block the end of the interpreter.
        data = memoryview(text.encode("utf-8", "backslashreplace"))
        while data:
            data = data[os.write(self._descriptor, data) :]


class OutputHandler(logging.Handler):
    """Logging handler that queues records for standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            writer_of(sys.stderr).write(f"{self.format(record)}\n")
        except Exception:
            self.handleError(record)


@lru_cache(maxsize=8)
def writer_of(out: TextIO | None) -> OutputWriter:
    """Return the writer of a stream, the same for all that write to it."""
    return OutputWriter(out)


def flush_standard() -> None:
    """Write what is queued for standard output and standard error, unless nobody reads it."""
    for out in (sys.stdout, sys.stderr):
        writer_of(out).flush()


def _standard_descriptor(out: TextIO | None) -> int | None:
    """Return 1 or 2 if the stream writes there, None for any other stream."""
    try:
        descriptor = out.fileno() if out is not None else None
    except (OSError, ValueError, AttributeError):
        return None
    return descriptor if descriptor in _STANDARD else None


def is_terminal(out: TextIO | None) -> bool:
    """Return True if the stream is a terminal; None is a stream that was closed before the start."""
    return out is not None and out.isatty()
