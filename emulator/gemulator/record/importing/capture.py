"""Captured exchange of any HTTP client, as its importer read it."""

import base64
import binascii
import zlib
from collections.abc import Mapping, Sequence

import orjson
from msgspec import Struct

from gemulator.record.exchange import Exchange, Piece
from gemulator.record.recording import Lost
from gemulator.request.target import target_of

DEFAULT_PATH = "/v1/projects/demo/locations/global/endpoints/openapi/chat/completions"
UNKNOWN_REQUEST = "TODO: the text of the request"
_CHAT = "/chat/completions"
_MAX_BODY = 64_000_000  # bytes of a decompressed body


class Captures(Struct):
    """The exchanges of one file, and what is not in them."""

    exchanges: list[Exchange]
    lost: list[Lost]


class Capture(Struct, frozen=True):
    """Request and answer as captured. `source` is file and line; `request` is None if it was not captured."""

    source: str
    url: str
    request: bytes | None
    status: int
    headers: Mapping[str, str]
    body: bytes
    waits: Sequence[float] = ()
    cut: bool = False

    def exchange(self) -> Exchange:
        """Return the exchange. Raise ValueError if it is none of a chat completion."""
        path = self._path()
        headers = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in self.headers.items()]
        body = decoded(self.body, self.headers)
        request = unknown_request(body) if self.request is None else self.request
        model = _model(request)
        foreign = target_of(path) is None if path else "/" not in model
        return Exchange(
            path=path if path and not foreign else DEFAULT_PATH,
            body=request,
            status=self.status,
            headers=headers,
            pieces=(Piece(body),),
            cut=self.cut,
            source=self.source,
            foreign=foreign,
        )

    def _path(self) -> str:
        """Return the path; empty if it is not known."""
        if not self.url:
            return ""
        path = "/" + self.url.split("://", 1)[-1].partition("/")[2].partition("?")[0]
        if not path.rstrip("/").endswith(_CHAT):
            raise ValueError(f"{path} is not the path of a chat completion")
        return path


def _model(request: bytes) -> str:
    """Return the model of a request. Raise ValueError if the body is none of a chat request."""
    try:
        tree = orjson.loads(request)
    except orjson.JSONDecodeError:
        raise ValueError("the body of the request is no JSON") from None
    if not isinstance(tree, dict) or not isinstance(tree.get("messages"), list):
        raise ValueError("the body of the request has no `messages`")
    return str(tree.get("model") or "")


def unknown_request(answer: bytes) -> bytes:
    """Return a request that stands for one that was not captured."""
    messages = [{"role": "user", "content": UNKNOWN_REQUEST}]
    stream = answer.lstrip().startswith((b"data:", b"event:", b":"))
    return orjson.dumps({"model": _answer_model(answer), "messages": messages, "stream": stream})


def _answer_model(answer: bytes) -> str:
    first = next((line[5:] for line in answer.splitlines() if line.startswith(b"data:")), answer)
    try:
        tree = orjson.loads(first)
    except orjson.JSONDecodeError:
        tree = None
    model = tree.get("model") if isinstance(tree, dict) else None
    return model if isinstance(model, str) and model else "google/gemini-2.5-flash"


def decoded(body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return a body without its content coding. Raise ValueError if it cannot be removed."""
    coding = next((value for name, value in headers.items() if name.lower() == "content-encoding"), "").strip().lower()
    if coding in ("", "identity") or body.lstrip()[:1] in (b"{", b"[", b"d", b":"):  # tools often decode it themselves
        return body
    if coding not in ("gzip", "deflate"):
        raise ValueError(f"the body is coded as {coding}, which cannot be read: capture it without compression")
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        plain = inflate.decompress(body, _MAX_BODY)
    except zlib.error:
        raise ValueError(f"the body is no {coding} data, as its header says") from None
    if inflate.unconsumed_tail:
        raise ValueError(f"the body is larger than {_MAX_BODY:,} bytes")
    return plain


def from_base64(text: str) -> bytes:
    """Return the bytes of base64 text. Raise ValueError if it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("the body is no base64 text, as the file says") from None


def collect(captures: Sequence[Capture | Lost]) -> Captures:
    """Return the exchanges of captures, and why others are none."""
    found = Captures([], [])
    for capture in captures:
        if isinstance(capture, Lost):
            found.lost.append(capture)
            continue
        try:
            found.exchanges.append(capture.exchange())
        except ValueError as error:
            found.lost.append(Lost(capture.source, str(error)))
    return found
