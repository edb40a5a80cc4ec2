"""Library and validated settings of a session.

Pushed scenarios come first (newest first), then files.
"""

from functools import lru_cache
from pathlib import Path

from gemulator.core.clock import CLOCK_END
from gemulator.scenario.library import Library
from gemulator.scenario.loading.reader import read_json, read_scenario
from gemulator.scenario.model import Scenario
from gemulator.scenario.override_values import check_override
from gemulator.state.store import PushedScenario, SessionOverlay, SessionSettings, StoreDataError


def session_library(overlay: SessionOverlay, files: Library) -> Library:
    """Return the scenarios of a session. A pushed scenario hides the file of the same name."""
    return files.with_pushed([read_pushed(published) for published in overlay.published])


@lru_cache(maxsize=64)  # parsed by the stub builder, the push route and the first request
def read_pushed(published: PushedScenario) -> Scenario:
    """Return the scenario of a pushed text. Raise ScenarioError if it is not valid."""
    text, name = published.text, published.name
    scenario = read_json(text, Path(name), name) if text.startswith("{") else None
    return scenario or read_scenario(text, Path(name), name)


def validate_settings(session: str, settings: SessionSettings) -> None:
    """Raise StoreDataError for settings that no admin route accepts: another program wrote them."""
    for name, value in settings.given().items():
        try:
            check_override(name, value)
        except ValueError as error:
            raise StoreDataError(session, f"{name}: {error}") from None
    if settings.clock is not None and not 0 <= settings.clock < CLOCK_END:
        raise StoreDataError(session, f"clock: {settings.clock} is out of range")
