"""Evidence about the requests of a session, and what is missing of it."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from gemulator.core.entrance import Entrance, knobs
from gemulator.core.errors import Mismatch, RequestError
from gemulator.core.headers import Headers
from gemulator.core.settings import Settings
from gemulator.request.conversation import Conversation
from gemulator.request.parser import parse
from gemulator.request.target import target_of
from gemulator.scenario.conditions.certainty import certainty, unknown_parts
from gemulator.scenario.turns import LocatedTurn
from gemulator.server.admin.expectations import ExpectedRequest
from gemulator.server.admin.expected_usage import usage_mismatches
from gemulator.state.journal.entry import Entry
from gemulator.state.store import Tally

_MAX_LISTED = 10  # entries of one reason
_ANEW = "reset the session to begin anew"


class Knobs(Struct, frozen=True):
    """Settings that bound the evidence, and how the server was started."""

    settings: Settings
    entrance: Entrance

    def raise_(self, *names: str) -> str:
        """Return the advice to raise settings."""
        return f"raise {knobs(self.entrance, *names)}"


def gaps(tally: Tally, stored: int, known: Knobs) -> Sequence[str]:
    """Return the reasons why not every request of a session is among its `stored` entries, with the remedies."""
    reasons = []
    if tally.lost:
        bounds = known.raise_("max_sessions", "session_age")
        reasons.append(f"the session was evicted with its entries ({bounds}, and {_ANEW})")
    if tally.evicted:
        noun = "entry was" if tally.evicted == 1 else "entries were"
        full = stored >= known.settings.journal_entries
        bound = known.raise_("journal_entries" if full else "journal_bytes")
        reasons.append(f"{tally.evicted} {noun} evicted from the journal ({bound})")
    if tally.missed:
        noun = "answer was" if tally.missed == 1 else "answers were"
        reasons.append(f"{tally.missed} {noun} given while the store was away ({_ANEW})")
    return reasons


def count_gaps(tally: Tally, known: Knobs) -> Sequence[str]:
    """Return the reasons why not every answer of a turn is counted, with the remedies."""
    reasons = [*gaps(Tally(lost=tally.lost, missed=tally.missed), 0, known)]
    if tally.uncounted:
        reasons.append(f"more turns answered than a session has counters for ({_ANEW})")
    return reasons


class Evidence(Struct, frozen=True):
    """Journal of a session, and what outlives its entries: `counters` of turns with `times`, `tally` of all answers.

    `turns` are those whose `times` count, `late` the requests in ended sessions. `late_evicted` is True if more such
    requests were evicted.
    """

    entries: Sequence[Entry]
    tally: Tally
    counters: Mapping[str, int]
    turns: Sequence[LocatedTurn]
    known: Knobs
    late: Sequence[Entry] = ()
    late_evicted: bool = False

    @property
    def unseen(self) -> float:
        """The largest number of requests that have no entry."""
        return math.inf if self.tally.lost else self.tally.evicted + self.tally.missed

    @property
    def counts_are_exact(self) -> bool:
        """Return True if all answers of turns are counted."""
        return not count_gaps(self.tally, self.known)

    def gaps(self) -> Sequence[str]:
        """Return the reasons why not every request has an entry."""
        return gaps(self.tally, len(self.entries), self.known)

    def count_gaps(self) -> str:
        """Return the reasons why not every answer of a turn is counted."""
        return " and ".join(count_gaps(self.tally, self.known))

    def missing(self, uncertain: Iterable[tuple[ExpectedRequest, Entry]] = ()) -> str:
        """Return the reasons why a check cannot be decided, with the remedies; empty if there is none."""
        cut: list[str] = []
        unread: list[str] = []
        redacted: dict[str, list[str]] = {}
        for wanted, entry in uncertain:
            body = entry.received.exchange.body
            if body.cut:
                (cut if body.size else unread).append(str(entry.number))
            for mark in dict.fromkeys(_unknown_parts(wanted, entry)):
                redacted.setdefault(mark, []).append(str(entry.number))
        reasons = [*self.gaps()]
        if cut:
            noun = f"body of entry {cut[0]} is" if len(cut) == 1 else f"bodies of entries {_listed(cut)} are"
            limit = self.known.settings.journal_body
            reasons.append(f"the {noun} cut at {limit:,} bytes ({self.known.raise_('journal_body')})")
        if unread:
            reasons.append(f"entry {_listed(unread)} was refused before its body was read")
        for mark, numbers in redacted.items():
            noun = f"entry {numbers[0]} has" if len(numbers) == 1 else f"entries {_listed(numbers)} have"
            reasons.append(f"{noun} {mark} in place of what was sent")
        return " and ".join(reasons)


def _listed(numbers: Sequence[str]) -> str:
    more = len(numbers) - _MAX_LISTED
    return ", ".join(numbers[:_MAX_LISTED]) + (f" and {more} more" if more > 0 else "")


def decide(wanted: ExpectedRequest, entry: Entry) -> bool | None:
    """Return True if an entry meets the criteria, False if it does not, and None if that is not known."""
    if any(differing_facts(wanted, entry)):
        return False
    if not wanted.when.has_conditions:
        return True
    if entry.received.exchange.body.cut:
        return None
    conversation = conversation_of(entry)
    return False if conversation is None else certainty(wanted.when, conversation)


def _unknown_parts(wanted: ExpectedRequest, entry: Entry) -> Iterator[str]:
    conversation = conversation_of(entry)
    return iter(()) if conversation is None else unknown_parts(wanted.when, conversation)


def differing_facts(wanted: ExpectedRequest, entry: Entry) -> Iterator[Mismatch]:
    """Yield the differences between an entry and the criteria that need no body."""
    exchange, finished = entry.received.exchange, entry.finished
    if exchange.is_refused and not wanted.refused:
        yield Mismatch("refused", "a request that is answered", refusal_of(entry))
    facts: tuple[tuple[str, object, object], ...] = (
        ("scenario", wanted.scenario, exchange.scenario),
        ("turn", wanted.turn, exchange.turn),
        ("status", wanted.status, entry.status),
        ("outcome", wanted.outcome, finished.outcome if finished else "still running"),
    )
    for name, expected, actual in facts:
        if expected not in {None, actual}:
            yield Mismatch(name, str(expected), str(actual))
    yield from usage_mismatches(wanted.usage, exchange.usage)


def refusal_of(entry: Entry) -> str:
    """Return status and name of the refusal of a request."""
    exchange = entry.received.exchange
    return f"{exchange.status} {exchange.refusal}" if exchange.refusal else f"{exchange.status}"


def conversation_of(entry: Entry) -> Conversation | None:
    """Return the request of an entry, None if it is no chat request that can be read."""
    exchange = entry.received.exchange
    target = target_of(exchange.path)
    if target is None or exchange.body.cut:
        return None
    try:
        parsed = parse(exchange.body.data)
    except RequestError:
        return None
    return Conversation(parsed, target, Headers(entry.received.headers))
