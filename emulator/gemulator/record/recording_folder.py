"""Folder of recordings: one scenario file per session, written atomically."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from gemulator.record.exchange import Exchange
from gemulator.record.recording import Recording, RecordingBuilder

_UNSAFE = re.compile(r"[^A-Za-z0-9-]+")


class RecordingWriter:
    """Keeps the exchanges of each session, and writes its file anew after each one. Must not run in an event loop."""

    def __init__(self, folder: Path, builder: RecordingBuilder) -> None:
        self._folder = folder
        self._builder = builder
        self._sessions: dict[str, list[Exchange]] = {}

    def add(self, exchange: Exchange) -> Recording:
        """Add an exchange to the file of its session."""
        exchanges = self._sessions.setdefault(exchange.session, [])
        exchanges.append(exchange)
        stem = file_stem(exchange.session)
        recording = self._builder.build(exchanges, stem, f"Recorded in session {exchange.session}.")
        write_recording(recording, self._folder / f"{stem}.yaml")
        return recording


def file_stem(name: str) -> str:
    """Return the name of a file for a session."""
    return _UNSAFE.sub("-", name).strip("-")[:80] or "recorded"


def write_recording(recording: Recording, file: Path) -> None:
    """Write a recording, its other files first: a reader sees the old file or the new one. Empty ones are left out."""
    if not recording.turns:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    for name, data in recording.files.items():
        target = file.parent / name
        if not target.exists():
            _replace(target, data)
    _replace(file, recording.text.encode())


def _replace(file: Path, data: bytes) -> None:
    # The leading dot keeps a half-written file from being loaded as a scenario.
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)


def sessions_of(exchanges: Sequence[Exchange]) -> dict[str, list[Exchange]]:
    """Return the exchanges by session, in their order."""
    found: dict[str, list[Exchange]] = {}
    for exchange in exchanges:
        found.setdefault(exchange.session, []).append(exchange)
    return found
