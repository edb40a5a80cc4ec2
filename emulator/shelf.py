"""The scenarios of a session: those pushed to it, newest first, before those of files."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from emulator.scenario.library import Library
from emulator.scenario.model import Scenario
from emulator.scenario.places import Place
from emulator.scenario.reader import read_scenario
from emulator.stores.store import Overlay, Published


def shelf_of(overlay: Overlay, files: Library) -> Library:
    """What answers in a session. A pushed scenario hides the file of the same name."""
    return files.with_pushed([read_pushed(published) for published in overlay.published])


def read_pushed(published: Published) -> Scenario:
    """The scenario of a pushed text. ScenarioError says what is wrong with it."""
    return read_scenario(published.text, Path(f"{published.name}.yaml"), published.name)


def counter_of(place: Place) -> str:
    """The name of a turn's counter: where it stands and what it says, so that an edited turn starts anew."""
    return f"{place}#{hashlib.blake2b(place.turn.content, digest_size=6).hexdigest()}"


def until_endless(places: Iterable[Place]) -> Iterable[Place]:
    """The places up to the first that may answer for ever: none after it is ever reached."""
    for place in places:
        yield place
        if place.turn.times is None:
            return
