"""Requests that offer another protocol, as the JDK's client does with HTTP/2: they are answered in HTTP/1.1."""

import sys

from httptools import HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class UpgradeIgnoringProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with the body of a request that asks for an upgrade.

    httptools holds what follows such a head for the other protocol. An offer may be ignored (RFC 9110, 7.8): the head
    is read once more without it. Pinned by tests/acceptance/test_upgrade.py.
    """

    _received = b""

    def data_received(self, data: bytes) -> None:
        self._received = data
        super().data_received(data)
        self._received = b""

    def _should_upgrade(self) -> bool:
        """uvicorn leaves such requests to `handle_websocket_upgrade`."""
        return self._get_upgrade() is not None

    def handle_websocket_upgrade(self) -> None:
        error = sys.exception()
        assert isinstance(error, HttpParserUpgrade)
        rest = self._received[error.args[0] :]
        kept = [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        line = b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        head = b"\r\n".join((line, *kept, b"\r\n"))
        self.parser = HttpRequestParser(self)
        self.data_received(head + rest)
