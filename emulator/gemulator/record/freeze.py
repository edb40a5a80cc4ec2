"""Exchanges of a journal."""

import re

from gemulator.delivery.steps import Chunk, CloseConnection, Hang, Head
from gemulator.record.exchange import Exchange, Piece
from gemulator.state.journal.entry import Entry

_ELIDED = re.compile(rb"<[\w.+/-]{1,100}, [0-9]+ bytes, sha256 [0-9a-f]{64}>")


def exchange_of(entry: Entry) -> Exchange:
    """Return request and answer of an entry. Raise ValueError if the journal does not have them whole."""
    received, finished = entry.received, entry.finished
    exchange, delivery = received.exchange, received.delivery
    if exchange.source == "refused":
        raise ValueError("the service refused the request, and does so without a turn")
    if exchange.body.redacted:
        kinds = ", ".join(exchange.body.redacted)
        raise ValueError(f"its request was redacted ({kinds}): the journal does not have what was sent")
    if exchange.body.cut or delivery.cut:
        raise ValueError("the journal has only the beginning: raise --journal-body and ask again")
    if finished is None:
        raise ValueError("its answer is not over")
    steps = delivery.steps if finished.outcome == "client gone" else entry.sent
    head = next((step for step in steps if isinstance(step, Head)), None)
    if head is None or head.bare:
        raise ValueError("no status and headers of HTTP were sent: a fault did not let them through")
    pieces = [Piece(step.data, step.wait) for step in steps if isinstance(step, Chunk)]
    if pieces:
        pieces[0] = Piece(pieces[0].data, pieces[0].wait + head.wait)
    if any(_ELIDED.search(piece.data) for piece in pieces):
        raise ValueError("the journal has only size and hash of a medium in the answer, as it is large")
    return Exchange(
        path=exchange.path.partition("?")[0],
        body=exchange.body.data,
        status=head.status,
        headers=[pair for pair in head.headers if not pair[0].startswith(b"x-emulator-")],
        pieces=pieces,
        cut=any(isinstance(step, CloseConnection | Hang) for step in steps),
        session=received.session,
        request_headers=tuple(received.headers.items()),
        source=f"entry {entry.number}",
    )
