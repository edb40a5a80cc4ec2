"""Analysis of client errors in a journal."""

from collections.abc import Iterable, Sequence

from gemulator.state.journal.entry import Entry
from gemulator.state.verdict.answers import answers
from gemulator.state.verdict.call import Finding, ObservedCall
from gemulator.state.verdict.retries import retries

__all__ = ["Finding", "verdict"]


def verdict(entries: Iterable[Entry], *, clock_frozen: bool = False) -> Sequence[Finding]:
    """Return all findings of a journal, by first request. Set `clock_frozen` if the entries have a frozen time."""
    sessions: dict[str, list[ObservedCall]] = {}
    for entry in entries:
        sessions.setdefault(entry.received.session, []).append(ObservedCall(entry, clock_frozen))
    found = [finding for calls in sessions.values() for finding in _session_findings(calls)]
    return sorted(found, key=lambda finding: (finding.requests[0], finding.kind))


def _session_findings(calls: Sequence[ObservedCall]) -> Iterable[Finding]:
    by_request: dict[tuple[str, bytes, str], list[ObservedCall]] = {}
    for call in calls:
        by_request.setdefault(call.request_key, []).append(call)
    for attempts in by_request.values():
        yield from retries(attempts)
    yield from answers(calls)
