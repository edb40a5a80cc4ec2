"""Verification of a session's journal against expectations."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from gemulator.core.errors import Mismatch, RequestError
from gemulator.core.headers import Headers
from gemulator.request.conversation import Conversation
from gemulator.request.parser import parse
from gemulator.request.target import target_of
from gemulator.scenario.turns import LocatedTurn
from gemulator.server.admin.expectations import Expectations, ExpectedCount, ExpectedRequest
from gemulator.state.journal.entry import Entry
from gemulator.state.journal.json_views import FailureKind
from gemulator.state.store import Tally

_WHERE = ": an option of gemulator serve, Emulator(…) and the fixture gemulator_settings"
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
    unknown: bool | None = None

    @property
    def check(self) -> str:
        """The failed part of the request, like `entries[0]`."""
        return self.kind if self.index is None else f"{self.kind}[{self.index}]"


class Evidence(Struct, frozen=True):
    """Journal of a session, and what outlives its entries: `counters` of turns with `times`, `tally` of all answers.

    `turns` are those whose `times` count, `late` the requests in ended sessions.
    """

    entries: Sequence[Entry]
    tally: Tally
    counters: Mapping[str, int]
    turns: Sequence[LocatedTurn]
    late: Sequence[Entry] = ()

    def missing(self, uncertain: Sequence[Entry] = ()) -> str:
        """Return the reasons why entries cannot be judged, with the settings that keep them."""
        reasons = []
        if self.tally.evicted:
            noun = "entry was" if self.tally.evicted == 1 else "entries were"
            knobs = f"raise journal_entries and journal_bytes{_WHERE}"
            reasons.append(f"{self.tally.evicted} {noun} evicted from the journal ({knobs})")
        if uncertain:
            numbers = ", ".join(str(entry.number) for entry in uncertain[:_MAX_SHOWN])
            noun = f"body of entry {numbers} is" if len(uncertain) == 1 else f"bodies of entries {numbers} are"
            reasons.append(f"the {noun} cut (raise journal_body{_WHERE})")
        return " and ".join(reasons)


def verify(expected: Expectations, evidence: Evidence) -> Sequence[FailedCheck]:
    """Return the failed checks, and those that cannot be decided."""
    entries = evidence.entries
    checks: tuple[Iterator[FailedCheck], ...] = (
        _failed_counts(expected.entries, evidence),
        _failed_order(expected.order, evidence),
        (
            FailedCheck(
                "none_late",
                f"entry {one.number} arrived after session {one.received.session} had ended",
                entry=one.number,
            )
            for one in evidence.late
        ),
        _unmatched_entries(evidence, expected.none_unmatched),
        _unused_turns(evidence.counters, evidence.turns, entries) if expected.times_used else iter(()),
    )
    return [failed for check in checks for failed in check]


def mismatches(wanted: ExpectedRequest, entry: Entry) -> Iterator[Mismatch]:
    """Yield the differences between an entry and the criteria."""
    yield from _differing_facts(wanted, entry)
    if wanted.when.has_conditions:
        conversation = _conversation(entry)
        if conversation is None:
            yield Mismatch(
                "when", "a chat request stored in full (--journal-body)", "another request or a truncated one"
            )
        else:
            yield from wanted.when.mismatches(conversation)


def _differing_facts(wanted: ExpectedRequest, entry: Entry) -> Iterator[Mismatch]:
    """Yield the differences between an entry and the criteria that need no body."""
    exchange, finished = entry.received.exchange, entry.finished
    if exchange.is_refused and not wanted.refused:
        yield Mismatch("refused", "a request that is answered", _refusal(entry))
    facts: tuple[tuple[str, object, object], ...] = (
        ("scenario", wanted.scenario, exchange.scenario),
        ("turn", wanted.turn, exchange.turn),
        ("status", wanted.status, entry.status),
        ("outcome", wanted.outcome, finished.outcome if finished else "still running"),
    )
    for name, expected, actual in facts:
        if expected not in {None, actual}:
            yield Mismatch(name, str(expected), str(actual))


def _refusal(entry: Entry) -> str:
    """Return status and name of the refusal of a request."""
    exchange = entry.received.exchange
    return f"{exchange.status} {exchange.refusal}" if exchange.refusal else f"{exchange.status}"


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
    names = Counter(map(_refusal, refused))
    listed = ", ".join(f"{name} ({times})" if times > 1 else name for name, times in names.items())
    noun = "request was" if len(refused) == 1 else "requests were"
    return f"; {len(refused)} {noun} refused {whose} ({listed})"


def _conversation(entry: Entry) -> Conversation | None:
    exchange = entry.received.exchange
    target = target_of(exchange.path)
    if target is None or not exchange.body.is_complete:
        return None
    try:
        parsed = parse(exchange.body.data)
    except RequestError:
        return None
    return Conversation(parsed, target, Headers(entry.received.headers))


def _nearest(wanted: ExpectedRequest, entries: Sequence[Entry], turn: LocatedTurn | None = None) -> _Nearest:
    differing = ((entry.number, tuple(_differences(wanted, entry, turn))) for entry in entries)
    return sorted((pair for pair in differing if pair[1]), key=lambda pair: len(pair[1]))[:3]


def _differences(wanted: ExpectedRequest, entry: Entry, turn: LocatedTurn | None) -> Iterable[Mismatch]:
    """Return the mismatches of an entry; if `turn` was expected, why it did not match the request."""
    found, exchange = tuple(mismatches(wanted, entry)), entry.received.exchange
    conversation = _conversation(entry)
    if not found or turn is None or conversation is None:
        return found
    answered = f"{exchange.scenario}/{exchange.turn}" if exchange.turn else exchange.source
    return tuple(turn.mismatches(conversation)) or (Mismatch("turn", str(turn), answered),)


def _failed_counts(expected: Sequence[ExpectedCount], evidence: Evidence) -> Iterator[FailedCheck]:
    entries = evidence.entries
    turn_by_name = {(turn.scenario.name, turn.number): turn for turn in evidence.turns}
    for index, wanted in enumerate(expected):
        matching = [entry for entry in entries if not any(mismatches(wanted, entry))]
        uncertain = [entry for entry in entries if _is_uncertain(wanted, entry)]
        found, most = _range(wanted, evidence, len(matching), len(uncertain))
        least, largest = wanted.bounds
        if least <= found and most <= largest:
            continue
        message = f"expected {wanted}, found {found} among {len(entries)}{_uncounted(wanted, entries)}"
        if most >= least and found <= largest:
            message = f"unknown: {message}, but {evidence.missing(uncertain)}"
            yield FailedCheck("entries", message, index=index, found=found, unknown=True)
            continue
        nearest: _Nearest = [(entry.number, ()) for entry in matching[:_MAX_SHOWN]]
        if found <= largest:
            nearest = _nearest(wanted, entries, turn_by_name.get((wanted.scenario or "", wanted.turn or 0)))
        yield FailedCheck("entries", message, nearest, index=index, found=found)


def _range(wanted: ExpectedCount, evidence: Evidence, matching: int, uncertain: int) -> tuple[int, int]:
    """Return the least and the largest number of requests that may have matched."""
    plain = not wanted.when.has_conditions and wanted.status is None and wanted.outcome is None
    if plain and wanted.scenario is not None and wanted.turn is not None:  # such answers are counted
        found = max(matching, evidence.tally.answers.get(f"{wanted.scenario}/{wanted.turn}", 0))
        return found, found
    return matching, matching + uncertain + evidence.tally.evicted


def _is_uncertain(wanted: ExpectedRequest, entry: Entry) -> bool:
    """Return True if only the part of the body that is cut could decide about an entry."""
    if not wanted.when.has_conditions or entry.received.exchange.body.is_complete:
        return False
    return not any(_differing_facts(wanted, entry))


def _failed_order(expected: Sequence[ExpectedRequest], evidence: Evidence) -> Iterator[FailedCheck]:
    entries, begin = evidence.entries, 0
    for index, wanted in enumerate(expected):
        matches = _matcher(wanted)
        at = next((at for at in range(begin, len(entries)) if matches(entries[at])), None)
        if at is None:
            where = f" after entry {entries[begin - 1].number}" if begin else ""
            message = f"no matching entry{where}{_uncounted(wanted, entries[begin:])}"
            uncertain = [entry for entry in entries if any(_is_uncertain(one, entry) for one in expected)]
            missing = evidence.missing(uncertain)
            if missing:
                yield FailedCheck("order", f"unknown: {message}, but {missing}", index=index, unknown=True)
            else:
                yield FailedCheck("order", message, _nearest(wanted, entries[begin:]), index=index)
            return
        begin = at + 1


def _matcher(wanted: ExpectedRequest) -> Callable[[Entry], bool]:
    return lambda entry: not any(mismatches(wanted, entry))


def _unmatched_entries(evidence: Evidence, none: bool | Literal["refused"]) -> Iterator[FailedCheck]:
    wrong = {"unmatched", "generated"} if none is True else {"unmatched"} if none else set[str]()
    found = [entry for entry in evidence.entries if entry.received.exchange.source in wrong]
    for entry in found:
        nearest = [(entry.number, near.mismatches) for near in entry.received.exchange.nearest]
        yield FailedCheck("none_unmatched", f"no turn matched entry {entry.number}", nearest, entry=entry.number)
    evicted = sum(evidence.tally.answers.get(source, 0) for source in wrong) - len(found)
    if evicted > 0:
        noun = "request that no turn matched was" if evicted == 1 else "requests that no turn matched were"
        yield FailedCheck("none_unmatched", f"{evicted} more {noun} evicted from the journal", found=evicted)


def _unused_turns(
    counters: Mapping[str, int], turns: Sequence[LocatedTurn], entries: Sequence[Entry]
) -> Iterator[FailedCheck]:
    refused = _refused_requests([entry for entry in entries if entry.received.exchange.is_refused])
    for turn in turns:
        times = turn.turn.times
        if times is not None and (used := counters.get(turn.counter, 0)) < times:
            message = f"turn {turn} answered {used} of {times} times{refused}"
            name, number = turn.scenario.name, turn.number
            yield FailedCheck("times_used", message, scenario=name, turn=number, used=used, times=times)
