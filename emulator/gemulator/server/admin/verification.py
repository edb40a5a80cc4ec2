"""Verification of a session's journal against expectations."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Literal, TypeAlias

from msgspec import Struct
from pydantic import Field, field_validator

from gemulator.core.errors import Mismatch, RequestError
from gemulator.core.headers import Headers
from gemulator.core.located_yaml import dotted
from gemulator.core.secrets import is_credential
from gemulator.core.strict_model import StrictModel
from gemulator.request.conversation import Conversation
from gemulator.request.parser import parse
from gemulator.request.target import target_of
from gemulator.scenario.conditions.match import Match
from gemulator.scenario.loading.reader import empty_paths
from gemulator.scenario.turns import LocatedTurn
from gemulator.state.journal.entry import Entry, Outcome
from gemulator.state.journal.json_views import FailureKind

_MAX_SHOWN = 10  # entries listed if there are too many

_Nearest: TypeAlias = Sequence[tuple[int, Sequence[Mismatch]]]


class ExpectedRequest(StrictModel):
    """Criteria for a journal entry: conditions on its request, facts of its answer."""

    when: Annotated[Match, Field(description="Conditions, as in a scenario.")] = Match()
    scenario: Annotated[str | None, Field(description="The scenario that answered.")] = None
    turn: Annotated[int | None, Field(description="The number of the turn that answered.")] = None
    status: Annotated[int | None, Field(description="The HTTP status.")] = None
    outcome: Annotated[Outcome | None, Field(description="How the delivery ended.")] = None
    refused: Annotated[bool, Field(description="Count requests that were refused, too.")] = False

    @field_validator("when")
    @classmethod
    def _validate_when(cls, when: Match) -> Match:
        path = next(empty_paths(when.model_dump(by_alias=True, exclude_unset=True)), None)
        if path is not None:
            raise ValueError(f"`{dotted(path)}` is empty: give it a value")
        credential = next((name for name in sorted(when.header_names) if is_credential(name)), None)
        if credential is not None:
            raise ValueError(f"the journal keeps no credentials like the header {credential!r}: verify another one")
        return when


class ExpectedCount(ExpectedRequest):
    """Expected number of matching requests (default: at least one)."""

    count: Annotated[int | None, Field(ge=0)] = None
    at_least: Annotated[int | None, Field(ge=0)] = None
    at_most: Annotated[int | None, Field(ge=0)] = None

    def allows(self, found: int) -> bool:
        if self.count is None and self.at_least is None and self.at_most is None:
            return found > 0
        return (
            self.count in {None, found}
            and (self.at_least is None or found >= self.at_least)
            and (self.at_most is None or found <= self.at_most)
        )

    def is_exceeded_by(self, found: int) -> bool:
        """Return True if there are too many."""
        maxima = [bound for bound in (self.count, self.at_most) if bound is not None]
        return bool(maxima) and found > min(maxima)

    def __str__(self) -> str:
        bounds = (("exactly ", self.count), ("at least ", self.at_least), ("at most ", self.at_most))
        given = [(words, bound) for words, bound in bounds if bound is not None] or [("at least ", 1)]
        noun = "request" if given[-1][1] == 1 else "requests"
        return f"{' and '.join(f'{words}{bound}' for words, bound in given)} such {noun}"


class Expectations(StrictModel):
    """Checks of a session. Omitted ones are not made."""

    session: str = "default"
    entries: Annotated[Sequence[ExpectedCount], Field(description="Requests and their expected number.")] = ()
    order: Annotated[
        Sequence[ExpectedRequest], Field(description="Requests in this order; others may come between them.")
    ] = ()
    none_unmatched: Annotated[
        bool | Literal["refused"],
        Field(description="Every request matched a turn; `refused`: none was refused for matching no turn."),
    ] = False
    none_late: Annotated[
        int | None,
        Field(ge=0, description="No request in an ended session after the entry of this number."),
    ] = None
    times_used: Annotated[
        bool,
        Field(
            description="Every turn with `times` was used up, in the scenarios that the session pushed, pinned or used."
        ),
    ] = False


class FailedCheck(Struct, frozen=True):
    """A failed check, as data and as a message. `nearest` are the best matching entries and their mismatches."""

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

    @property
    def check(self) -> str:
        """The failed part of the request, like `entries[0]`."""
        return self.kind if self.index is None else f"{self.kind}[{self.index}]"


def verify(
    expected: Expectations,
    entries: Sequence[Entry],
    counters: Mapping[str, int],
    turns: Sequence[LocatedTurn],
    late: Sequence[Entry] = (),
) -> Sequence[FailedCheck]:
    """Return the failed checks. `turns` are those whose `times` count, `late` the requests in ended sessions."""
    checks: tuple[Iterator[FailedCheck], ...] = (
        _failed_counts(expected.entries, entries, turns),
        _failed_order(expected.order, entries),
        (
            FailedCheck(
                "none_late",
                f"entry {one.number} arrived after session {one.received.session} had ended",
                entry=one.number,
            )
            for one in late
        ),
        _unmatched_entries(entries, expected.none_unmatched),
        _unused_turns(counters, turns, entries) if expected.times_used else iter(()),
    )
    return [failed for check in checks for failed in check]


def mismatches(wanted: ExpectedRequest, entry: Entry) -> Iterator[Mismatch]:
    """Yield the differences between an entry and the criteria."""
    exchange, finished = entry.received.exchange, entry.finished
    if exchange.is_refused and not wanted.refused:
        yield Mismatch("refused", "a request that is answered", _refusal(entry))
    facts: tuple[tuple[str, object, object], ...] = (
        ("scenario", wanted.scenario, exchange.scenario),
        ("turn", wanted.turn, exchange.turn),
        ("status", wanted.status, exchange.status),
        ("outcome", wanted.outcome, finished.outcome if finished else "still running"),
    )
    for name, expected, actual in facts:
        if expected not in {None, actual}:
            yield Mismatch(name, str(expected), str(actual))
    if wanted.when.has_conditions:
        conversation = _conversation(entry)
        if conversation is None:
            yield Mismatch(
                "when", "a chat request stored in full (--journal-body)", "another request or a truncated one"
            )
        else:
            yield from wanted.when.mismatches(conversation)


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


def _failed_counts(
    expected: Sequence[ExpectedCount], entries: Sequence[Entry], turns: Sequence[LocatedTurn]
) -> Iterator[FailedCheck]:
    turn_by_name = {(turn.scenario.name, turn.number): turn for turn in turns}
    for index, wanted in enumerate(expected):
        matching = [entry for entry in entries if not any(mismatches(wanted, entry))]
        found = len(matching)
        if wanted.allows(found):
            continue
        nearest: _Nearest = [(entry.number, ()) for entry in matching[:_MAX_SHOWN]]
        if not wanted.is_exceeded_by(found):
            nearest = _nearest(wanted, entries, turn_by_name.get((wanted.scenario or "", wanted.turn or 0)))
        message = f"expected {wanted}, found {found} among {len(entries)}{_uncounted(wanted, entries)}"
        yield FailedCheck("entries", message, nearest, index=index, found=found)


def _failed_order(expected: Sequence[ExpectedRequest], entries: Sequence[Entry]) -> Iterator[FailedCheck]:
    begin = 0
    for index, wanted in enumerate(expected):
        matches = _matcher(wanted)
        at = next((at for at in range(begin, len(entries)) if matches(entries[at])), None)
        if at is None:
            where = f" after entry {entries[begin - 1].number}" if begin else ""
            message = f"no matching entry{where}{_uncounted(wanted, entries[begin:])}"
            yield FailedCheck("order", message, _nearest(wanted, entries[begin:]), index=index)
            return
        begin = at + 1


def _matcher(wanted: ExpectedRequest) -> Callable[[Entry], bool]:
    return lambda entry: not any(mismatches(wanted, entry))


def _unmatched_entries(entries: Sequence[Entry], none: bool | Literal["refused"]) -> Iterator[FailedCheck]:
    wrong = {"unmatched", "generated"} if none is True else {"unmatched"} if none else ()
    for entry in entries:
        exchange = entry.received.exchange
        if exchange.source in wrong:
            nearest = [(entry.number, near.mismatches) for near in exchange.nearest]
            yield FailedCheck("none_unmatched", f"no turn matched entry {entry.number}", nearest, entry=entry.number)


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
