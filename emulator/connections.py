"""HTTP to a running emulator, from any thread. A request is one write and little more: each test pays for two."""

import selectors
import socket
import ssl
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpResponseParser

_PATIENCE = 10.0  # seconds
_PIECE = 65_536  # bytes that are read at once
_PORTS = {"http": 80, "https": 443}
_FRAMING = {b"content-length", b"transfer-encoding"}
_Watch: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)  # hold no file


class Unreachable(Exception):
    """No answer came, or none that is HTTP."""


class Connections:
    """Connections to `url`, kept for the next request. No proxy is asked: the server is at hand."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._parts = urlsplit(url)
        self._below = self._parts.path.rstrip("/")
        host = self._parts.netloc.rpartition("@")[2]
        self._headers = {"host": host, "accept-encoding": "identity", **headers}
        if any("\r" in value or "\n" in value for value in self._headers.values()):
            raise ValueError("a header is one line")
        self._idle: deque[_Connection] = deque()
        self._closed = False

    def close(self) -> None:
        """Close all that are idle, and those that are in use when they are given back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def ask(self, method: str, target: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Status and body. Unreachable."""
        with self._lent() as connection:
            response = self._sent(connection, method, target, body, {})
            answer = response.status, b"".join(response)
            if response.lasting and not self._closed:
                self._idle.append(connection)
            else:
                connection.close()
            return answer

    @contextmanager
    def stream(self, target: str, headers: Mapping[str, str]) -> "Iterator[Response]":
        """A response to read from for as long as it comes. Unreachable."""
        with self._lent() as connection:
            response = self._sent(connection, "GET", target, None, headers)
            connection.socket.settimeout(None)
            yield response
            connection.close()

    def _sent(
        self, connection: "_Connection", method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> "Response":
        sized = {} if body is None and method == "GET" else {"content-length": str(len(body or b""))}
        lines = [f"{name}: {value}\r\n" for name, value in {**self._headers, **headers, **sized}.items()]
        head = f"{method} {self._below}{target} HTTP/1.1\r\n{''.join(lines)}\r\n"
        connection.socket.sendall(head.encode("latin-1") + (body or b""))
        return Response(connection.received)

    @contextmanager
    def _lent(self) -> "Iterator[_Connection]":
        """A connection that nobody else has; closed where something goes wrong."""
        connection = None
        try:
            connection = self._kept() or self._new()
            yield connection
        except (OSError, HttpParserError) as error:
            if connection is not None:
                connection.close()
            raise Unreachable(str(error) or type(error).__name__) from None
        except BaseException:
            if connection is not None:
                connection.close()
            raise

    def _kept(self) -> "_Connection | None":
        """An idle connection that the server has not closed."""
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread has it
                break
            if not connection.ended:
                return connection
            connection.close()
        return None

    def _new(self) -> "_Connection":
        scheme, host = self._parts.scheme, self._parts.hostname
        if scheme not in _PORTS or host is None:
            raise Unreachable("it begins neither with http:// nor with https://")
        try:
            port = self._parts.port or _PORTS[scheme]
        except ValueError as error:
            raise Unreachable(str(error)) from None
        plain = socket.create_connection((host, port), _PATIENCE)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _Connection(plain if scheme == "http" else self._trust.wrap_socket(plain, server_hostname=host))

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        import certifi

        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
        return context


class _Connection:
    """A connection, and a watch over what comes when nothing was asked."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self._watch = _Watch()
        self._watch.register(connected, selectors.EVENT_READ)

    def received(self) -> bytes:
        return self.socket.recv(_PIECE)

    @property
    def ended(self) -> bool:
        """Whether the server has closed it while it was idle: nothing else can be read then."""
        return bool(self._watch.select(0))

    def close(self) -> None:
        self._watch.close()
        self.socket.close()


class Response:
    """The pieces of a body, as they are `received`; and `status`. `lasting`: the connection may be used again.

    Its public methods named `on_` are called by the parser.
    """

    def __init__(self, received: Callable[[], bytes]) -> None:
        self.status = 0
        self.lasting = False
        self._received = received
        self._parser = HttpResponseParser(self)
        self._pieces: list[bytes] = []
        self._framed = self._complete = False
        while not self.status:
            self._more()

    def __iter__(self) -> Iterator[bytes]:
        while True:
            pieces, self._pieces = self._pieces, []
            yield from pieces
            if self._complete:
                break
            self._more()
        del self._parser  # each keeps the other

    def lines(self) -> Iterator[bytes]:
        """The lines of the body, without their ends."""
        rest = b""
        for piece in self:
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole

    def _more(self) -> None:
        data = self._received()
        if data:
            self._parser.feed_data(data)
        elif self._framed or not self.status:
            raise ConnectionError("the connection was closed before the answer was there")
        else:
            self._complete = True

    def on_header(self, name: bytes, value: bytes) -> None:
        self._framed = self._framed or name.lower() in _FRAMING

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        self.status = 0 if status < 200 else status

    def on_body(self, piece: bytes) -> None:
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        if self.status:
            self._complete = True
            self.lasting = self._parser.should_keep_alive()
