"""Exchange: a request and the answer that was sent for it."""

from collections.abc import Sequence

from msgspec import Struct


class Piece(Struct, frozen=True):
    """Bytes of an answer, one event of a stream or a part of a body; `wait` is in seconds after the piece before."""

    data: bytes
    wait: float = 0.0


class Exchange(Struct, frozen=True):
    """A chat request with its answer.

    `path` decides project, location and endpoint, the body model and stream. `headers` are those of the answer,
    names in lower case. `cut`: the connection ended before the answer was complete. `source` is file and line of an
    imported exchange, for messages. `foreign`: another service answered, with a model of its own.
    """

    path: str
    body: bytes
    status: int
    headers: Sequence[tuple[bytes, bytes]] = ()
    pieces: Sequence[Piece] = ()
    cut: bool = False
    session: str = "default"
    request_headers: Sequence[tuple[bytes, bytes]] = ()
    method: str = "POST"
    source: str = ""
    foreign: bool = False

    @property
    def answer(self) -> bytes:
        """Return the body of the answer."""
        return b"".join([piece.data for piece in self.pieces])

    @property
    def is_stream(self) -> bool:
        """Return True if the answer is a stream of events."""
        return dict(self.headers).get(b"content-type", b"").startswith(b"text/event-stream")
