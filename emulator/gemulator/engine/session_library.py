"""A session's library: pushed scenarios first (newest first), then files."""

from functools import lru_cache
from pathlib import Path

from gemulator.scenario.library import Library
from gemulator.scenario.loading.reader import read_json, read_scenario
from gemulator.scenario.model import Scenario
from gemulator.state.store import PushedScenario, SessionOverlay


def session_library(overlay: SessionOverlay, files: Library) -> Library:
    """Return the scenarios of a session. A pushed scenario hides the file of the same name."""
    return files.with_pushed([read_pushed(published) for published in overlay.published])


@lru_cache(maxsize=64)  # parsed by the stub builder, the push route and the first request
def read_pushed(published: PushedScenario) -> Scenario:
    """Return the scenario of a pushed text. Raise ScenarioError if it is not valid."""
    text, name = published.text, published.name
    scenario = read_json(text, Path(name), name) if text.startswith("{") else None
    return scenario or read_scenario(text, Path(name), name)
