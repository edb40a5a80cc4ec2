"""Turns with their position, ordered by priority."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from gemulator.core.errors import Mismatch, NearMiss
from gemulator.core.seed import Seed
from gemulator.request.conversation import Conversation
from gemulator.scenario.conditions.extractors import RequiredLiteral
from gemulator.scenario.conditions.match import Match
from gemulator.scenario.conditions.weight import weight
from gemulator.scenario.model import Scenario, Turn, expressions_of
from gemulator.scenario.substring_index import SubstringIndex

TURN_WORK = 1_000  # estimated nanoseconds; the least that `LocatedTurn.matches` takes
_MAX_WEIGHED = 64  # turns whose weights are added up
_MAX_UNINDEXED = 4  # turns; up to here matching each costs less than an index lookup


class LocatedTurn:
    """A turn with its scenario and its number, counted from 1.

    `model_condition` is the scenario's `model`, unless the turn has its own.
    """

    def __init__(self, scenario: Scenario, number: int, turn: Turn) -> None:
        self.scenario = scenario
        self.number = number
        self.turn = turn
        inherits = scenario.model is not None and turn.when.model is None
        self.model_condition = scenario.model_condition if inherits else None
        self._matches_always = self.model_condition is None and not turn.conditional and not turn.tool_names
        self.unlimited = turn.times is None
        self._name = f"{scenario.name}/{number}"

    def __str__(self) -> str:
        return self._name

    @cached_property
    def counter(self) -> str:
        """Return the name of the counter of answers: position and content hash, so that an edited turn starts at 0."""
        return f"{self}#{hashlib.blake2b(self.turn.content, digest_size=6).hexdigest()}"

    @cached_property
    def seed_key(self) -> bytes:
        """Return 16 bytes derived from scenario name and content: the seed of the turn's answers."""
        return Seed.root(self.scenario.name, self.turn.content).path

    def matches(self, conversation: Conversation) -> bool:
        """Return True if there is no mismatch."""
        if self._matches_always:
            return True
        if self.model_condition is not None and not self.model_condition.matches(conversation):
            return False
        return self.turn.matches(conversation)

    def mismatches(self, conversation: Conversation) -> Iterator[Mismatch]:
        """Yield the conditions that do not hold; none if the turn matches."""
        if self.model_condition is not None:
            yield from self.model_condition.mismatches(conversation)
        yield from self.turn.mismatches(conversation)

    def required_literals(self) -> Iterator[RequiredLiteral]:
        """Yield literals that a matching request must contain."""
        if self.model_condition is not None:
            yield from self.model_condition.required_literals()
        yield from self.turn.when.required_literals()

    @cached_property
    def weight(self) -> int:
        """Return the estimated nanoseconds that `matches` takes for each character of a request."""
        return weight(self.turn.when) + (0 if self.model_condition is None else weight(self.model_condition))

    @property
    def exhausted(self) -> NearMiss:
        """Return the near miss of a matching turn whose `times` are used up."""
        return NearMiss(str(self), (Mismatch.exhausted(self.turn.times or 0),))

    @property
    def match(self) -> Match:
        """Return the conditions of the turn and of its scenario."""
        if self.model_condition is None:
            return self.turn.when
        return self.turn.when.model_copy(update={"model": self.model_condition.model})

    @property
    def location(self) -> str:
        """Return `file:line`."""
        return f"{self.scenario.file}:{self.scenario.line(self.number)}"


class TurnTable:
    """The turns of scenarios in two priority groups: those with a `when`, then those without."""

    def __init__(self, scenarios: Sequence[Scenario]) -> None:
        self.scenarios = tuple(scenarios)

    @cached_property
    def priority_groups(self) -> tuple[Sequence[LocatedTurn], Sequence[LocatedTurn]]:
        turns = [
            LocatedTurn(scenario, number, turn)
            for scenario in self.scenarios
            for number, turn in enumerate(scenario.turns, start=1)
        ]
        conditional = [located for located in turns if located.turn.conditional]
        return conditional, [located for located in turns if not located.turn.conditional]

    @cached_property
    def _indexes(self) -> tuple[SubstringIndex, SubstringIndex]:
        first, last = (
            SubstringIndex([tuple(located.required_literals()) for located in turns]) for turns in self.priority_groups
        )
        return first, last

    def index_weight(self, group: int) -> int:
        """Return the estimated nanoseconds that `candidates` takes for each character of a request."""
        return self._indexes[group].weight if len(self.priority_groups[group]) > _MAX_UNINDEXED else 0

    @cached_property
    def most_work(self) -> tuple[int, int] | None:
        """Return the most that matching takes: estimated nanoseconds, and those for each character of a request.

        None if there are too many turns to tell at once.
        """
        turns = [located for group in self.priority_groups for located in group]
        if len(turns) > _MAX_WEIGHED:
            return None
        weights = sum([located.weight for located in turns])
        return TURN_WORK * len(turns), weights + self.index_weight(0) + self.index_weight(1)

    def candidates(self, conversation: Conversation, group: int) -> Iterable[LocatedTurn]:
        """Return the turns of a priority group that may match, in order."""
        turns = self.priority_groups[group]
        if len(turns) <= _MAX_UNINDEXED:
            return turns
        return [turns[position] for position in self._indexes[group].candidates(conversation)]

    @cached_property
    def header_names(self) -> frozenset[str]:
        """Return the lower-case names of headers that a condition or template reads; `*` means all."""
        names: set[str] = set()
        for scenario in self.scenarios:
            for turn in scenario.turns:
                names |= turn.when.header_names
                names.update(
                    str(path[1]).lower() if len(path) > 1 else "*"
                    for expression in expressions_of(turn.reply)
                    for path in expression.paths
                    if path[0] == "header"
                )
        return frozenset(names)

    def prepare(self) -> None:
        """Build the indexes and hash all turns now instead of at the first requests."""
        self.build_indexes()
        for group in self.priority_groups:
            for located in group:
                _ = located.counter, located.seed_key

    def build_indexes(self) -> None:
        """Build the indexes now instead of at the first request."""
        _ = self._indexes, self.header_names
