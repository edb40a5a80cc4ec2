"""Verification of a session's journal against expectations."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from gemulator.core.errors import SIMILAR, Mismatch, explained
from gemulator.scenario.turns import LocatedTurn
from gemulator.server.admin.evidence import Evidence, conversation_of, decide, differing_facts, refusal_of
from gemulator.server.admin.expectations import Expectations, ExpectedCount, ExpectedRequest
from gemulator.server.admin.expected_usage import usage_failures
from gemulator.state.journal.entry import Entry
from gemulator.state.journal.json_views import FailureKind

_MAX_SHOWN = 10  # entries listed if there are too many

_Nearest: TypeAlias = Sequence[tuple[int, Sequence[Mismatch]]]


class FailedCheck(Struct, frozen=True):
    """A failed check, as data and as a message. `nearest` are the best matching entries and their mismatches.

    `unknown`: the journal is incomplete, so that the check may hold or not.
    """

    kind: FailureKind
    message: str
    nearest: _Nearest = ()
    index: int | None = None  # in `entries` or `order`
    found: int | None = None  # matching entries
    entry: int | None = None  # number of the entry that should not be there
    scenario: str | None = None
    turn: int | None = None
    used: int | None = None  # answers of the turn
    times: int | None = None
    asked: bool | None = None
    unknown: bool | None = None

    @property
    def check(self) -> str:
        """The failed part of the request, like `entries[0]`."""
        return self.kind if self.index is None else f"{self.kind}[{self.index}]"


def verify(expected: Expectations, evidence: Evidence) -> Sequence[FailedCheck]:
    """Return the failed checks, and those that cannot be decided."""
    checks: tuple[Iterator[FailedCheck], ...] = (
        _failed_counts(expected.entries, evidence),
        _failed_order(expected.order, evidence),
        _failed_usage(expected, evidence),
        _late_entries(evidence),
        _unmatched_entries(evidence, expected.none_unmatched) if expected.none_unmatched else iter(()),
        _unused_turns(evidence) if expected.times_used else iter(()),
    )
    return [failed for check in checks for failed in check]


def mismatches(wanted: ExpectedRequest, entry: Entry) -> Iterator[Mismatch]:
    """Yield the differences between an entry and the criteria."""
    yield from differing_facts(wanted, entry)
    if wanted.when.has_conditions:
        conversation = conversation_of(entry)
        if conversation is None:
            stored = "a body that was cut" if entry.received.exchange.body.cut else "another request"
            yield Mismatch("when", "a chat request", stored)
        else:
            yield from wanted.when.mismatches(conversation)


def _uncounted(wanted: ExpectedRequest, entries: Sequence[Entry]) -> str:
    """Return a remark on refused requests, which do not count: those that match otherwise, or else all."""
    refused = [entry for entry in entries if entry.received.exchange.is_refused]
    if wanted.refused or not refused:
        return ""
    counting = wanted.model_copy(update={"refused": True})
    matching = [entry for entry in refused if not any(mismatches(counting, entry))]
    whose = "that would match" if matching else "in all"
    return f"{_refused_requests(matching or refused, whose)}: not counted without `refused`"


def _refused_requests(refused: Sequence[Entry], whose: str = "in all") -> str:
    """Return the number of refused requests and their refusals as the end of a message."""
    if not refused:
        return ""
    names = Counter(map(refusal_of, refused))
    listed = ", ".join(f"{name} ({times})" if times > 1 else name for name, times in names.items())
    noun = "request was" if len(refused) == 1 else "requests were"
    return f"; {len(refused)} {noun} refused {whose} ({listed})"


def _nearest(wanted: ExpectedRequest, entries: Sequence[Entry], turn: LocatedTurn | None = None) -> _Nearest:
    differing = ((entry.number, tuple(_differences(wanted, entry, turn))) for entry in entries)
    ranked = sorted((pair for pair in differing if pair[1]), key=lambda pair: _distance(pair[1]))[:3]
    return [(number, explained(found)) for number, found in ranked]


def _distance(mismatches: Sequence[Mismatch]) -> tuple[float, float]:
    """Return how much of the criteria disagrees, so that an entry with a typo is nearer than another one."""
    agreements = [mismatch.agreement for mismatch in mismatches]
    agreeing = sum(one.agreement for one in mismatches if one.is_text and one.agreement >= SIMILAR)
    return len(mismatches) - agreeing, -max(agreements, default=0.0)


def _differences(wanted: ExpectedRequest, entry: Entry, turn: LocatedTurn | None) -> Iterable[Mismatch]:
    """Return the mismatches of an entry; if `turn` was expected, why it did not match the request."""
    found, exchange = tuple(mismatches(wanted, entry)), entry.received.exchange
    conversation = conversation_of(entry)
    if not found or turn is None or conversation is None:
        return found
    answered = f"{exchange.scenario}/{exchange.turn}" if exchange.turn else exchange.source
    return tuple(turn.mismatches(conversation)) or (Mismatch("turn", str(turn), answered),)


def _failed_counts(expected: Sequence[ExpectedCount], evidence: Evidence) -> Iterator[FailedCheck]:
    entries = evidence.entries
    turn_by_name = {(turn.scenario.name, turn.number): turn for turn in evidence.turns}
    for index, wanted in enumerate(expected):
        judged = [(entry, decide(wanted, entry)) for entry in entries]
        matching = [entry for entry, meets in judged if meets]
        uncertain = [entry for entry, meets in judged if meets is None]
        found, most = _range(wanted, evidence, len(matching), len(uncertain))
        least, largest = wanted.bounds
        if least <= found and most <= largest:
            continue
        message = f"expected {wanted}, found {found} among {len(entries)}{_uncounted(wanted, entries)}"
        if most >= least and found <= largest:
            reasons = evidence.missing((wanted, entry) for entry in uncertain) or evidence.count_gaps()
            yield FailedCheck("entries", f"unknown: {message}, but {reasons}", index=index, found=found, unknown=True)
            continue
        nearest: _Nearest = [(entry.number, ()) for entry in matching[:_MAX_SHOWN]]
        if found <= largest:
            nearest = _nearest(wanted, entries, turn_by_name.get((wanted.scenario or "", wanted.turn or 0)))
        yield FailedCheck("entries", message, nearest, index=index, found=found)


def _range(wanted: ExpectedCount, evidence: Evidence, matching: int, uncertain: int) -> tuple[int, float]:
    """Return the least and the largest number of requests that may have matched."""
    plain = not wanted.when.has_conditions and wanted.status is None and wanted.outcome is None and not wanted.usage
    if (
        plain and not wanted.refused and wanted.scenario is not None and wanted.turn is not None
    ):  # such answers are counted
        found = max(matching, evidence.tally.answers.get(f"{wanted.scenario}/{wanted.turn}", 0))
        return found, found if evidence.counts_are_exact else math.inf
    return matching, matching + uncertain + evidence.unseen


def _failed_order(expected: Sequence[ExpectedRequest], evidence: Evidence) -> Iterator[FailedCheck]:
    entries, begin = evidence.entries, 0
    for index, wanted in enumerate(expected):
        at = next((at for at in range(begin, len(entries)) if decide(wanted, entries[at])), None)
        if at is None:
            where = f" after entry {entries[begin - 1].number}" if begin else ""
            message = f"no matching entry{where}{_uncounted(wanted, entries[begin:])}"
            missing = evidence.missing(
                (one, entry) for one in expected for entry in entries if decide(one, entry) is None
            )
            if missing:
                yield FailedCheck("order", f"unknown: {message}, but {missing}", index=index, unknown=True)
            else:
                yield FailedCheck("order", message, _nearest(wanted, entries[begin:]), index=index)
            return
        begin = at + 1


def _failed_usage(expected: Expectations, evidence: Evidence) -> Iterator[FailedCheck]:
    for message, unknown in usage_failures(expected.usage, evidence.entries, evidence.unseen):
        if unknown:
            yield FailedCheck("usage", f"unknown: {message}, but {evidence.missing()}", unknown=True)
        else:
            yield FailedCheck("usage", message)


def _late_entries(evidence: Evidence) -> Iterator[FailedCheck]:
    for one in evidence.late:
        message = f"entry {one.number} arrived after session {one.received.session} had ended"
        yield FailedCheck("none_late", message, entry=one.number)
    if evidence.late_evicted:
        knobs = evidence.known.raise_("journal_entries", "journal_bytes", "max_sessions")
        yield FailedCheck("none_late", f"requests in ended sessions were evicted from the journal ({knobs})")


def _unmatched_entries(evidence: Evidence, none: bool | Literal["refused"]) -> Iterator[FailedCheck]:
    wrong = {"unmatched", "generated"} if none is True else {"unmatched"}
    found = [entry for entry in evidence.entries if entry.received.exchange.source in wrong]
    for entry in found:
        nearest = [(entry.number, near.mismatches) for near in entry.received.exchange.nearest]
        yield FailedCheck("none_unmatched", f"no turn matched entry {entry.number}", nearest, entry=entry.number)
    evicted = sum(evidence.tally.answers.get(source, 0) for source in wrong) - len(found)
    if evicted > 0:
        noun = "request that no turn matched was" if evicted == 1 else "requests that no turn matched were"
        yield FailedCheck("none_unmatched", f"{evicted} more {noun} evicted from the journal", found=evicted)
    if not found and not evicted and not evidence.counts_are_exact:
        message = f"unknown: every request in the journal matched a turn, but {evidence.count_gaps()}"
        yield FailedCheck("none_unmatched", message, unknown=True)


def _unused_turns(evidence: Evidence) -> Iterator[FailedCheck]:
    refused = _refused_requests([entry for entry in evidence.entries if entry.received.exchange.is_refused])
    asked = {name.rpartition("/")[0] for name in evidence.tally.answers}
    for turn in evidence.turns:
        times = turn.turn.times
        if times is None or (used := evidence.counters.get(turn.counter, 0)) >= times:
            continue
        message = f"turn {turn} answered {used} of {times} times{refused}"
        unknown = None
        if not evidence.counts_are_exact:
            message, unknown = f"unknown: {message}, but {evidence.count_gaps()}", True
        name, number = turn.scenario.name, turn.number
        yield FailedCheck(
            "times_used",
            message,
            scenario=name,
            turn=number,
            used=used,
            times=times,
            asked=name in asked,
            unknown=unknown,
        )
