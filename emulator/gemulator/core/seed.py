"""Seeded randomness: named children of a seed, ids and signatures."""

import base64
import binascii
import hashlib
import hmac
import random
import struct
import uuid
from collections.abc import Sequence
from functools import lru_cache
from typing import Self, TypeVar

from msgspec import Struct

Item = TypeVar("Item")


_MAX_CACHED = 200  # characters of a name


def _encode(name: str) -> bytes:
    return b"\x1f" + name.encode("utf-8", "surrogatepass")


_step = lru_cache(maxsize=2048)(_encode)


def frame(*parts: str | bytes | int) -> bytes:
    """Return the parts one after another, each with its length."""
    joined = b""
    for part in parts:
        encoded = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
        joined += b"%d:%b" % (len(encoded), encoded)
    return joined


class Seed(Struct, frozen=True, gc=False):
    """A path of names below a root seed. Draws are lazy; a path costs one hash."""

    path: bytes

    @classmethod
    def root(cls, *parts: str | bytes | int) -> Self:
        """Return the seed of all `parts` together."""
        return cls.of_frame(frame(*parts))

    @classmethod
    def of_frame(cls, framed: bytes) -> Self:
        """Return the root seed of the parts in a frame, or in several joined."""
        return cls(hashlib.blake2b(framed, digest_size=16).digest())

    def child(self, *names: str | int) -> Self:
        """Return the seed of a named part. Adding a sibling never shifts the draws of the others."""
        path = self.path
        for name in names:
            if isinstance(name, int):
                path += b"\x1f#%d" % name
            else:
                path += _step(name) if len(name) <= _MAX_CACHED else _encode(name)
        return type(self)(path)

    def bytes(self, size: int) -> bytes:
        """Return `size` bytes."""
        if size <= 64:
            return hashlib.blake2b(self.path, digest_size=size).digest() if size else b""
        return hashlib.shake_128(self.path).digest(size)

    def number(self) -> int:
        """Return an integer from 0 to 2**64 - 1."""
        return int.from_bytes(hashlib.blake2b(self.path, digest_size=8).digest(), "little")

    def below(self, limit: int) -> int:
        """Return an integer from 0 to `limit` - 1."""
        return self.number() % limit

    def between(self, low: int, high: int) -> int:
        """Return an integer from `low` to `high`, both included."""
        return low + self.number() % (high - low + 1)

    def unit(self) -> float:
        """Return a float from 0 to 1, 1 excluded."""
        return (self.number() >> 11) * 2.0**-53

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of `items`."""
        return items[self.number() % len(items)]

    def random(self) -> random.Random:
        """Return a generator for many draws (4 µs to create: use the other methods for a few)."""
        return random.Random(self.bytes(16))

    def uuid4(self) -> str:
        """Return a random UUID in its usual form."""
        return str(uuid.UUID(bytes=self.bytes(16), version=4))


_three = struct.Struct("<3I").unpack
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
# Masks of `event_id`, for two lanes of 64 bits.
_LOW_28 = 0x0FFFFFFF_00000000_0FFFFFFF
_LOW_14 = 0x3FFF_00003FFF_00003FFF_00003FFF
_LOW_7 = 0x007F007F_007F007F_007F007F_007F007F
_FOUR_GROUPS = 0x808080_00808080_80008080
_FIVE_GROUPS = 0x80808080_00808080_80008080


def event_id(seconds: int, seed: Seed) -> str:
    """Return a Google EventId: base64url of seconds (u32, little endian), varints of microseconds, host and process.

    Only the seconds come from the clock, so ids stay unique under a frozen clock. The ranges keep the length at the
    22 or 23 characters of all documented ids (fidelity.md, Ids).
    """
    first, second, third = _three(seed.bytes(12))
    micros = 16384 + first % (1_000_000 - 16384)
    host = 2**28 + second % (2**32 - 2**28)
    process = 2**21 + third % (2**32 - 2**21)
    # Varints: groups of seven bits, lowest first; all but the last of a number have the high bit. `micros` has three
    # groups and `host` five, in one lane of 64 bits; `process` is in the next.
    bits = micros | host << 21 | process << 64
    bits = bits & _LOW_28 | (bits >> 28 & _LOW_28) << 32
    bits = bits & _LOW_14 | (bits >> 14 & _LOW_14) << 16
    bits = bits & _LOW_7 | (bits >> 7 & _LOW_7) << 8
    size, more = (17, _FIVE_GROUPS) if process >= 2**28 else (16, _FOUR_GROUPS)
    raw = ((bits | more) << 32 | seconds & 0xFFFFFFFF).to_bytes(size, "little")
    return binascii.b2a_base64(raw, newline=False).rstrip(b"=").translate(_URL_SAFE).decode()


def event_id_seconds(event_id: str) -> int | None:
    """Return the Unix seconds in an EventId, or None if the text is not one."""
    try:
        raw = base64.urlsafe_b64decode(event_id + "=" * (-len(event_id) % 4))
    except ValueError:
        return None
    return int.from_bytes(raw[:4], "little") if 16 <= len(raw) <= 17 else None


# Real signatures begin with `AY89a1` in base64 (fidelity.md, Thought signatures).
_SIGNATURE_PREFIX = base64.b64decode("AY89a1+A")
_SIGNATURE_MAC = 16


def sign(key: bytes, name: str, seed: Seed, size: int = 51) -> str:
    """Return a thought signature: `size` opaque bytes in base64 that `verify` recognises without state.

    The function's `name` (empty for text) is part of the signature; its arguments are not: clients reserialise them.
    """
    body = _SIGNATURE_PREFIX + seed.bytes(size - len(_SIGNATURE_PREFIX) - _SIGNATURE_MAC)
    return binascii.b2a_base64(body + _signature_mac(key, name, body), newline=False).decode()


def verify(key: bytes, name: str, signature: str) -> bool:
    """Return True if `sign` made the signature with this key and name."""
    try:
        raw = base64.b64decode(signature, validate=True)
    except ValueError:
        return False
    body, mac = raw[:-_SIGNATURE_MAC], raw[-_SIGNATURE_MAC:]
    return body.startswith(_SIGNATURE_PREFIX) and hmac.compare_digest(mac, _signature_mac(key, name, body))


def _signature_mac(key: bytes, name: str, body: bytes) -> bytes:
    text = name.encode("utf-8", "surrogatepass") + b"\0" + body
    return hashlib.blake2b(text, key=key, digest_size=_SIGNATURE_MAC).digest()
