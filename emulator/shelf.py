"""The scenarios of a session: those pushed to it, newest first, before those of files."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from emulator.conversation import Conversation
from emulator.errors import Near
from emulator.scenario.library import Library, Place
from emulator.scenario.model import Scenario
from emulator.scenario.reader import read_scenario
from emulator.stores.store import Overlay, Published


class Shelf:
    """Libraries one before the other, asked like a single one."""

    def __init__(self, libraries: Sequence[Library]) -> None:
        self._libraries = libraries

    @property
    def scenarios(self) -> Sequence[Scenario]:
        return [scenario for library in self._libraries for scenario in library.scenarios]

    @property
    def places(self) -> Sequence[Place]:
        """All turns in the order in which they are tried: those with a `when` first, over all libraries."""
        places = (place for library in self._libraries for place in library.places)
        return sorted(places, key=lambda place: not place.turn.conditional)

    def fitting(self, conversation: Conversation, only: str | None = None) -> Iterator[Place]:
        """The turns that fit, in order; `only`: of that scenario."""
        places = (place for library in self._libraries for place in library.fitting(conversation, only))
        return iter(sorted(places, key=lambda place: not place.turn.conditional))

    def nearest(self, conversation: Conversation, only: str | None = None, most: int = 3) -> Sequence[Near]:
        """The turns that failed the fewest conditions, and which."""
        nears = (near for library in self._libraries for near in library.nearest(conversation, only, most))
        return sorted(nears, key=lambda near: len(near.mismatches))[:most]


def shelf_of(overlay: Overlay, files: Library) -> Library | Shelf:
    """What answers in a session. A pushed scenario hides the file of the same name."""
    if not overlay.published:
        return files
    pushed = [read_pushed(published) for published in overlay.published]
    hidden = {scenario.name for scenario in pushed}
    rest = Library(scenario for scenario in files.scenarios if scenario.name not in hidden)
    return Shelf([*(Library([scenario]) for scenario in pushed), rest])


def read_pushed(published: Published) -> Scenario:
    """The scenario of a pushed text. ScenarioError says what is wrong with it."""
    return read_scenario(published.text, Path(f"{published.name}.yaml"), published.name)


def counter_of(place: Place) -> str:
    """The name of a turn's counter: where it stands and what it says, so that an edited turn starts anew."""
    return f"{place}#{hashlib.blake2b(place.turn.content, digest_size=6).hexdigest()}"
