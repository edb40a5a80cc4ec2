"""Headers that are sent to an upstream, and those of its answer that are sent on."""

from collections.abc import Iterable, Mapping

from gemulator.dialects import RawHeaders

# RFC 9110, 7.6.1, and what the connection to the upstream sets itself.
_HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding"
    b" upgrade expect host content-length".split()
)
_PRIVATE = frozenset(b"authorization x-goog-api-key cookie cookie2 accept-encoding forwarded via x-real-ip".split())
_PRIVATE_PREFIXES = (b"x-emulator-", b"x-forwarded-")
_OPENAI = frozenset(b"accept content-type user-agent".split())
# Of an answer: cookies and ports are those of another host, and the date is set by this server.
_OWN = frozenset(b"set-cookie set-cookie2 alt-svc date strict-transport-security".split())


def vertex_headers(headers: Mapping[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    """Return the headers of a request that a server with Google's paths gets."""
    named = _named_by_connection(headers.items())
    return [
        (name, value)
        for name, value in headers.items()
        if name not in _HOP_BY_HOP | _PRIVATE | named and not name.startswith(_PRIVATE_PREFIXES)
    ]


def openai_headers(headers: Mapping[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    """Return the headers of a request that an OpenAI-compatible server gets: none that names a Google project."""
    return [(name, value) for name, value in headers.items() if name in _OPENAI]


def answer_headers(raw: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
    """Return the headers of an upstream's answer that are sent on, in lower case."""
    headers = [(name.lower(), value) for name, value in raw]
    dropped = _HOP_BY_HOP | _OWN | _named_by_connection(headers)
    return tuple(pair for pair in headers if pair[0] not in dropped and not pair[0].startswith(_PRIVATE_PREFIXES))


def _named_by_connection(headers: Iterable[tuple[bytes, bytes]]) -> frozenset[bytes]:
    """Return the names that `Connection` declares to be of this hop only."""
    listed = b",".join(value for name, value in headers if name == b"connection")
    return frozenset(name.strip().lower() for name in listed.split(b","))
