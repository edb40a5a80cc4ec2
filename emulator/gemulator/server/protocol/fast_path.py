"""Fast path: answers complete POST requests without an ASGI task.

The protocol collects the body of an eligible request and calls the application's `AnswerNow` from within the parser's
callback. An answer that waits for nothing is written there and then. That saves the scope, the task and the messages
of an ASGI call, which is half the cost of a repeated request. In all other cases the request goes the usual way.

Nothing else in the server depends on it: without `ANSWER_NOW` in the lifespan state, or under another ASGI server,
every request is a plain ASGI call with the same answer (tests/acceptance/test_short_ways.py).
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from gemulator.server.protocol.connection import HANDLED, STARTED, HttpConnection

ANSWER_NOW = "emulator.answer_now"
"""Key of the application's `AnswerNow` in the lifespan state. Optional."""

AnswerNow: TypeAlias = Callable[[HttpConnection, bytes, Mapping[bytes, bytes], bytes], object]
"""Answers a POST, given connection, URL, headers and body. Returns HANDLED if the answer is written.

For any other value the application is called as usual; it finds the value in `scope[STARTED]` unless it is None.
"""

_MAX_LENGTH_DIGITS = 5  # of the content-length of a collected body
# The body comes on demand, its length is unknown, or the answer gets CORS headers.
_EXCLUDED_HEADERS = {b"expect", b"transfer-encoding", b"origin"}


class FastHttpProtocol(HttpConnection):
    """uvicorn's protocol with the fast path."""

    _body: list[bytes] | None = None  # body so far of a request on the fast path
    _idle_since: float | None = None  # None while a request is in progress
    _idle_timer: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._answer_now: AnswerNow | None = self.app_state.get(ANSWER_NOW)
        self._header_map: dict[bytes, bytes] = {}

    def on_message_begin(self) -> None:
        self.url, self.headers, self.expect_100_continue = b"", [], False  # `_start_cycle` creates the scope if needed
        self._idle_since = None
        self._head_size = 0

    def on_headers_complete(self) -> None:
        if self._answer_now is not None and self._eligible():
            headers = self._header_map = dict(self.headers)
            if len(headers.get(b"content-length", b"")) <= _MAX_LENGTH_DIGITS and _EXCLUDED_HEADERS.isdisjoint(headers):
                self._body, self._head_size = [], None
                return
        self._start_cycle()

    def on_body(self, body: bytes) -> None:
        if self._body is None:
            super().on_body(body)
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if self._body is None:
            super().on_message_complete()
            return
        started = self._try_answer(b"".join(self._body))
        if started is HANDLED:
            self._body = None
            self._become_idle()
            return
        self._run_application()
        if started is not None:
            self.scope[STARTED] = started  # type: ignore[literal-required]
        super().on_message_complete()
        self.flow.resume_reading()  # paused by a large body, which a started answer does not receive

    def connection_lost(self, exc: Exception | None) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        if self._body is not None:
            self._run_application()  # a request whose head has arrived is still answered
        super().shutdown()

    def _eligible(self) -> bool:
        """Return True for a POST on a keep-alive connection without an earlier request in progress."""
        cycle, parser = self.cycle, self.parser
        if parser.get_method() != b"POST" or (cycle is not None and not cycle.response_complete):
            return False
        return parser.get_http_version() == "1.1" and parser.should_keep_alive() and not parser.should_upgrade()

    def _try_answer(self, body: bytes) -> object:
        if self._answer_now is None or self.flow.write_paused or self.transport.is_closing():
            return None
        return self._answer_now(self, self.url, self._header_map, body)

    def _become_idle(self) -> None:
        """Wait for the next request. One timer serves many requests, because setting one for each costs more."""
        self.server_state.total_requests += 1
        self._idle_since = self.loop.time()
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self._close_if_idle)

    def _close_if_idle(self) -> None:
        """Close the connection after its keep-alive timeout."""
        self._idle_timer = None
        if self._idle_since is None:
            return  # the end of the current request sets a timer
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._idle_timer = self.loop.call_later(left, self._close_if_idle)
        else:
            self.timeout_keep_alive_handler()

    def _run_application(self) -> None:
        """Call the application with the collected body."""
        collected, self._body = self._body, None
        self._start_cycle()
        for part in collected or ():
            super().on_body(part)

    def _start_cycle(self) -> None:
        """Start a request as uvicorn does."""
        url, headers, expected = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expected
        self.headers.extend(headers)  # the scope holds this list
        super().on_headers_complete()
