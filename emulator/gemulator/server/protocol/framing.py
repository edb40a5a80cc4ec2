"""Framing of unusual requests: HTTP/1.0, pipelined, half-closed, malformed."""

from collections import deque
from typing import Any, TypeAlias

from starlette.types import Message, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from gemulator.server.protocol.upgrade import UpgradeIgnoringProtocol

_MAX_HEAD = 256_000  # bytes of request line and headers

Cycle: TypeAlias = RequestResponseCycle


class FramingProtocol(UpgradeIgnoringProtocol):
    """uvicorn's protocol for clients that do more than send one correct HTTP/1.1 request at a time.

    | client | uvicorn alone | here |
    |---|---|---|
    | HTTP/1.0 | gets a chunked body | gets a body that the end of the connection ends |
    | disconnects with pipelined requests | only the newest is notified | all are notified |
    | sends garbage behind a request in progress | gets the 400 inside that answer | gets the answer, then a close |
    | closes its sending side after a request | gets no answer | gets it, unless it takes time |
    | `Expect: 100-continue`, refused unread | the body it omits would be the next request | `connection: close` |
    | sends trailers | they become headers | they are ignored |
    """

    half_closed = False  # the client has closed its sending side and waits for the answer

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._cycles: deque[Cycle] = deque()  # not answered yet, oldest first; at least the newest
        self._head_size: int | None = None  # bytes so far of an incomplete head
        self._malformed: str | None = None  # message about data behind the last request

    @property
    def current(self) -> Cycle:
        """Return the oldest request that is not answered yet."""
        cycles = self._cycles
        while len(cycles) > 1 and cycles[0].response_complete:
            cycles.popleft()
        return cycles[0]

    def data_received(self, data: bytes) -> None:
        if self._malformed is not None:
            return
        super().data_received(data)
        if self._head_size is not None:
            self._head_size += len(data)
            if self._head_size > _MAX_HEAD and self._malformed is None:
                self._refuse_head()

    def on_message_begin(self) -> None:
        self._head_size = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_size = None
        super().on_headers_complete()
        cycle = self.cycle
        if cycle is None or (self._cycles and self._cycles[-1] is cycle):
            return  # an upgrade is offered: the head is parsed once more
        self.scope["headers"] = list(self.headers)  # uvicorn appends trailers to its list
        self._cycles.append(cycle)
        if len(self._cycles) > 1:
            _ = self.current  # drops those that are answered
        if cycle.waiting_for_100_continue or self.scope["http_version"] == "1.0":
            cycle.send = _adapt(cycle, cycle.send)  # type: ignore[method-assign,assignment,arg-type]

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Keep the connection open for an answer that is being computed; TLS cannot be half-closed."""
        if not self._cycles or self.scheme != "http":
            return None
        current, newest = self.current, self._cycles[-1]
        if current.response_started or newest.more_body:
            return None
        newest.keep_alive = False
        self.half_closed = True
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for cycle in self._cycles:
            if not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()

    def send_400_response(self, msg: str) -> None:
        """Refuse malformed data, once the requests before it are answered."""
        self._malformed = msg
        newest = self._cycles[-1] if self._cycles else None
        if newest is not None and newest.more_body:
            if newest.response_complete:
                self.transport.close()  # the rest of a body that was refused unread
                return
            newest.disconnected = True
            newest.message_event.set()
            self._cycles.pop()
        self._refuse_malformed()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._malformed is not None:
            self._refuse_malformed()

    def _refuse_malformed(self) -> None:
        """Send the 400 for malformed data if no request before it is in progress."""
        if all(cycle.response_complete for cycle in self._cycles) and not self.transport.is_closing():
            super().send_400_response(self._malformed or "")

    def _refuse_head(self) -> None:
        text = f"gemulator: the request's head is larger than {_MAX_HEAD} bytes. Send fewer or shorter headers."
        self.send_400_response(text)


def _adapt(cycle: Cycle, send: Send) -> Send:
    """Return a `send` for a client that reads no chunked body, or that may omit its body."""
    until_close = cycle.scope["http_version"] == "1.0"

    async def adapted(message: Message) -> None:
        nonlocal until_close
        if message["type"] == "http.response.start":
            if cycle.waiting_for_100_continue and cycle.more_body:
                cycle.keep_alive = False
            until_close = until_close and all(name.lower() != b"content-length" for name, _ in message["headers"])
            if until_close:
                cycle.chunked_encoding = False
        elif until_close:
            cycle.expected_content_length = len(message.get("body", b""))
        await send(message)

    return adapted
