"""Redaction of secrets and truncation of large bodies for the journal."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Self

from msgspec import Struct

from gemulator.core.secrets import REDACTED, SECRETS, is_credential, is_secret
from gemulator.delivery.steps import Chunk, Delivery, Step

_MEDIA = re.compile(rb"(?:data:([\w.+/-]{1,100});base64,)?(?<![A-Za-z0-9+/])([A-Za-z0-9+/]{512,}+={0,2})")
_MAX_MEDIUM_START = 700  # bytes that show that a medium begins: its prefix and 512 characters
_SAMPLE_STRIDE = 16  # bytes; a fast test for media reads only every 16th byte
_SAMPLED_MEDIUM = re.compile(rb"[A-Za-z0-9+/]{%d}" % (512 // _SAMPLE_STRIDE))
LEAK_HEADER = b"x-emulator-leak"  # added to the stored headers: kind of a real key that was sent
_MIN_KEY_BYTES = 25  # a real key is at least as long
_KEYS = (
    ("a Google API key", re.compile(rb"AIza[0-9A-Za-z_-]{35}")),
    ("a Google access token", re.compile(rb"ya29\.[0-9A-Za-z_-]{20,}")),
    ("an OpenAI key", re.compile(rb"sk-(?:proj-)?[0-9A-Za-z_-]{32,}")),
    ("a private key", re.compile(rb"-----BEGIN (?:RSA |EC )?PRIVATE KEY-----")),
)


def find_key(data: bytes) -> str | None:
    """Return the kind of a real key in `data`, or None."""
    return next((name for name, pattern in _KEYS if pattern.search(data)), None)


def drop_secrets(headers: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
    """Return a copy without credentials; LEAK_HEADER notes the kind of a real key."""
    remaining = dict(headers)
    names, redacted = _credentials_among(tuple(headers))
    if not names:
        return remaining
    secret = b" ".join([remaining.pop(name) for name in names])
    if redacted:
        remaining |= redacted
    if len(secret) >= _MIN_KEY_BYTES and (kind := find_key(secret)):
        remaining[LEAK_HEADER] = kind.encode()
    return remaining


@lru_cache(maxsize=64)  # clients send the same names with each request
def _credentials_among(names: tuple[bytes, ...]) -> tuple[Sequence[bytes], Mapping[bytes, bytes]]:
    """Return the names of credentials, and the headers that are stored in their place."""
    found = [name for name in names if is_credential(name.decode("latin-1"))]
    return found, {name: REDACTED.encode() for name in found if name not in SECRETS}


def redact_headers(headers: Mapping[bytes, bytes]) -> dict[str, str]:
    """Return headers as text; the values of headers with a secret-like name are redacted."""
    pairs = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.items())
    return {name: REDACTED if is_secret(name) else value for name, value in pairs}


def elide_media(data: bytes) -> bytes:
    """Return the bytes with each base64 medium replaced by its type, size and hash."""
    return _MEDIA.sub(_medium_summary, data) if _SAMPLED_MEDIUM.search(data[::_SAMPLE_STRIDE]) else data


def _elide_beginning(data: bytes, limit: int) -> bytes:
    """Return `elide_media(data)[:limit]`, without reading what lies behind it."""
    parts: list[bytes] = []
    begin, missing = 0, limit
    while missing > 0 and (found := _MEDIA.search(data, begin, begin + missing + _MAX_MEDIUM_START)):
        whole = _MEDIA.match(data, found.start()) or found
        parts += (data[begin : whole.start()], _medium_summary(whole))
        missing -= len(parts[-2]) + len(parts[-1])
        begin = whole.end()
    return b"".join((*parts, data[begin : begin + max(missing, 0)]))[:limit]


def _medium_summary(found: re.Match[bytes]) -> bytes:
    kind = found[1] or b"base64"
    size = len(found[2]) * 3 // 4 - found[2].count(b"=")
    return b"<%s, %d bytes, sha256 %s>" % (kind, size, hashlib.sha256(found[2]).hexdigest().encode())


class Body(Struct, frozen=True, gc=False):
    """Stored body of a request. `size` is that of the original; `sha256` is empty if `data` is complete."""

    data: bytes
    size: int
    sha256: str = ""

    @classmethod
    def of(cls, raw: bytes, limit: int) -> Self:
        """Return the complete body up to `limit` bytes, else its hash and beginning, with media elided."""
        if len(raw) <= limit:
            return cls(raw, len(raw))
        return cls(_elide_beginning(raw, limit), len(raw), hashlib.sha256(raw).hexdigest())

    @property
    def is_complete(self) -> bool:
        """Return True if `data` is the complete body."""
        return not self.sha256


def truncate_delivery(delivery: Delivery, limit: int) -> tuple[Delivery, int]:
    """Return a delivery of at most `limit` bytes and its size: media elided and chunks truncated if necessary."""
    size = delivery.size
    if size is None:
        size = 0
        for step in delivery.steps:
            if type(step) is Chunk:
                size += len(step.data)
    if size <= limit:
        return delivery, size
    steps: list[Step] = []
    remaining = limit
    for step in delivery.steps:
        if isinstance(step, Chunk):
            data = elide_media(step.data)[:remaining]
            remaining -= len(data)
            steps.append(Chunk(data, step.tokens, step.wait, step.events))
        else:
            steps.append(step)
    return Delivery(tuple(steps), faults=delivery.faults), limit - remaining
