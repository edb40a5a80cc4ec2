"""Turns where they stand, in the order in which they are tried."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from gemulator.core.errors import Mismatch, NearMiss
from gemulator.core.seed import Seed
from gemulator.request.conversation import Conversation
from gemulator.scenario.conditions.extractors import RequiredLiteral
from gemulator.scenario.conditions.match import Match
from gemulator.scenario.model import Scenario, Turn, expressions_of
from gemulator.scenario.substring_index import Index

_FEW = 4  # turns that are asked one by one sooner than an index of them is built


class LocatedTurn:
    """A turn and where it stands: `number` counts from 1.

    `scope` is the file's own condition, for a turn that says nothing about the model.
    """

    def __init__(self, scenario: Scenario, number: int, turn: Turn) -> None:
        self.scenario = scenario
        self.number = number
        self.turn = turn
        self.scope = None if scenario.model is None or turn.when.model is not None else scenario.scope
        self._always = self.scope is None and not turn.conditional and not turn.called
        self.unlimited = turn.times is None
        self._name = f"{scenario.name}/{number}"

    def __str__(self) -> str:
        return self._name

    @cached_property
    def counter(self) -> str:
        """The name of the turn's counter: where it stands and what it says, so that an edited turn starts anew."""
        return f"{self}#{hashlib.blake2b(self.turn.content, digest_size=6).hexdigest()}"

    @cached_property
    def seed_key(self) -> bytes:
        """16 bytes of the turn's scenario and what it says: its answers change with them."""
        return Seed.root(self.scenario.name, self.turn.content).path

    def fits(self, conversation: Conversation) -> bool:
        """Whether there is no mismatch."""
        if self._always:
            return True
        return (self.scope is None or self.scope.holds(conversation)) and self.turn.holds(conversation)

    def mismatches(self, conversation: Conversation) -> Iterator[Mismatch]:
        """Why the turn does not fit; nothing: it does."""
        if self.scope is not None:
            yield from self.scope.mismatches(conversation)
        yield from self.turn.mismatches(conversation)

    def needs(self) -> Iterator[RequiredLiteral]:
        """Texts that a request must have."""
        if self.scope is not None:
            yield from self.scope.needs()
        yield from self.turn.when.needs()

    @property
    def exhausted(self) -> NearMiss:
        """Why a turn that fits does not answer: its `times` are used up."""
        return NearMiss(str(self), (Mismatch.exhausted(self.turn.times or 0),))

    @property
    def match(self) -> Match:
        """All conditions together."""
        return self.turn.when if self.scope is None else self.turn.when.model_copy(update={"model": self.scope.model})

    @property
    def where(self) -> str:
        """File and line."""
        return f"{self.scenario.file}:{self.scenario.line(self.number)}"


class TurnTable:
    """The turns of scenarios in a given order. `stages`: the turns with a `when`, then those without one."""

    def __init__(self, scenarios: Sequence[Scenario]) -> None:
        self.scenarios = tuple(scenarios)

    @cached_property
    def priority_groups(self) -> tuple[Sequence[LocatedTurn], Sequence[LocatedTurn]]:
        places = [
            LocatedTurn(scenario, number, turn)
            for scenario in self.scenarios
            for number, turn in enumerate(scenario.turns, start=1)
        ]
        return [p for p in places if p.turn.conditional], [p for p in places if not p.turn.conditional]

    @cached_property
    def _indexes(self) -> tuple[Index, Index]:
        first, last = ([tuple(place.needs()) for place in places] for places in self.priority_groups)
        return Index(first), Index(last)

    def candidates(self, conversation: Conversation, stage: int) -> Iterable[LocatedTurn]:
        """The turns of a stage that may fit, in order."""
        places = self.priority_groups[stage]
        if len(places) <= _FEW:
            return places
        return [places[position] for position in self._indexes[stage].candidates(conversation)]

    @cached_property
    def headers(self) -> frozenset[str]:
        """The names of the headers that some condition or template reads, in lower case; `*`: all of them."""
        names: set[str] = set()
        for scenario in self.scenarios:
            for turn in scenario.turns:
                names |= turn.when.headers
                names.update(
                    str(expression.path[1]).lower() if len(expression.path) > 1 else "*"
                    for expression in expressions_of(turn.reply)
                    if expression.path[:1] == ("header",)
                )
        return frozenset(names)

    def ready(self) -> None:
        """Build what the first request would have to wait for."""
        _ = self._indexes, self.headers
