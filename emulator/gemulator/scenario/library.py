"""The scenarios that are loaded, and which turns come first."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from heapq import nsmallest
from pathlib import Path
from typing import Self

from gemulator.core.errors import Mismatch, NearMiss, Problem, ScenarioError
from gemulator.request.conversation import Conversation
from gemulator.scenario.loading.folder import Folder
from gemulator.scenario.loading.reader import read_scenario
from gemulator.scenario.model import Scenario
from gemulator.scenario.turns import LocatedTurn, TurnTable

NEAREST = 3  # turns that are named where none answers


class Library:
    """Scenarios in name order. Turns with a `when` come first, over all of them; then turns without one."""

    def __init__(self, scenarios: Iterable[Scenario] = ()) -> None:
        self._pushed = TurnTable(())
        self._files = TurnTable(sorted(scenarios, key=lambda scenario: scenario.name))
        self._hidden: frozenset[str] = frozenset()

    def with_pushed(self, scenarios: Sequence[Scenario]) -> Self:
        """This library with other scenarios before its own, the first of them first; they hide its own of their names.

        It shares the index of the files: cheap enough to make for each session.
        """
        further = type(self)()
        further._pushed, further._files = TurnTable(scenarios), self._files
        further._hidden = frozenset(scenario.name for scenario in scenarios)
        return further

    @property
    def scenarios(self) -> Sequence[Scenario]:
        """All scenarios in order, pushed ones first."""
        files = (scenario for scenario in self._files.scenarios if scenario.name not in self._hidden)
        return [*self._pushed.scenarios, *files]

    @property
    def located_turns(self) -> Sequence[LocatedTurn]:
        """All turns in the order in which they are tried."""
        return [
            place
            for stage in (0, 1)
            for place in self._shown(self._pushed.priority_groups[stage], self._files.priority_groups[stage])
        ]

    def _shown(self, pushed: Iterable[LocatedTurn], files: Iterable[LocatedTurn]) -> Iterator[LocatedTurn]:
        yield from pushed
        for place in files:
            if place.scenario.name not in self._hidden:
                yield place

    @cached_property
    def header_names(self) -> tuple[bytes, ...]:
        """The headers on which an answer may depend, in lower case; `*`: any."""
        return tuple(name.encode() for name in sorted(self._pushed.headers | self._files.headers))

    def fitting(self, conversation: Conversation, only: str | None = None) -> Iterator[LocatedTurn]:
        """The turns that fit, in order; `only`: of that scenario."""
        for stage in (0, 1):
            found = self._files.candidates(conversation, stage)
            if self._hidden:
                found = self._shown(self._pushed.candidates(conversation, stage), found)
            for place in found:
                if (only is None or place.scenario.name == only) and place.fits(conversation):
                    yield place

    def nearest(self, conversation: Conversation, only: str | None = None, most: int = NEAREST) -> Sequence[NearMiss]:
        """The turns that failed the fewest conditions; then those that met most, then those most alike."""
        tried = (
            (place, tuple(place.mismatches(conversation)))
            for place in self.located_turns
            if only is None or place.scenario.name == only
        )
        ranked = ((_distance(place, failed), position, place, failed) for position, (place, failed) in enumerate(tried))
        nears = nsmallest(most, (one for one in ranked if one[3]), key=lambda one: one[:2])
        return [NearMiss(str(place), failed) for _, _, place, failed in nears]

    def ready(self) -> Self:
        """Build the index now, not at the first request."""
        self._files.ready()
        return self


def _distance(place: LocatedTurn, failed: Sequence[Mismatch]) -> tuple[int, int, float]:
    held = len(place.turn.when.conditions) - len(failed)
    return len(failed), -held, -max(map(_likeness, failed), default=0.0)


def _likeness(mismatch: Mismatch) -> float:
    """How much of what was expected was there after all, from 0 to 1: a typing mistake is near."""
    expected, actual = mismatch.expected[:200].casefold(), mismatch.actual.casefold()
    pairs = [expected[at : at + 3] for at in range(len(expected) - 2)]
    return sum(pair in actual for pair in pairs) / len(pairs) if pairs else 0.0


def load(folders: Sequence[Path]) -> Library:
    """The library of all scenario files in `folders`, recursively. ScenarioError says all problems of all files."""
    return load_folders([Folder(folder) for folder in folders])


def load_folders(folders: Sequence[Folder]) -> Library:
    """As `load`; the folders then know which pieces were included."""
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
    return Library(scenarios).ready()
