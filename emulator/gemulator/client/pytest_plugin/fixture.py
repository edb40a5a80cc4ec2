"""What the pytest plugin does once a test uses it: serve, open a session for a test, check it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gemulator.client.admin import AdminError
from gemulator.client.checks import FailedCheck, message_of
from gemulator.client.embedded import Emulator
from gemulator.client.pytest_plugin.options import PytestOptions, fail, from_config, from_item
from gemulator.client.pytest_plugin.remote import RemoteEmulator
from gemulator.client.session import Session
from gemulator.core.errors import ScenarioError
from gemulator.state.journal.json_views import FailureKind

_REMEDIES: Mapping[FailureKind, str] = {
    "none_unmatched": 'Stub them: gemulator.when(user="…").reply("…"), or'
    ' @pytest.mark.gemulator(unmatched="generate").',
    "none_late": "Make clients anew for each test, or clear what keeps them, like a cache.",
    "times_used": "Ask as often as is stubbed, or allow less: @pytest.mark.gemulator(strict=False).",
}


@contextmanager
def run_server(config: pytest.Config) -> Iterator[Emulator | RemoteEmulator]:
    """The emulator that the options name, or one of our own."""
    wanted, scenarios = from_config(config), tuple(config.getini("gemulator_scenarios"))
    url = config.getoption("--gemulator-url") or config.getini("gemulator_url") or os.environ.get("GEMULATOR_URL")
    try:
        server = RemoteEmulator(url, wanted, scenarios) if url else _own(wanted, scenarios)
    except ScenarioError as error:
        raise fail(f"gemulator_scenarios:\n{error}") from None
    yield server
    try:
        late = server.checks.late() if wanted.strict else ()
        if late:  # no test has reported it
            raise _failure([FailedCheck("none_late", late)])
    except AdminError as error:
        raise fail(str(error)) from None
    finally:
        server.close()


def _own(wanted: PytestOptions, scenarios: Sequence[Path]) -> Emulator:
    return Emulator(scenarios=scenarios, unmatched=wanted.unmatched, seed=wanted.seed, clock=wanted.clock).start()


@dataclass
class TestSession:
    """The session of a test, and whether the test fails where requests and stubs do not go together.

    `passed` the test has once it was found that they do.
    """

    session: Session
    strict: bool
    passed: bool = False


@contextmanager
def open_session(item: pytest.Item, server: Emulator | RemoteEmulator) -> Iterator[TestSession]:
    """A session of a test, as its markers and the options want it."""
    wanted = from_item(item)
    session = server.session(seed=wanted.seed, clock=wanted.clock, unmatched=wanted.unmatched)
    patch = pytest.MonkeyPatch()
    session.folders = (item.path.parent,)
    try:
        for file in wanted.scenario:
            _load(session, item, file)
        for name, value in session.env.items() if wanted.env else ():
            patch.setenv(name, value)
        use = TestSession(session, wanted.strict)
        yield use
        if use.passed:  # its other fixtures may have asked since
            assert_clean(use)
    finally:
        patch.undo()
        session.end_later(item.nodeid)


def assert_clean(use: TestSession) -> None:
    """Fail a test whose requests and stubs did not go together."""
    if not use.strict:
        return
    try:
        failed = use.session.checks.failed_at_end()
    except AdminError as error:
        raise fail(str(error)) from None
    if failed:
        raise _failure(failed)
    use.passed = True


def report_failure(item: pytest.Item, session: Session) -> None:
    """Show with a failed test which requests were not answered, or that the server is gone: often that is why."""
    try:
        lines = session.checks.failure_hints()
    except AdminError as error:
        lines = [str(error)]
    if lines:
        item.add_report_section("call", "gemulator", "\n".join(lines))


def _failure(failed: Sequence[FailedCheck]) -> BaseException:
    """Return the pytest failure of failed checks, with remedies."""
    kinds = {check.kind for check in failed}
    remedies = [remedy for kind, remedy in _REMEDIES.items() if kind in kinds]
    return fail("\n".join([message_of(failed), *remedies]))


def _load(session: Session, item: pytest.Item, file: str | os.PathLike[str]) -> None:
    """Load a file that stands beside the test, or in a folder of `gemulator_scenarios`."""
    folders: Sequence[Path] = [item.path.parent, *item.config.getini("gemulator_scenarios"), item.config.rootpath]
    found = next((path for folder in folders if (path := Path(folder) / file).is_file()), None)
    if found is None:
        places = ", ".join(str(folder) for folder in folders)
        raise fail(f"gemulator: there is no {os.fspath(file)} in {places}")
    try:
        session.load(found)
    except ScenarioError as error:
        raise fail(f"gemulator:\n{error}") from None
