"""Redaction of secrets in headers, and media as they are shown."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from gemulator.core.credentials import MIN_BYTES, Redactor, find_credentials
from gemulator.core.secrets import REDACTED, SECRETS, is_credential, is_secret
from gemulator.core.text_cache import cache_texts

_MEDIA = re.compile(rb"(?:data:([\w.+/-]{1,100});base64,)?(?<![A-Za-z0-9+/])([A-Za-z0-9+/]{512,}+={0,2})")
_SAMPLE_STRIDE = 16  # bytes; a fast test for media reads only every 16th byte
_SAMPLED_MEDIUM = re.compile(rb"[A-Za-z0-9+/]{%d}" % (512 // _SAMPLE_STRIDE))
LEAK_HEADER = b"x-emulator-leak"  # added to the stored headers: kind of a real key that was sent
_NO_PATTERNS = Redactor()


def drop_secrets(headers: Mapping[bytes, bytes], redactor: Redactor = _NO_PATTERNS) -> Mapping[bytes, bytes]:
    """Return a copy without credentials; LEAK_HEADER notes the kind of a real key."""
    remaining = dict(headers)
    names, redacted = _credentials_among(tuple(headers))
    secret = b" ".join([remaining.pop(name) for name in names])
    if redacted:
        remaining |= redacted
    if len(secret) >= MIN_BYTES and (kinds := find_credentials(secret)):
        remaining[LEAK_HEADER] = kinds[0].encode()
    if redactor.has_patterns or _have_suspect(remaining.values()):
        _redact_values(remaining, redactor)
    return remaining


def _have_suspect(values: Iterable[bytes]) -> bool:
    for value in values:  # noqa: SIM110 (`any` of a generator takes three times as long)
        if len(value) >= MIN_BYTES and _is_suspect(value):
            return True
    return False


@cache_texts(1_024, 300)  # most clients send the same values with each request
def _is_suspect(value: bytes) -> bool:
    return bool(find_credentials(value))


def _redact_values(headers: dict[bytes, bytes], redactor: Redactor) -> None:
    kinds = find_credentials(b"\n".join(headers.values()))
    headers |= dict(redactor.values([*headers.items()]))
    if kinds:
        headers.setdefault(LEAK_HEADER, kinds[0].encode())


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


def _medium_summary(found: re.Match[bytes]) -> bytes:
    kind = found[1] or b"base64"
    size = len(found[2]) * 3 // 4 - found[2].count(b"=")
    return b"<%s, %d bytes, sha256 %s>" % (kind, size, hashlib.sha256(found[2]).hexdigest().encode())
