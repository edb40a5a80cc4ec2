"""Report of failed checks, for people: what every client of `verify` shows."""

from collections.abc import Iterator, Sequence

from gemulator.server.admin.verification import FailedCheck
from gemulator.state.journal.entry import Entry
from gemulator.state.journal.json_views import request_view
from gemulator.state.journal.request_line import request_line


def report(failed: Sequence[FailedCheck], entries: Sequence[Entry]) -> str:
    """Return the failed checks with the requests that they are about and how these differ, in lines."""
    return "\n".join(_lines(failed, {entry.number: entry for entry in entries}))


def _lines(failed: Sequence[FailedCheck], entries: dict[int, Entry]) -> Iterator[str]:
    unmatched = [check for check in failed if check.kind == "none_unmatched" and check.entry is not None]
    if unmatched:
        noun = "request" if len(entries) == 1 else "requests"
        yield f"{len(unmatched)} of {len(entries)} {noun} matched no turn. Nearest turns first:"
    for check in unmatched:
        yield f"  request {_request(check.entry or 0, entries)}"
        yield from _nearest_turns(entries.get(check.entry or 0))
    for check in failed:
        if check.kind != "none_unmatched" or check.entry is None:
            yield f"{check.check}: {check.message}"
            yield from _nearest_requests(check, entries)


def _nearest_turns(entry: Entry | None) -> Iterator[str]:
    nearest = entry.received.exchange.nearest if entry else ()
    yield from (f"    {near}" for near in nearest)
    if not nearest:
        yield "    there are no turns: nothing was stubbed or loaded"


def _nearest_requests(check: FailedCheck, entries: dict[int, Entry]) -> Iterator[str]:
    for number, mismatches in check.nearest:
        yield f"  request {_request(number, entries)}"
        if mismatches:
            yield f"    {'; '.join(map(str, mismatches))}"


def _request(number: int, entries: dict[int, Entry]) -> str:
    entry = entries.get(number)
    if entry is None:
        return str(number)
    exchange = entry.received.exchange
    return request_line(number, exchange.model, request_view(exchange.body, {})["body"])
