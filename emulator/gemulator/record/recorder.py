"""Recorder: writes forwarded answers to a folder of scenarios, beside the event loop."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec.structs import replace

from gemulator.delivery.steps import Chunk, CloseConnection, Head, Step
from gemulator.engine.forwarding import ForwardRequest
from gemulator.record.exchange import Exchange, Piece
from gemulator.record.recording_folder import RecordingWriter, file_stem
from gemulator.state.journal.redaction import drop_secrets

_OWN = b"x-emulator-"
_MAX_REASON = 500  # characters


class Recorder:
    """Writer of one folder. `keeps` leaves the files of earlier runs as they are; `warn` gets errors.

    `writer` is created in the thread that writes.
    """

    def __init__(
        self, folder: Path, writer: Callable[[], RecordingWriter], warn: Callable[[str], None], *, keeps: bool
    ) -> None:
        self._folder = folder
        self._create = writer
        self._warn = warn
        self._keeps = keeps
        self._writer: RecordingWriter | None = None
        self._names: dict[str, str] = {}
        self._thread = ThreadPoolExecutor(1, "gemulator recorder")

    def add(self, request: ForwardRequest, steps: Sequence[Step]) -> None:
        """Write a request and its answer soon."""
        exchange = _exchange(request, steps)
        if exchange is not None:
            self._thread.submit(self._write, exchange)

    async def close(self) -> None:
        """Wait until all is written."""
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)

    def _write(self, exchange: Exchange) -> None:
        try:
            self._writer = self._writer or self._create()
            recording = self._writer.add(replace(exchange, session=self._name(exchange.session)))
        except Exception as error:  # a full disk must not end the server
            reason = f"{type(error).__name__}: {str(error)[:_MAX_REASON]}"
            self._warn(f"the recording of session {exchange.session} could not be written: {reason}")
            return
        if recording.lost:
            self._warn(f"not recorded: {recording.lost[-1].reason}")

    def _name(self, session: str) -> str:
        """Return the name of the file of a session; with `keeps`, one that no earlier run has written."""
        name = self._names.get(session)
        if name is None:
            name, number = session, 1
            while self._keeps and (self._folder / f"{file_stem(name)}.yaml").exists():
                number += 1
                name = f"{session}-{number}"
            self._names[session] = name
        return name


def _exchange(request: ForwardRequest, steps: Sequence[Step]) -> Exchange | None:
    """Return a request with its answer, None without a head."""
    head = next((step for step in steps if isinstance(step, Head)), None)
    if head is None:
        return None
    incoming = request.incoming
    return Exchange(
        incoming.path,
        incoming.body,
        head.status,
        [pair for pair in head.headers if not pair[0].startswith(_OWN)],
        [Piece(step.data, step.wait) for step in steps if isinstance(step, Chunk)],
        cut=any(isinstance(step, CloseConnection) for step in steps),
        session=incoming.caller.session,
        request_headers=[*drop_secrets(incoming.headers).items()],
    )
