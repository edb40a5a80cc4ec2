"""HTTP/1.1 answers to requests that offer a protocol upgrade."""

import sys

from httptools import HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class UpgradeIgnoringProtocol(HttpToolsProtocol):
    """uvicorn's protocol with the body of a request that offers an upgrade, as the JDK's client does (HTTP/2).

    httptools takes the bytes after such a head as data of the other protocol. A server may ignore the offer
    (RFC 9110, 7.8): the head is parsed once more without it. Pinned by tests/acceptance/test_upgrade.py.
    """

    _received = b""

    def data_received(self, data: bytes) -> None:
        self._received = data
        super().data_received(data)
        self._received = b""

    def _should_upgrade(self) -> bool:
        """Return True for every offer, so that uvicorn calls `handle_websocket_upgrade`."""
        return self._get_upgrade() is not None

    def handle_websocket_upgrade(self) -> None:
        error = sys.exception()
        assert isinstance(error, HttpParserUpgrade)
        rest = self._received[error.args[0] :]
        headers = [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        line = b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        head = b"\r\n".join((line, *headers, b"\r\n"))
        self.parser = HttpRequestParser(self)
        self.data_received(head + rest)
