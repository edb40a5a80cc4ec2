"""The scenarios of a session: those pushed to it, newest first, before those of files."""

from functools import lru_cache
from pathlib import Path

from gemulator.scenario.library import Library
from gemulator.scenario.loading.reader import read_json, read_scenario
from gemulator.scenario.model import Scenario
from gemulator.state.store import PushedScenario, SessionOverlay


def session_library(overlay: SessionOverlay, files: Library) -> Library:
    """What answers in a session. A pushed scenario hides the file of the same name."""
    return files.with_pushed([read_pushed(published) for published in overlay.published])


@lru_cache(maxsize=64)  # read where it is written, when it is pushed, and when it first answers
def read_pushed(published: PushedScenario) -> Scenario:
    """The scenario of a pushed text. ScenarioError says what is wrong with it."""
    text, name = published.text, published.name
    scenario = read_json(text, Path(name), name) if text.startswith("{") else None
    return scenario or read_scenario(text, Path(name), name)
