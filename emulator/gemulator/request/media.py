"""Pictures, sounds and documents in a request. Nothing is fetched."""

import base64
import binascii
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from gemulator.request.body import ChatRequest
from gemulator.request.message import ContentPart, Message

_DATA_URL = re.compile(r"data:([^;,]*)((?:;[^;,]*)*),", re.S)
_URI = re.compile(r"(?:gs|https?|file):", re.I)
_HEADER = 65_536  # base64 characters that contain the size of a picture

# Bytes per second of sound and film without a stated duration: 128 kbit/s and 1 Mbit/s.
_SOUND_RATE = 16_000
_FILM_RATE = 125_000
_UNSEEN_SECONDS = 10.0  # assumed for media behind a URI
_UNSEEN_SIDE = 768

_DOCUMENT = "application/pdf"


class Medium(Struct, frozen=True):
    """Medium of a request. `where` is its path in the request; `data` is base64 text, None for a URI.

    `mime` is `image/*` if nothing says more; `detail` is the part's own resolution.
    """

    where: str
    mime: str
    data: str | None = None
    detail: str | None = None

    @property
    def kind(self) -> str:
        """image, audio, video, pdf or text; empty for anything else."""
        if self.mime == _DOCUMENT:
            return "pdf"
        family = self.mime.partition("/")[0]
        return family if family in {"image", "audio", "video", "text"} else ""

    @property
    def size(self) -> int:
        """Size in bytes, estimated from the base64 length; 0 for a URI."""
        return len(self.data or "") * 3 // 4

    @property
    def raw(self) -> bytes | None:
        """Decoded bytes; None for a URI or invalid base64."""
        return None if self.data is None else _decode(self.data)

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height; a default size if unknown."""
        head = None if self.data is None else _decode(self.data[:_HEADER])
        return (_UNSEEN_SIDE, _UNSEEN_SIDE) if head is None else _size(head)

    @property
    def seconds(self) -> float:
        """Estimated duration of a sound or film."""
        raw = self.raw
        if raw is None:
            return _UNSEEN_SECONDS
        if self.kind == "video":
            return len(raw) / _FILM_RATE
        return _wav_seconds(raw) or len(raw) / _SOUND_RATE

    @property
    def pages(self) -> int:
        """Pages of a document; 1 if unknown."""
        return max(1, len(re.findall(rb"/Type\s*/Page(?![a-zA-Z])", self.raw or b"")))


def media_of(request: ChatRequest) -> Iterator[Medium]:
    """Yield every medium of the messages in order. Parts of unknown types are skipped."""
    for position, message in enumerate(request.messages):
        if isinstance(message.content, list):
            for index, part in enumerate(message.content):
                yield from _of_part(part, f"messages[{position}].content[{index}]")
        yield from _of_response(message, f"messages[{position}].extra_content.google.parts")


def response_parts(message: Message) -> Sequence[Mapping[str, Any]]:
    """Return the media beside a tool's JSON: `extra_content.google.parts`, each with `file_data` or `inline_data`."""
    google = None if message.extra_content is None else message.extra_content.google
    return (google.parts or ()) if google is not None else ()


def _of_part(part: ContentPart, where: str) -> Iterator[Medium]:
    if part.image_url is not None:
        detail = None if isinstance(part.image_url, str) else part.image_url.detail
        yield _medium(part.uri or "", "image/*", f"{where}.image_url", detail)
    elif part.input_audio is not None:
        kind = part.input_audio.format or "*"
        default_type = kind if "/" in kind else f"audio/{kind}"
        yield _medium(part.input_audio.data, default_type, f"{where}.input_audio")


def _of_response(message: Message, where: str) -> Iterator[Medium]:
    for index, part in enumerate(response_parts(message)):
        for key, content in (("file_data", "file_uri"), ("inline_data", "data")):
            named = part.get(key)
            if isinstance(named, dict):
                mime, source = str(named.get("mime_type") or "image/*"), str(named.get(content) or "")
                yield _medium(source, mime, f"{where}[{index}].{key}")


def _medium(source: str, default_type: str, where: str, detail: str | None = None) -> Medium:
    """Return the medium of a URI or base64 text. A data URL names its own type."""
    found = _DATA_URL.match(source)
    if found is not None:
        return Medium(where, (found[1] or default_type).lower(), source[found.end() :], detail)
    return Medium(where, default_type.lower(), None if _URI.match(source) else source, detail)


def _decode(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _size(head: bytes) -> tuple[int, int]:
    from PIL import Image, UnidentifiedImageError

    try:
        width, height = Image.open(io.BytesIO(head)).size
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return _UNSEEN_SIDE, _UNSEEN_SIDE
    return width, height


def _wav_seconds(raw: bytes) -> float | None:
    from gemulator.generate.audio import length

    try:
        return length(raw)
    except (ValueError, ZeroDivisionError):
        return None
