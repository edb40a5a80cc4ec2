"""HTTP to a running emulator, from any thread, by the standard library: it is there, and soon imported."""

import os
import selectors
import ssl
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

_PATIENCE = 10.0  # seconds
_Watch: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)  # holds no file


class Unreachable(Exception):
    """No answer came, or none that is HTTP."""


class HttpPool:
    """Connections to `url`, kept for the next request. No proxy is asked: the server is at hand."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._parts = urlsplit(url)
        self._headers = dict(headers)
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise ValueError("a header is one line of printable ASCII")  # http.client's own words would show the key
        self._idle: deque[HTTPConnection] = deque()
        self._process = os.getpid()
        self._closed = False

    def close(self) -> None:
        """Close all that are idle, and those that are in use when they are given back."""
        self._closed = True
        self._close_idle()

    def _close_idle(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def request(self, method: str, target: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Status and body. Unreachable."""
        with self._checkout() as connection:
            response = self._sent(connection, method, target, body, {})
            answer = response.status, response.read()
            self._release(connection)
            return answer

    @contextmanager
    def stream(self, target: str, headers: Mapping[str, str]) -> Iterator[HTTPResponse]:
        """A response to read from for as long as it comes. Unreachable."""
        with self._checkout() as connection:
            response = self._sent(connection, "GET", target, None, headers)
            connection.sock.settimeout(None)
            yield response
            connection.close()

    def _sent(
        self, connection: HTTPConnection, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> HTTPResponse:
        connection.request(method, self._parts.path.rstrip("/") + target, body, {**self._headers, **headers})
        return connection.getresponse()

    @contextmanager
    def _checkout(self) -> Iterator[HTTPConnection]:
        """A connection that nobody else has; closed where something goes wrong."""
        if self._process != os.getpid():  # the process that was forked off this one has the same: each closes its end
            self._close_idle()
            self._process = os.getpid()
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._new()
        try:
            if connection.sock is not None and _is_stale(connection):
                connection.close()  # it connects anew by itself
            yield connection
        except (OSError, HTTPException) as error:
            connection.close()
            raise Unreachable(repr(error) if isinstance(error, HTTPException) else str(error)) from None
        except BaseException:
            connection.close()
            raise

    def _release(self, connection: HTTPConnection) -> None:
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)

    def _new(self) -> HTTPConnection:
        scheme, place = self._parts.scheme, self._parts.netloc
        if scheme not in {"http", "https"}:
            raise Unreachable("it begins neither with http:// nor with https://")
        try:
            if scheme == "https":
                return HTTPSConnection(place, timeout=_PATIENCE, context=self._trust)
            return HTTPConnection(place, timeout=_PATIENCE)
        except HTTPException as error:
            raise Unreachable(str(error)) from None

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        import certifi

        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
        return context


def _is_stale(connection: HTTPConnection) -> bool:
    """Whether the server has closed an idle connection: nothing else can be read from one."""
    with _Watch() as watch:
        watch.register(connection.sock, selectors.EVENT_READ)
        return bool(watch.select(0))
