"""What a journal keeps of bytes and headers: no secrets, and of what is large only its size, hash and beginning."""

import hashlib
import re
from collections.abc import Mapping
from typing import Self

from msgspec import Struct

from gemulator.core.secrets import REDACTED, SECRETS, is_secret
from gemulator.delivery.steps import Chunk, Delivery, Step

# What clients, proxies and Google's own libraries send credentials in.
_MEDIA = re.compile(rb"(?:data:([\w.+/-]{1,100});base64,)?(?<![A-Za-z0-9+/])([A-Za-z0-9+/]{512,}+={0,2})")
_STRIDE = 16  # a medium shows even where only each so many-th byte is looked at
_LIKELY = re.compile(rb"[A-Za-z0-9+/]{%d}" % (512 // _STRIDE))
CREDENTIAL = b"x-emulator-leak"  # in the headers that are kept: what obviously real key was sent
_SHORTEST = 25  # bytes of a real key
_KEYS = (
    ("a Google API key", re.compile(rb"AIza[0-9A-Za-z_-]{35}")),
    ("a Google access token", re.compile(rb"ya29\.[0-9A-Za-z_-]{20,}")),
    ("an OpenAI key", re.compile(rb"sk-(?:proj-)?[0-9A-Za-z_-]{32,}")),
    ("a private key", re.compile(rb"-----BEGIN (?:RSA |EC )?PRIVATE KEY-----")),
)


def key_in(data: bytes) -> str | None:
    """What obviously real key is in some bytes."""
    return next((name for name, pattern in _KEYS if pattern.search(data)), None)


def without_secrets(headers: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
    """A copy that has no credentials: they are gone before anything is kept. An obviously real one leaves a note."""
    kept = dict(headers)
    secret = b" ".join([kept.pop(name) for name in headers if name in SECRETS])
    if len(secret) >= _SHORTEST and (leaked := key_in(secret)):
        kept[CREDENTIAL] = leaked.encode()
    return kept


def shown_headers(headers: Mapping[bytes, bytes]) -> dict[str, str]:
    """Headers for people. A name that sounds like a credential's is shown without its value."""
    named = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.items())
    return {name: REDACTED if is_secret(name) else value for name, value in named}


def elided(data: bytes) -> bytes:
    """The bytes with each base64 medium replaced by its type, size and hash."""
    return _MEDIA.sub(_medium, data) if _LIKELY.search(data[::_STRIDE]) else data


def _medium(found: re.Match[bytes]) -> bytes:
    kind = found[1] or b"base64"
    size = len(found[2]) * 3 // 4 - found[2].count(b"=")
    return b"<%s, %d bytes, sha256 %s>" % (kind, size, hashlib.sha256(found[2]).hexdigest().encode())


class Body(Struct, frozen=True, gc=False):
    """A request's body as kept. `size` is that of the original; `sha256` is empty where `data` is all of it."""

    data: bytes
    size: int
    sha256: str = ""

    @classmethod
    def of(cls, raw: bytes, limit: int) -> Self:
        """The whole body up to `limit` bytes; else its hash and what fits of it, media elided first."""
        if len(raw) <= limit:
            return cls(raw, len(raw))
        return cls(elided(raw)[:limit], len(raw), hashlib.sha256(raw).hexdigest())

    @property
    def whole(self) -> bool:
        return not self.sha256


def kept(delivery: Delivery, limit: int) -> tuple[Delivery, int]:
    """A delivery as kept and its size: the same one up to `limit` bytes, else with media elided and chunks cut."""
    size = delivery.size
    if size is None:
        size = 0
        for step in delivery.steps:
            if type(step) is Chunk:
                size += len(step.data)
    if size <= limit:
        return delivery, size
    steps: list[Step] = []
    left = limit
    for step in delivery.steps:
        if isinstance(step, Chunk):
            data = elided(step.data)[:left]
            left -= len(data)
            steps.append(Chunk(data, step.tokens, step.wait, step.events))
        else:
            steps.append(step)
    return Delivery(tuple(steps)), limit - left
