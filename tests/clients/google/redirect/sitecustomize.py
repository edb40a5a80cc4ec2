"""Sends Google's host names to an emulator: what /etc/hosts does, for one process, with ports as well."""

import os
import socket

_resolve = socket.getaddrinfo
_PORTS = {443: int(os.environ["REDIRECT_HTTPS"]), 80: int(os.environ["REDIRECT_HTTP"])}


def _redirected(host, port, *rest, **named):  # type: ignore[no-untyped-def]
    name = host.decode() if isinstance(host, bytes) else host or ""
    if name.endswith((".googleapis.com", ".google.internal", ".vertexai.goog")) or name == "169.254.169.254":
        return _resolve("127.0.0.1", _PORTS[int(port)], *rest, **named)
    return _resolve(host, port, *rest, **named)


socket.getaddrinfo = _redirected
