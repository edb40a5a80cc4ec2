"""Library of loaded scenarios and the priority of their turns."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from heapq import nsmallest
from itertools import accumulate, islice, takewhile
from pathlib import Path
from typing import Self

from gemulator.core.budget import BudgetExceeded
from gemulator.core.errors import SIMILAR, Mismatch, NearMiss, Problem, ScenarioError, explained
from gemulator.core.gc_pause import gc_paused
from gemulator.core.secrets import is_credential
from gemulator.request.conversation import Conversation
from gemulator.scenario.loading.folder import Folder
from gemulator.scenario.loading.reader import read_scenario
from gemulator.scenario.model import Scenario
from gemulator.scenario.turns import TURN_WORK, LocatedTurn, TurnTable

NEAREST = 3  # near misses reported if no turn matches
# In estimated nanoseconds.
_MISMATCHES = 100_000  # the least that a comparison with messages takes
_MAX_COMPARING = 300_000_000  # to find the nearest turns
MAX_MATCHING = 20_000_000_000


class Library:
    """Scenarios in name order. All turns with a `when` are tried before all turns without one."""

    def __init__(self, scenarios: Iterable[Scenario] = ()) -> None:
        self._pushed = TurnTable(())
        self._files = TurnTable(sorted(scenarios, key=lambda scenario: scenario.name))
        self._hidden: frozenset[str] = frozenset()

    def with_pushed(self, pushed: TurnTable) -> Self:
        """Return this library with pushed turns before its own; their scenarios replace files of the same name.

        The indexes are shared, so that creating one per session is cheap.
        """
        library = type(self)()
        library._pushed, library._files = pushed, self._files
        library._hidden = frozenset(scenario.name for scenario in pushed.scenarios)
        return library

    @property
    def scenarios(self) -> Sequence[Scenario]:
        """Return all scenarios in order, pushed ones first."""
        files = (scenario for scenario in self._files.scenarios if scenario.name not in self._hidden)
        return [*self._pushed.scenarios, *files]

    @property
    def located_turns(self) -> Sequence[LocatedTurn]:
        """Return all turns in the order in which they are tried."""
        return list(self._ordered())

    def _ordered(self) -> Iterator[LocatedTurn]:
        for group in (0, 1):
            yield from self._without_hidden(self._pushed.priority_groups[group], self._files.priority_groups[group])

    def _without_hidden(self, pushed: Iterable[LocatedTurn], files: Iterable[LocatedTurn]) -> Iterator[LocatedTurn]:
        yield from pushed
        for located in files:
            if located.scenario.name not in self._hidden:
                yield located

    @property
    def pieces(self) -> Sequence[object]:
        """Return the objects that take most of the memory: the turns of files."""
        turns = (turn for scenario in self._files.scenarios for turn in scenario.turns)
        return [*turns, *(located for group in self._files.priority_groups for located in group)]

    @cached_property
    def header_names(self) -> tuple[bytes, ...]:
        """Return the lower-case names of headers on which an answer may depend; `*` means all."""
        return tuple(name.encode() for name in sorted(self._pushed.header_names | self._files.header_names))

    @cached_property
    def reads_credentials(self) -> bool:
        """Return True if a condition or template reads headers that the journal redacts."""
        return any(is_credential(name.decode()) for name in self.header_names)

    def can_match_within(self, limit: int, size: int) -> bool:
        """Return True if matching a request of `size` bytes is certain to take less than `limit` nanoseconds."""
        if self._most_work is None:
            return False
        constant, per_byte = self._most_work
        return constant + size * per_byte <= limit

    @cached_property
    def _most_work(self) -> tuple[int, int] | None:
        pushed, files = self._pushed.most_work, self._files.most_work
        return None if pushed is None or files is None else (pushed[0] + files[0], pushed[1] + files[1])

    def matching_turns(
        self, conversation: Conversation, only: str | None = None, limit: int | None = MAX_MATCHING
    ) -> Iterator[LocatedTurn]:
        """Yield the matching turns in order, optionally of the scenario named `only`.

        Raise BudgetExceeded if the comparisons take more than an estimate of `limit` nanoseconds; None if they cannot.
        """
        size, work = len(conversation.parsed.raw), 0
        limit = None if limit is None or self.can_match_within(limit, size) else limit
        for group in (0, 1):
            if limit is not None:
                work += size * (self._files.index_weight(group) + self._pushed.index_weight(group))
                if work > limit:
                    raise BudgetExceeded
            for located in self._candidates(conversation, group):
                if limit is not None:
                    work += TURN_WORK + size * located.weight
                    if work > limit:
                        raise BudgetExceeded
                if (only is None or located.scenario.name == only) and located.matches(conversation):
                    yield located

    def _candidates(self, conversation: Conversation, group: int) -> Iterable[LocatedTurn]:
        """Return the turns of a priority group that may match, in order."""
        found = self._files.candidates(conversation, group)
        return self._without_hidden(self._pushed.candidates(conversation, group), found) if self._hidden else found

    def near_misses(
        self, conversation: Conversation, only: str | None = None, limit: int = NEAREST
    ) -> Sequence[NearMiss]:
        """Return the nearest turns, with their mismatches in words."""
        return [
            NearMiss(str(located), explained(failed)) for located, failed in self.nearest(conversation, only, limit)
        ]

    def nearest(
        self, conversation: Conversation, only: str | None = None, limit: int = NEAREST
    ) -> Sequence[tuple[LocatedTurn, tuple[Mismatch, ...]]]:
        """Return the turns whose conditions disagree least; a text that is similar disagrees in part.

        Only the first turns are compared: 3,000 at most, fewer for a large request or many comparisons.
        """
        turns = [located for located in self.located_turns if only is None or located.scenario.name == only]
        compared = max(limit, self._compared(turns, len(conversation.parsed.raw)))
        tried = ((located, tuple(located.mismatches(conversation))) for located in turns[:compared])
        ranked = (
            (_distance(located, failed), position, located, failed) for position, (located, failed) in enumerate(tried)
        )
        nearest = nsmallest(limit, (entry for entry in ranked if entry[3]), key=lambda entry: entry[:2])
        return [(located, failed) for _, _, located, failed in nearest]

    def comparing_work(self, conversation: Conversation) -> int:
        """Return the estimated nanoseconds that `near_misses` takes, at most those for 1,000 turns."""
        size = len(conversation.parsed.raw)
        return sum([_MISMATCHES + size * located.weight for located in islice(self._ordered(), 1_000)])

    def _compared(self, turns: Sequence[LocatedTurn], size: int) -> int:
        """Return the number of turns that are compared to find the nearest for a request of `size` bytes."""
        work = accumulate(_MISMATCHES + size * located.weight for located in turns)
        return sum(1 for _ in takewhile(lambda spent: spent <= _MAX_COMPARING, work))

    def prepare(self) -> Self:
        """Compute now what requests would compute one by one, and return self."""
        self._files.prepare()
        return self

    def build_indexes(self) -> Self:
        """Build the index now instead of at the first request, and return self."""
        self._files.build_indexes()
        return self


def _distance(located: LocatedTurn, failed: Sequence[Mismatch]) -> tuple[float, int, float]:
    """Return how much disagrees, the number of conditions that hold as a negative one, and the likest text."""
    agreements = [mismatch.agreement for mismatch in failed]
    agreeing = sum(one.agreement for one in failed if one.is_text and one.agreement >= SIMILAR)
    met = len(located.turn.when.conditions) - len(failed)
    return len(failed) - agreeing, -met, -max(agreements, default=0.0)


def load(folders: Sequence[Path]) -> Library:
    """Return a library of all scenario files below `folders`. Raises ScenarioError with the problems of all files."""
    with gc_paused():
        return load_folders([Folder(folder) for folder in folders])


def load_folders(folders: Sequence[Folder]) -> Library:
    """Load scenarios as `load` does, and record in each folder which files were included."""
    scenarios: list[Scenario] = []
    problems: list[Problem] = []
    for folder in folders:
        for name, file in folder.scenarios():
            try:
                scenarios.append(read_scenario(folder.scenario(file), file, name, folder))
            except ScenarioError as error:
                problems.extend(error.problems)
    if problems:
        raise ScenarioError(problems)
    return Library(scenarios).build_indexes()
