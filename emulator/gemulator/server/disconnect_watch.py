"""Cancellation of a response whose client disconnects."""

import asyncio
from types import TracebackType
from typing import Self

from starlette.types import Receive

from gemulator.server.protocol.connection import HttpConnection, wait_for_disconnect


class DisconnectWatch:
    """Context manager that cancels the current task when the client disconnects, unless it is disarmed.

    `client_left` is True after such a cancellation.
    """

    def __init__(self, connection: HttpConnection | None, receive: Receive) -> None:
        self.client_left = False
        self._connection = connection
        self._receive = receive
        self._armed = False
        self._task: asyncio.Task[object] | None = None
        self._disconnect: asyncio.Future[None] | None = None

    def disarm(self) -> None:
        """Expect the end of the connection from now on."""
        self._armed = False

    def uncancel(self) -> None:
        """Continue the task after its cancellation, by this watch or by the server."""
        if self._task is not None:
            self._task.uncancel()

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        self._armed = True
        if self._connection is not None:  # cheaper than a task per stream
            self._connection.on_lost = self._cancel
        else:
            self._disconnect = asyncio.ensure_future(wait_for_disconnect(self._receive))
            self._disconnect.add_done_callback(lambda _: self._cancel())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disarm()
        if self._connection is not None:
            self._connection.on_lost = None
        if self._disconnect is not None:
            self._disconnect.cancel()

    def _cancel(self) -> None:
        if self._armed and self._task is not None:
            self.client_left = True
            self._task.cancel()
