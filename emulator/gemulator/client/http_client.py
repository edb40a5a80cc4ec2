"""Thread-safe HTTP client for the admin API."""

# Standard library only: importing httpx costs 190 ms of CPU time.
import os
import selectors
import ssl
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

TIMEOUT = 10.0  # seconds
_Selector: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)  # opens no file


class Unreachable(Exception):
    """No response, or none that is HTTP."""


class HttpPool:
    """Pool of connections to `url`. Proxies of the environment are not used."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._parts = urlsplit(url)
        self._headers = dict(headers)
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            # http.client would refuse it as well, with the key in its message
            raise ValueError("a header value must be one line of printable ASCII")
        self._idle: deque[HTTPConnection] = deque()
        self._process = os.getpid()
        self._closed = False

    def close(self) -> None:
        """Close idle connections now, and those in use once they are released."""
        self._closed = True
        self._close_idle()

    def _close_idle(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def request(self, method: str, target: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Send a request and return status and body. Raise Unreachable if no response arrives."""
        with self._checkout() as connection:
            response = self._send(connection, method, target, body, {})
            answer = response.status, response.read()
            self._release(connection)
            return answer

    @contextmanager
    def stream(self, target: str, headers: Mapping[str, str]) -> Iterator[HTTPResponse]:
        """Yield a response that is read while it arrives, without a timeout. Raise Unreachable."""
        with self._checkout() as connection:
            response = self._send(connection, "GET", target, None, headers)
            connection.sock.settimeout(None)
            yield response
            connection.close()

    def _send(
        self, connection: HTTPConnection, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> HTTPResponse:
        connection.request(method, self._parts.path.rstrip("/") + target, body, {**self._headers, **headers})
        return connection.getresponse()

    @contextmanager
    def _checkout(self) -> Iterator[HTTPConnection]:
        """Yield a connection for exclusive use; close it on any error."""
        if self._process != os.getpid():  # after a fork both processes share the sockets: each closes its own end
            self._close_idle()
            self._process = os.getpid()
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._create()
        try:
            if connection.sock is not None and _is_stale(connection):
                connection.close()  # http.client reconnects on the next request
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

    def _create(self) -> HTTPConnection:
        scheme, netloc = self._parts.scheme, self._parts.netloc.rpartition("@")[2]  # without user and password
        if scheme not in {"http", "https"}:
            raise Unreachable("the URL must begin with http:// or https://")
        try:
            if scheme == "https":
                return HTTPSConnection(netloc, timeout=TIMEOUT, context=self._tls_context)
            return HTTPConnection(netloc, timeout=TIMEOUT)
        except HTTPException as error:
            raise Unreachable(str(error)) from None

    @cached_property
    def _tls_context(self) -> ssl.SSLContext:
        import certifi

        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
        return context


def _is_stale(connection: HTTPConnection) -> bool:
    """Return True if the server has closed an idle connection: it is readable then."""
    with _Selector() as selector:
        selector.register(connection.sock, selectors.EVENT_READ)
        return bool(selector.select(0))
