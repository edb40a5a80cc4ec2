"""Whether a session was asked what a test expects: each failed check says how the nearest entries differ."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Literal, TypeAlias

from msgspec import Struct
from pydantic import Field, field_validator

from gemulator.core.errors import Mismatch, RequestError
from gemulator.core.located_yaml import dotted
from gemulator.core.strict_model import StrictModel
from gemulator.request.conversation import Conversation
from gemulator.request.parser import parse
from gemulator.request.target import target_of
from gemulator.scenario.conditions.match import Match
from gemulator.scenario.loading.reader import empty_paths
from gemulator.scenario.turns import LocatedTurn
from gemulator.state.journal.entry import Entry, Outcome
from gemulator.state.journal.json_views import FailureKind

_SHOWN = 10  # requests of which there were too many

_Nearest: TypeAlias = Sequence[tuple[int, Sequence[Mismatch]]]


class ExpectedRequest(StrictModel):
    """An entry that is looked for: its request by the conditions of a scenario, its answer by what was chosen."""

    when: Annotated[Match, Field(description="Conditions, as in a scenario.")] = Match()
    scenario: Annotated[str | None, Field(description="The scenario that answered.")] = None
    turn: Annotated[int | None, Field(description="The number of its turn.")] = None
    status: Annotated[int | None, Field(description="The HTTP status.")] = None
    outcome: Annotated[Outcome | None, Field(description="How the delivery ended.")] = None

    @field_validator("when")
    @classmethod
    def _whole(cls, when: Match) -> Match:
        path = next(empty_paths(when.model_dump(by_alias=True, exclude_unset=True)), None)
        if path is not None:
            raise ValueError(f"nothing is given for `{dotted(path)}`")
        return when


class Counted(ExpectedRequest):
    """How many such requests there must be. Nothing given: at least one."""

    count: Annotated[int | None, Field(ge=0)] = None
    at_least: Annotated[int | None, Field(ge=0)] = None
    at_most: Annotated[int | None, Field(ge=0)] = None

    def fits(self, found: int) -> bool:
        if self.count is None and self.at_least is None and self.at_most is None:
            return found > 0
        return (
            self.count in {None, found}
            and (self.at_least is None or found >= self.at_least)
            and (self.at_most is None or found <= self.at_most)
        )

    def exceeded(self, found: int) -> bool:
        """Whether there are too many."""
        most = [bound for bound in (self.count, self.at_most) if bound is not None]
        return bool(most) and found > min(most)

    def __str__(self) -> str:
        bounds = (("exactly ", self.count), ("at least ", self.at_least), ("at most ", self.at_most))
        given = [(words, bound) for words, bound in bounds if bound is not None] or [("at least ", 1)]
        noun = "request" if given[-1][1] == 1 else "requests"
        return f"{' and '.join(f'{words}{bound}' for words, bound in given)} such {noun}"


class Expectations(StrictModel):
    """What must hold of a session. What is left out is not checked."""

    session: str = "default"
    entries: Annotated[Sequence[Counted], Field(description="How often something was asked.")] = ()
    order: Annotated[
        Sequence[ExpectedRequest], Field(description="What was asked after what; others may stand between.")
    ] = ()
    none_unmatched: Annotated[
        bool | Literal["refused"],
        Field(description="No request was without a fitting turn; `refused`: none was refused for it."),
    ] = False
    none_late: Annotated[
        int | None,
        Field(ge=0, description="No request came in a session that is over, after the entry of this number."),
    ] = None
    times_used: Annotated[
        bool,
        Field(
            description="Every turn with `times` of the scenarios that the session pushed, pinned or used has done so."
        ),
    ] = False


class Broken(Struct, frozen=True):
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
    places: Sequence[LocatedTurn],
    late: Sequence[Entry] = (),
) -> Sequence[Broken]:
    """The checks that failed; none: all hold. `places` are the turns whose `times` count."""
    checks: tuple[Iterator[Broken], ...] = (
        _counts(expected.entries, entries, places),
        _order(expected.order, entries),
        (
            Broken("none_late", f"entry {one.number} came when {one.received.session} was over", entry=one.number)
            for one in late
        ),
        _unmatched(entries, expected.none_unmatched),
        _unused(counters, places) if expected.times_used else iter(()),
    )
    return [broken for check in checks for broken in check]


def mismatches(wanted: ExpectedRequest, entry: Entry) -> Iterator[Mismatch]:
    """What is wrong with an entry; nothing: it is one that is looked for."""
    exchange, finished = entry.received.exchange, entry.finished
    seen: tuple[tuple[str, object, object], ...] = (
        ("scenario", wanted.scenario, exchange.scenario),
        ("turn", wanted.turn, exchange.turn),
        ("status", wanted.status, exchange.status),
        ("outcome", wanted.outcome, finished.outcome if finished else "still running"),
    )
    for name, expected, actual in seen:
        if expected not in {None, actual}:
            yield Mismatch(name, str(expected), str(actual))
    if wanted.when.has_conditions:
        conversation = _conversation(entry)
        if conversation is None:
            yield Mismatch("when", "a chat request that was kept whole (--journal-body)", "one that was not")
        else:
            yield from wanted.when.mismatches(conversation)


def _conversation(entry: Entry) -> Conversation | None:
    exchange = entry.received.exchange
    target = target_of(exchange.path)
    if target is None or not exchange.body.is_complete:
        return None
    try:
        parsed = parse(exchange.body.data)
    except RequestError:
        return None
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in entry.received.headers.items()}
    return Conversation(parsed, target, headers)


def _nearest(wanted: ExpectedRequest, entries: Sequence[Entry], place: LocatedTurn | None = None) -> _Nearest:
    differing = ((entry.number, tuple(_why(wanted, entry, place))) for entry in entries)
    return sorted((one for one in differing if one[1]), key=lambda one: len(one[1]))[:3]


def _why(wanted: ExpectedRequest, entry: Entry, place: LocatedTurn | None) -> Iterable[Mismatch]:
    """What is wrong with an entry; where another turn answered it, what kept this one from doing so."""
    found, exchange = tuple(mismatches(wanted, entry)), entry.received.exchange
    conversation = _conversation(entry)
    if not found or place is None or conversation is None:
        return found
    by = f"{exchange.scenario}/{exchange.turn}" if exchange.turn else exchange.source
    return tuple(place.mismatches(conversation)) or (Mismatch("turn", str(place), by),)


def _counts(expected: Sequence[Counted], entries: Sequence[Entry], places: Sequence[LocatedTurn]) -> Iterator[Broken]:
    named = {(place.scenario.name, place.number): place for place in places}
    for index, wanted in enumerate(expected):
        fitting = [entry for entry in entries if not any(mismatches(wanted, entry))]
        found = len(fitting)
        if not wanted.fits(found):
            message = f"expected {wanted}, found {found} among {len(entries)}"
            place = named.get((wanted.scenario or "", wanted.turn or 0))
            shown = [(one.number, ()) for one in fitting[:_SHOWN]]
            nearest = shown if wanted.exceeded(found) else _nearest(wanted, entries, place)
            yield Broken("entries", message, nearest, index=index, found=found)


def _order(expected: Sequence[ExpectedRequest], entries: Sequence[Entry]) -> Iterator[Broken]:
    begin = 0
    for index, wanted in enumerate(expected):
        fits = _fitting(wanted)
        at = next((at for at in range(begin, len(entries)) if fits(entries[at])), None)
        if at is None:
            where = f"after entry {entries[begin - 1].number}" if begin else "at all"
            yield Broken("order", f"no such entry {where}", _nearest(wanted, entries[begin:]), index=index)
            return
        begin = at + 1


def _fitting(wanted: ExpectedRequest) -> Callable[[Entry], bool]:
    return lambda entry: not any(mismatches(wanted, entry))


def _unmatched(entries: Sequence[Entry], none: bool | Literal["refused"]) -> Iterator[Broken]:
    wrong = {"unmatched", "generated"} if none is True else {"unmatched"} if none else ()
    for entry in entries:
        exchange = entry.received.exchange
        if exchange.source in wrong:
            nearest = [(entry.number, near.mismatches) for near in exchange.nearest]
            yield Broken("none_unmatched", f"no turn fitted entry {entry.number}", nearest, entry=entry.number)


def _unused(counters: Mapping[str, int], places: Sequence[LocatedTurn]) -> Iterator[Broken]:
    for place in places:
        times = place.turn.times
        if times is not None and (used := counters.get(place.counter, 0)) < times:
            message = f"turn {place} answered {used} of {times} times"
            name, number = place.scenario.name, place.number
            yield Broken("times_used", message, scenario=name, turn=number, used=used, times=times)
