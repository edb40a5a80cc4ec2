"""Requests that an application answers at once: without a scope, a task and messages they cost half as much."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from gemulator.server.protocol.connection import BEGUN, HANDLED, HttpConnection

AT_ONCE = "emulator.at_once"
"""Where the state of an application's lifespan has its way to answer at once, if it has one."""

AtOnce: TypeAlias = Callable[[HttpConnection, bytes, Mapping[bytes, bytes], bytes], object]
"""Answers a POST to a URL with headers and body in one write: ANSWERED.

Otherwise it has to be called, as usual, and finds in the scope what it has returned here, if that is not None.
"""

_DIGITS = 5  # of the length of a body that is held
_NEVER = {b"expect", b"transfer-encoding"}  # a body that is asked for, and one of unknown length


class FastHttpProtocol(HttpConnection):
    """uvicorn's protocol, which asks the application first, from within the parser's callback."""

    _held: list[bytes] | None = None  # the body, so far, of a request that may be answered at once
    _resting: float | None = None  # since when; None: a request is under way
    _watch: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._at_once: AtOnce | None = self.app_state.get(AT_ONCE)
        self._by_name: dict[bytes, bytes] = {}

    def on_message_begin(self) -> None:
        self.url, self.headers, self.expect_100_continue = b"", [], False  # a scope is made when one is needed
        self._resting = None

    def on_headers_complete(self) -> None:
        if self._at_once is not None and self._eligible():
            self._by_name = dict(self.headers)
            if len(self._by_name.get(b"content-length", b"")) <= _DIGITS and _NEVER.isdisjoint(self._by_name):
                self._held = []
                return
        self._begin()

    def on_body(self, body: bytes) -> None:
        if self._held is None:
            super().on_body(body)
        else:
            self._held.append(body)

    def on_message_complete(self) -> None:
        if self._held is None:
            super().on_message_complete()
            return
        begun = self._begun(b"".join(self._held))
        if begun is HANDLED:
            self._held = None
            self._rest()
            return
        self._call()
        if begun is not None:
            self.scope[BEGUN] = begun  # type: ignore[literal-required]
        super().on_message_complete()
        self.flow.resume_reading()  # a large body has stopped it, and who has begun reads no body

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        if self._held is not None:
            self._call()  # what has begun is answered
        super().shutdown()

    def _eligible(self) -> bool:
        """Whether it is a POST on a connection that stays, with no other request before it."""
        cycle, parser = self.cycle, self.parser
        if parser.get_method() != b"POST" or (cycle is not None and not cycle.response_complete):
            return False
        return parser.get_http_version() == "1.1" and parser.should_keep_alive() and not parser.should_upgrade()

    def _begun(self, body: bytes) -> object:
        if self._at_once is None or self.flow.write_paused or self.transport.is_closing():
            return None
        return self._at_once(self, self.url, self._by_name, body)

    def _rest(self) -> None:
        """Wait for the next request. A timer that is there already is not set anew for each of them."""
        self.server_state.total_requests += 1
        self._resting = self.loop.time()
        if self._watch is None:
            self._watch = self.loop.call_later(self.timeout_keep_alive, self._look)

    def _look(self) -> None:
        """Close a connection that has rested for long enough."""
        self._watch = None
        if self._resting is None:
            return  # whoever ends the request sets a timer
        left = self._resting + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._watch = self.loop.call_later(left, self._look)
        else:
            self.timeout_keep_alive_handler()

    def _call(self) -> None:
        """Call the application with what was held."""
        held, self._held = self._held, None
        self._begin()
        for piece in held or ():
            super().on_body(piece)

    def _begin(self) -> None:
        """Begin a request as uvicorn does."""
        url, headers, expected = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expected
        self.headers.extend(headers)  # the scope has this list
        super().on_headers_complete()
