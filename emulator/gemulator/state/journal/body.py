"""Bodies of requests and answers as the journal stores them."""

import hashlib
import re
from collections.abc import Iterator
from hashlib import blake2b
from itertools import islice
from typing import Self
from weakref import WeakValueDictionary

import msgspec
from msgspec import Raw, Struct

from gemulator.core.credentials import Redactor, find_credentials
from gemulator.delivery.steps import Chunk, Delivery, Step
from gemulator.state.journal.redaction import elide_media

LARGEST_RAW = 64_000  # bytes of a body that is stored as it was sent
_NO_PATTERNS = Redactor()

# ---- media

_DATA_URL = b'"data:'
_DATA_MEMBERS = (b'"data"', b'"file_data"')  # of sounds, of media beside tool results, of files
_SPACE = b" \t\r\n"
_MAX_URL_START = 200  # bytes up to the comma of a data URL
_MIN_MEDIUM = 512  # bytes of base64
_MAX_MEDIA = 20_000  # further ones stay
_SAMPLE = 512  # bytes that must be base64
_STORED_MEDIUM = re.compile(rb"data:([\w.+/-]{1,100});base64,<([0-9]+ bytes, sha256 [0-9a-f]{64})>")
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_"


def without_media(raw: bytes) -> bytes:
    """Return a JSON body with size and hash in place of each base64 medium. Data URLs keep what is before the comma."""
    parts: list[bytes] = []
    end = 0
    for start in sorted(islice(_media_starts(raw), _MAX_MEDIA)):
        close = raw.find(b'"', start)
        if start < end or close - start < _MIN_MEDIUM or raw[start : start + _SAMPLE].translate(None, _BASE64):
            continue
        data = raw[start:close]
        size = len(data) * 3 // 4 - data[-2:].count(b"=")
        parts += (raw[end:start], b"<%d bytes, sha256 %s>" % (size, hashlib.sha256(data).hexdigest().encode()))
        end = close
    return b"".join((*parts, raw[end:])) if parts else raw


def _media_starts(raw: bytes) -> Iterator[int]:
    """Yield the positions where the base64 of a medium may begin."""
    for at in _occurrences(raw, _DATA_URL):
        comma = raw.find(b",", at, at + _MAX_URL_START)
        if comma > 0:
            yield comma + 1
    for member in _DATA_MEMBERS:
        for at in _occurrences(raw, member):
            rest = raw[at + len(member) : at + len(member) + 8].translate(None, _SPACE)
            if rest.startswith(b':"') and not rest.startswith(b':"data:'):
                yield raw.index(b'"', at + len(member)) + 1


def _occurrences(raw: bytes, text: bytes) -> Iterator[int]:
    at = raw.find(text)
    while at >= 0:
        yield at
        at = raw.find(text, at + len(text))


# ---- tools


class ToolList(Struct, frozen=True, eq=False, weakref=True):
    """JSON of a list of tools, which all bodies with an equal one share."""

    data: bytes


class _Outline(Struct):
    tools: Raw


_outline = msgspec.json.Decoder(_Outline)
_lists: WeakValueDictionary[bytes, ToolList] = WeakValueDictionary()
_MIN_SHARED_BODY = 16_000  # bytes; smaller bodies are stored whole
_MIN_SHARED_TOOLS = 4_000


def _split_tools(data: bytes) -> tuple[bytes, ToolList | None, int]:
    """Return a body without its tools, these, and their position; a small one as it is."""
    if len(data) < _MIN_SHARED_BODY or b'"tools"' not in data:
        return data, None, 0
    try:
        tools = bytes(_outline.decode(data).tools)
    except msgspec.DecodeError:
        return data, None, 0
    at = data.find(tools)
    if len(tools) < _MIN_SHARED_TOOLS or at < 0:
        return data, None, 0
    digest = blake2b(tools, digest_size=16).digest()
    shared = _lists.get(digest)
    if shared is None:
        shared = _lists[digest] = ToolList(tools)
    return data[:at] + data[at + len(tools) :], shared, at


# ---- bodies


class Body(Struct, frozen=True, gc=False):
    """Stored body of a request. `size` is that of the original; `sha256` is empty if `data` is the original.

    Otherwise `data` is a compact record of it: media are marked by size and hash, credentials by their kinds, which
    `redacted` lists. `cut` is True if it is only the beginning. `kept` is `data` without the tools at `tools_at`.
    """

    kept: bytes
    size: int
    sha256: str = ""
    cut: bool = False
    redacted: tuple[str, ...] = ()
    tools: ToolList | None = None
    tools_at: int = 0

    @classmethod
    def of(cls, raw: bytes, limit: int, redactor: Redactor = _NO_PATTERNS, *, suspect: bool = True) -> Self:
        """Return the body as sent if it is small and has no credentials, else a record of at most `limit` bytes.

        Credentials are searched in a `suspect` body only, patterns of the redactor in any.
        """
        size = len(raw)
        small = size <= LARGEST_RAW and size <= limit
        if size < _MIN_SHARED_BODY and small and not suspect and not redactor.has_patterns:
            return cls(raw, size)  # most requests
        data = raw if small else without_media(raw)
        redacted = redactor.json(data) if suspect or redactor.has_patterns else data
        kinds: tuple[str, ...] = ()
        if redacted is not data and redacted != data:
            kinds, data = tuple(find_credentials(data)) or ("--redact",), redacted
        sha256 = "" if data is raw and small else hashlib.sha256(raw).hexdigest()
        if len(data) > limit:
            return cls(data[:limit], len(raw), sha256, True, kinds)
        kept, tools, at = _split_tools(data)
        return cls(kept, len(raw), sha256, False, kinds, tools, at)

    @property
    def data(self) -> bytes:
        """The body as sent, or its record."""
        if self.tools is None:
            return self.kept
        return self.kept[: self.tools_at] + self.tools.data + self.kept[self.tools_at :]

    @property
    def shown(self) -> bytes:
        """`data` with type, size and hash in place of each medium."""
        return elide_media(self.data if self.is_complete else _STORED_MEDIUM.sub(rb"<\1, \2>", self.data))

    @property
    def is_complete(self) -> bool:
        """Return True if `data` is the body as sent."""
        return not self.sha256


def truncate_delivery(delivery: Delivery, limit: int) -> tuple[Delivery, int]:
    """Return a delivery of at most `limit` bytes and its size: a large one without media, cut if necessary."""
    size = delivery.size
    if size is None:
        size = 0
        for step in delivery.steps:
            if type(step) is Chunk:
                size += len(step.data)
    if size <= LARGEST_RAW and size <= limit:
        return delivery, size
    steps: list[Step] = []
    remaining, cut = limit, False
    for step in delivery.steps:
        if isinstance(step, Chunk):
            whole = elide_media(step.data)
            data = whole[:remaining]
            cut |= len(data) < len(whole)
            remaining -= len(data)
            steps.append(Chunk(data, step.tokens, step.wait, step.events))
        else:
            steps.append(step)
    return Delivery(tuple(steps), faults=delivery.faults, cut=cut), limit - remaining
