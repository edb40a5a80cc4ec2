"""Server, sessions and final checks of the pytest fixture."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gemulator.client.admin import AdminError
from gemulator.client.checks import LATE_REMEDY, FailedCheck, message_of
from gemulator.client.embedded import Emulator
from gemulator.client.options import FilePath
from gemulator.client.pytest_plugin.cassette import SERVER_SETTINGS, open_cassette
from gemulator.client.pytest_plugin.environment import read_environment
from gemulator.client.pytest_plugin.options import (
    SERVER_OPTIONS,
    PytestOptions,
    fail,
    flag,
    from_config,
    from_markers,
    is_option,
    scenario_folders,
    settings_of,
)
from gemulator.client.pytest_plugin.remote import RemoteEmulator
from gemulator.client.session import Session
from gemulator.core.errors import ScenarioError
from gemulator.core.printable import printable_lines
from gemulator.core.setting_error import SettingError
from gemulator.state.journal.json_views import FailureKind

_PROJECT: pytest.StashKey[PytestOptions] = pytest.StashKey()
_REMEDIES: Mapping[FailureKind, str] = {
    "none_unmatched": 'Stub them: gemulator.when(user="…").reply("…"), or'
    ' @pytest.mark.gemulator(unmatched="generate").',
    "none_late": LATE_REMEDY,
    "times_used": "Send as many requests as `times` says, or allow fewer: @pytest.mark.gemulator(strict=False).",
}


@contextmanager
def run_server(config: pytest.Config, settings: Mapping[str, Any]) -> Iterator[Emulator | RemoteEmulator]:
    """Yield the server at --gemulator-url, or start one with the project's options and `settings`, which win."""
    if not isinstance(settings, Mapping):
        raise fail(f"gemulator_settings: expected a dict of settings, not {settings!r}. Return one from the fixture.")
    try:
        environment = read_environment(config)
    except SettingError as error:
        raise fail(str(error)) from None
    options = from_config(config, environment.file, environment.variables, settings)
    config.stash[_PROJECT] = options
    server = _open_server(config, options, {name: one.value for name, one in environment.used.items()}, settings)
    yield server
    try:
        late = server.checks.late() if options.strict else ()
        if late:  # no test has reported it
            raise _failure([FailedCheck("none_late", late)])
    except AdminError as error:
        raise fail(str(error)) from None
    finally:
        server.close()


def _open_server(
    config: pytest.Config, options: PytestOptions, environment: Mapping[str, Any], settings: Mapping[str, Any]
) -> Emulator | RemoteEmulator:
    url = config.getoption("--gemulator-url") or config.getini("gemulator_url") or os.environ.get("GEMULATOR_URL")
    given = {name: value for name, value in settings.items() if not is_option(name)}
    given = {**environment, **_server_options(config), **given, **settings_of(options)}
    if settings.get("record") is not None:
        raise fail("gemulator_settings: record: name the recording in the marker, @pytest.mark.gemulator(record=…)")
    scenarios = _paths(given.pop("scenarios", ()))
    config.stash[SERVER_SETTINGS] = {**given, "scenarios": scenarios}
    given.pop("upstream", None)  # only recording tests forward, from a server of their own
    try:
        if url:
            return RemoteEmulator(url, options, scenarios)
        return Emulator.of_pytest(**given, scenarios=scenarios).start()
    except SettingError as error:
        raise fail(f"gemulator_settings: {error}") from None
    except ScenarioError as error:
        source = "gemulator_settings" if "scenarios" in settings else "gemulator_scenarios"
        raise fail(f"{source}:\n{error}") from None


def _server_options(config: pytest.Config) -> Mapping[str, Any]:
    """Return the options of the server in the ini file and on the command line."""
    found: dict[str, Any] = {}
    if folders := scenario_folders(config):
        found["scenarios"] = folders
    for name in SERVER_OPTIONS:
        if name != "scenarios" and (value := config.getoption(flag(name)) or config.getini(f"gemulator_{name}")):
            found[name] = value
    return found


def _paths(value: FilePath | Sequence[FilePath]) -> Sequence[Path]:
    return [Path(path) for path in ([value] if isinstance(value, str | os.PathLike) else value)]


@dataclass
class TestSession:
    """The session of a test. `strict` checks it at the end; `passed` is set once the checks have passed."""

    session: Session
    strict: bool
    passed: bool = False


@contextmanager
def open_session(request: pytest.FixtureRequest, server: Emulator | RemoteEmulator) -> Iterator[TestSession]:
    """Yield a session with the options of a test, and end it."""
    item: pytest.Item = request.node
    options = from_markers(item, item.config.stash[_PROJECT])
    with open_cassette(request, server, options.record) as cassette:
        if cassette.session is not None:
            options = replace(options, unmatched=None)  # that of its server, which forwards
        session = cassette.server.session(cassette.session, **options.session_options())
        if cassette.file is not None:
            options = replace(options, scenario=[cassette.file, *options.scenario])
        with _set_up(session, item, options) as test:
            yield test


@contextmanager
def _set_up(session: Session, item: pytest.Item, options: PytestOptions) -> Iterator[TestSession]:
    """Yield a session with its files and variables; check and end it."""
    session.folders = (item.path.parent,)
    patch = pytest.MonkeyPatch()
    try:
        for file in options.scenario:
            _load(session, item, file)
        for name, value in session.env.items() if options.env else ():
            patch.setenv(name, value)
        test = TestSession(session, options.strict)
        yield test
        if test.passed:  # fixtures may have sent requests in their teardown
            assert_clean(test)
    finally:
        patch.undo()
        session.end_later(item.nodeid)


def assert_clean(test: TestSession) -> None:
    """Raise a pytest failure if requests matched no turn or `times` are unused."""
    if not test.strict:
        return
    try:
        failed = test.session.checks.failed_at_end()
    except AdminError as error:
        raise fail(str(error)) from None
    if failed:
        raise _failure(failed)
    test.passed = True


def report_failure(item: pytest.Item, session: Session) -> None:
    """Add likely reasons to the report of a failed test: requests without an answer, a server that has gone."""
    try:
        lines = session.checks.failure_hints()
    except AdminError as error:
        lines = [str(error)]
    if lines:
        item.add_report_section("call", "gemulator", printable_lines("\n".join(lines)))


def _failure(failed: Sequence[FailedCheck]) -> BaseException:
    """Return the pytest failure of failed checks, with remedies."""
    kinds = {check.kind for check in failed}
    remedies = [remedy for kind, remedy in _REMEDIES.items() if kind in kinds]
    return fail("\n".join([message_of(failed), *remedies]))


def _load(session: Session, item: pytest.Item, file: str | os.PathLike[str]) -> None:
    """Load a file found beside the test or in a folder of `gemulator_scenarios`."""
    folders: Sequence[Path] = [item.path.parent, *scenario_folders(item.config), item.config.rootpath]
    found = next((path for folder in folders if (path := Path(folder) / file).is_file()), None)
    if found is None:
        listed = ", ".join(str(folder) for folder in folders)
        raise fail(f"gemulator: no file {os.fspath(file)} in {listed}")
    try:
        session.load(found)
    except ScenarioError as error:
        raise fail(f"gemulator:\n{error}") from None
