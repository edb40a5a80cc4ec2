"""The scenarios that are loaded, and which turns come first."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from emulator.catalog import Catalog
from emulator.conversation import Conversation
from emulator.dialects import DIALECTS
from emulator.errors import Near, Problem, ScenarioError
from emulator.scenario import yaml
from emulator.scenario.model import Scenario, Turn
from emulator.scenario.reader import read_scenario

_SUFFIXES = {".yaml", ".yml"}


@dataclass(frozen=True, slots=True)
class Place:
    """A turn and where it stands: `number` counts from 1."""

    scenario: Scenario
    number: int
    turn: Turn

    def __str__(self) -> str:
        return f"{self.scenario.name}/{self.number}"


class Library:
    """Scenarios in name order. Turns with a `when` come first, over all of them; then turns without one."""

    def __init__(self, scenarios: Iterable[Scenario] = ()) -> None:
        self.scenarios = sorted(scenarios, key=lambda scenario: scenario.name)

    @cached_property
    def places(self) -> Sequence[Place]:
        """All turns in the order in which they are tried."""
        written = [
            Place(scenario, number, turn)
            for scenario in self.scenarios
            for number, turn in enumerate(scenario.turns, start=1)
        ]
        return sorted(written, key=lambda place: not place.turn.conditional)

    def fitting(self, conversation: Conversation, only: str | None = None) -> Iterator[Place]:
        """The turns that fit, in order; `only`: of that scenario."""
        for place in self.places:
            if (only is None or place.scenario.name == only) and not any(place.turn.mismatches(conversation)):
                yield place

    def nearest(self, conversation: Conversation, only: str | None = None, most: int = 3) -> Sequence[Near]:
        """The turns that failed the fewest conditions, and which."""
        nears = (
            Near(str(place), tuple(place.turn.mismatches(conversation)))
            for place in self.places
            if only is None or place.scenario.name == only
        )
        failed = [near for near in nears if near.mismatches]
        return sorted(failed, key=lambda near: len(near.mismatches))[:most]


def load(folders: Sequence[Path]) -> Library:
    """The library of all scenario files in `folders`, recursively. ScenarioError says all problems of all files."""
    scenarios: list[Scenario] = []
    problems: list[Problem] = []
    for name, file in _files(folders):
        try:
            scenarios.append(read_scenario(_text(file), file, name))
        except ScenarioError as error:
            problems.extend(error.problems)
    if problems:
        raise ScenarioError(problems)
    return Library(scenarios)


def _files(folders: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    for folder in folders:
        if folder.is_file():
            yield folder.stem, folder
            continue
        if not folder.is_dir():
            remedy = "Name a folder of scenario files with --scenarios."
            raise ScenarioError([Problem(folder, 1, 1, "", "no such file or folder", remedy)])
        for file in sorted(folder.rglob("*")):
            inside = file.relative_to(folder)
            if file.suffix in _SUFFIXES and file.is_file() and not any(part[0] in "_." for part in inside.parts):
                yield inside.with_suffix("").as_posix(), file


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScenarioError(
            [Problem(file, 1, 1, "", "the file is not UTF-8", f"Save it as UTF-8 ({error.reason}).")]
        ) from None
    except OSError as error:
        raise ScenarioError([Problem(file, 1, 1, "", f"cannot be read: {error.strerror}")]) from None


def read_catalog(file: Path) -> Catalog:
    """The catalog in a YAML file. ScenarioError names the entry that is not understood."""
    tree, _ = yaml.read(_text(file), file)
    try:
        return Catalog.read(tree if isinstance(tree, dict) else {}, DIALECTS)
    except (TypeError, ValueError) as error:
        raise ScenarioError([Problem(file, 1, 1, "", str(error))]) from None
