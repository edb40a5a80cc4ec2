"""Redaction of secrets in headers, and media as they are shown."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from gemulator.core.credentials import MIN_BYTES, Redactor, find_credentials
from gemulator.core.secrets import REDACTED, SECRETS, is_credential, is_secret

_MEDIA = re.compile(rb"(?:data:([\w.+/-]{1,100});base64,)?(?<![A-Za-z0-9+/])([A-Za-z0-9+/]{512,}+={0,2})")
_SAMPLE_STRIDE = 16  # bytes; a fast test for media reads only every 16th byte
_SAMPLED_MEDIUM = re.compile(rb"[A-Za-z0-9+/]{%d}" % (512 // _SAMPLE_STRIDE))
LEAK_HEADER = b"x-emulator-leak"  # added to the stored headers: kind of a real key that was sent
_NO_PATTERNS = Redactor()
_MAX_CACHED = 256  # sets of headers
_MAX_CACHED_BYTES = 4_000  # of the values of one set


class HeaderRedactor:
    """Redaction of headers as the journal stores them; requests with equal headers share one copy."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._cached = lru_cache(_MAX_CACHED)(self._redact)  # most clients send the same headers with each request

    def of(self, headers: Mapping[bytes, bytes]) -> tuple[Mapping[bytes, bytes], int]:
        """Return the headers without credentials, and the bytes of their values.

        LEAK_HEADER notes the kind of a real key.
        """
        try:
            return self._cached((*headers, *headers.values()))
        except _UncachedError as found:
            return found.headers, found.size

    def _redact(self, names_and_values: Sequence[bytes]) -> tuple[Mapping[bytes, bytes], int]:
        half = len(names_and_values) // 2
        sent = dict(zip(names_and_values[:half], names_and_values[half:], strict=True))
        headers = drop_secrets(sent, self._redactor)
        size = sum(map(len, headers.values()))
        if size > _MAX_CACHED_BYTES:
            raise _UncachedError(headers, size)
        return headers, size


class _UncachedError(Exception):
    """Headers that are too long to be cached: exceptions are not."""

    def __init__(self, headers: Mapping[bytes, bytes], size: int) -> None:
        self.headers = headers
        self.size = size


def drop_secrets(headers: Mapping[bytes, bytes], redactor: Redactor = _NO_PATTERNS) -> Mapping[bytes, bytes]:
    """Return a copy without credentials; LEAK_HEADER notes the kind of a real key."""
    remaining = dict(headers)
    names = [name for name in headers if is_credential(name.decode("latin-1"))]
    secret = b" ".join([remaining.pop(name) for name in names])
    remaining |= {name: REDACTED.encode() for name in names if name not in SECRETS}
    if len(secret) >= MIN_BYTES and (kinds := find_credentials(secret)):
        remaining[LEAK_HEADER] = kinds[0].encode()
    kinds = find_credentials(b"\n".join(remaining.values()))
    remaining |= dict(redactor.values([*remaining.items()]))
    if kinds:
        remaining.setdefault(LEAK_HEADER, kinds[0].encode())
    return remaining


def redact_headers(headers: Mapping[bytes, bytes]) -> dict[str, str]:
    """Return headers as text; the values of headers with a secret-like name are redacted."""
    pairs = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.items())
    return {name: REDACTED if is_secret(name) else value for name, value in pairs}


def elide_media(data: bytes) -> bytes:
    """Return the bytes with each base64 medium replaced by its type, size and hash."""
    return _MEDIA.sub(_medium_summary, data) if _SAMPLED_MEDIUM.search(data[::_SAMPLE_STRIDE]) else data


def _medium_summary(found: re.Match[bytes]) -> bytes:
    kind = found[1] or b"base64"
    size = len(found[2]) * 3 // 4 - found[2].count(b"=")
    return b"<%s, %d bytes, sha256 %s>" % (kind, size, hashlib.sha256(found[2]).hexdigest().encode())
