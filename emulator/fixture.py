"""What the pytest plugin does once a test uses it: serve, open a session for a test, check it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from emulator.client import AdminError
from emulator.errors import ScenarioError
from emulator.server import Emulator
from emulator.session import Session
from emulator.wanted import failure, of_project, of_test


@contextmanager
def serving(config: pytest.Config) -> Iterator[Session]:
    """The emulator that the options name, or one of our own."""
    wanted = of_project(config)
    url = config.getoption("--gemulator-url") or config.getini("gemulator_url") or os.environ.get("GEMULATOR_URL")
    if url:
        session = Session(url, key=os.environ.get("GEMULATOR_ADMIN_KEY"))
        yield session
        session.drop_left()
        session.admin.close()
        return
    choices = {"unmatched": wanted.unmatched, "seed": wanted.seed, "clock": wanted.clock}
    try:
        emulator = Emulator(scenarios=tuple(config.getini("gemulator_scenarios")), **choices).start()
    except ScenarioError as error:
        raise failure(f"gemulator_scenarios:\n{error}") from None
    yield emulator
    emulator.stop()


class Use(NamedTuple):
    """The session of a test, and whether the test fails where requests and stubs do not go together."""

    session: Session
    strict: bool


@contextmanager
def opened(item: pytest.Item, server: Session) -> Iterator[Use]:
    """A session of a test, as its markers and the options want it."""
    wanted = of_test(item)
    session = server.session(seed=wanted.seed, clock=wanted.clock, unmatched=wanted.unmatched)
    patch = pytest.MonkeyPatch()
    session.folders = (item.path.parent,)
    try:
        for file in wanted.scenario:
            _load(session, item, file)
        for name, value in session.env.items() if wanted.env else ():
            patch.setenv(name, value)
        yield Use(session, wanted.strict)
    finally:
        patch.undo()
        session.leave()


def checked(use: Use) -> None:
    """Fail a test whose requests and stubs did not go together."""
    if not use.strict:
        return
    try:
        use.session.assert_done()
    except AssertionError as error:
        raise failure(f"{error}\n{_remedy(str(error))}") from None
    except AdminError as error:
        raise failure(str(error)) from None


def explained(item: pytest.Item, session: Session) -> None:
    """Show with a failed test which requests fitted no turn, or that the server is gone: often that is why."""
    try:
        session.assert_all_matched()
    except (AssertionError, AdminError) as error:
        item.add_report_section("call", "gemulator", str(error))


def _remedy(message: str) -> str:
    if "fitted no turn" in message:
        return 'Stub them: gemulator.when(user="…").reply("…"), or @pytest.mark.gemulator(unmatched="generate").'
    return "Ask as often as is stubbed, or allow less: @pytest.mark.gemulator(strict=False)."


def _load(session: Session, item: pytest.Item, file: str | os.PathLike[str]) -> None:
    """Load a file that stands beside the test, or in a folder of `gemulator_scenarios`."""
    folders: Sequence[Path] = [item.path.parent, *item.config.getini("gemulator_scenarios"), item.config.rootpath]
    found = next((path for folder in folders if (path := Path(folder) / file).is_file()), None)
    if found is None:
        places = ", ".join(str(folder) for folder in folders)
        raise failure(f"gemulator: there is no {os.fspath(file)} in {places}")
    try:
        session.load(found)
    except ScenarioError as error:
        raise failure(f"gemulator:\n{error}") from None
