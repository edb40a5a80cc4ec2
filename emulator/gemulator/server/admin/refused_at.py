"""Journaled requests that another strictness would refuse."""

import asyncio
from collections.abc import Iterator, Sequence

from gemulator.core.redaction_marks import MARK
from gemulator.core.settings import Strictness
from gemulator.engine.prepare import RequestPreparer
from gemulator.request.target import target_of
from gemulator.server.admin.evidence import Knobs
from gemulator.server.admin.unjudged import KIND, NO_KEYS, cut_body
from gemulator.server.auth.identity import rebuild_request
from gemulator.state.journal.entry import UNREAD_BODY, Entry
from gemulator.state.verdict import Finding


async def refused_at(
    strictness: Strictness, entries: Sequence[Entry], preparation: RequestPreparer, known: Knobs
) -> Sequence[Finding]:
    """Return one finding for each refusal, with its requests. Other requests are answered between two entries."""
    found: dict[tuple[str, str, str], list[int]] = {}
    for entry in entries:
        for key in _refusals(strictness, entry, preparation, known):
            found.setdefault(key, []).append(entry.number)
        await asyncio.sleep(0)
    return [Finding(kind, tuple(numbers), message, advice) for (kind, message, advice), numbers in found.items()]


def _refusals(
    strictness: Strictness, entry: Entry, preparation: RequestPreparer, known: Knobs
) -> Iterator[tuple[str, str, str]]:
    """Yield kind, message and advice if the request of an entry would be refused, or cannot be judged."""
    received = entry.received
    exchange = received.exchange
    target = target_of(exchange.path)
    if target is None or exchange.body == UNREAD_BODY:
        return
    if exchange.body.cut:
        yield KIND, *cut_body(known)
        return
    if exchange.body.redacted:
        kinds = ", ".join(exchange.body.redacted)
        yield KIND, f"the body had {kinds}, which the journal does not keep", NO_KEYS
        return
    if not exchange.body.is_complete and MARK.search(exchange.body.data.decode("utf-8", "replace")):
        yield KIND, "the journal has only size and hash of the media of a large body", "Send smaller media."
        return
    incoming = rebuild_request(exchange.body.data, exchange.path, target, received.headers, received.session)
    failure = preparation.refusal(incoming, strictness)
    if failure is not None:
        yield f"refused under --strictness {strictness}", f"{failure.status}: {failure.message}", failure.hint
