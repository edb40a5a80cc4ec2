"""What a journal says about its client: pure questions over entries."""

from collections.abc import Iterable, Sequence

from gemulator.state.journal.entry import Entry
from gemulator.state.verdict.answers import answers
from gemulator.state.verdict.call import Finding, ObservedCall
from gemulator.state.verdict.retries import retries

__all__ = ["Finding", "verdict"]


def verdict(entries: Iterable[Entry], *, still: bool = False) -> Sequence[Finding]:
    """All that a client did wrong, session by session, by first request. `still`: the clock did not run."""
    sessions: dict[str, list[ObservedCall]] = {}
    for entry in entries:
        sessions.setdefault(entry.received.session, []).append(ObservedCall(entry, still))
    found = [finding for calls in sessions.values() for finding in _of_session(calls)]
    return sorted(found, key=lambda finding: (finding.requests[0], finding.kind))


def _of_session(calls: Sequence[ObservedCall]) -> Iterable[Finding]:
    alike: dict[tuple[str, bytes, str], list[ObservedCall]] = {}
    for call in calls:
        alike.setdefault(call.same, []).append(call)
    for attempts in alike.values():
        yield from retries(attempts)
    yield from answers(calls)
