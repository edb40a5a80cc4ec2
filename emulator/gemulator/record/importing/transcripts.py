"""Importers of curl's output and of event streams."""

import re
from collections.abc import Mapping

from gemulator.record.importing.capture import Capture

_STATUS = re.compile(rb"HTTP/[0-9.]+ ([0-9]{3})[^\r\n]*\r?\n")
_HEAD_END = re.compile(rb"\r?\n\r?\n")


def is_curl_output(data: bytes) -> bool:
    """Return True if the data begin with a status line."""
    return _STATUS.match(data) is not None


def read_curl(data: bytes, source: str, request: bytes | None) -> Capture:
    """Return the exchange of the output of `curl -i`. Raise ValueError if its head does not end."""
    status, body = 0, data
    headers: Mapping[str, str] = {}
    while (found := _STATUS.match(body)) is not None:  # of proxies and redirects, too: the last one counts
        end = _HEAD_END.search(body)
        if end is None:
            raise ValueError("the headers do not end: save the whole output of `curl -iN`")
        status, headers = int(found[1]), _headers(body[found.end() : end.start()])
        body = body[end.end() :]
    return Capture(source, "", request, status, headers, body)


def _headers(lines: bytes) -> Mapping[str, str]:
    pairs = (line.decode("latin-1").partition(":") for line in lines.splitlines())
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}


def read_events(data: bytes, source: str, request: bytes | None) -> Capture:
    """Return the exchange of a file of server-sent events."""
    return Capture(source, "", request, 200, {"content-type": "text/event-stream"}, data)
