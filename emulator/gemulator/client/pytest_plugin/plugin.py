"""The `gemulator` fixture and marker. Imports nothing heavy: every run of a project that has gemulator loads this."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gemulator.client.embedded import Emulator
    from gemulator.client.pytest_plugin.fixture import TestSession
    from gemulator.client.pytest_plugin.remote import RemoteEmulator
    from gemulator.client.session import Session

_USE: "pytest.StashKey[TestSession]" = pytest.StashKey()
_MARKER = (
    "gemulator(scenario=, unmatched=, seed=, clock=, strict=, env=): scenario files to load, `error` or `generate`,"
    " what decides the words, a moment at which the clock stands still, whether the test fails for unmatched requests"
    " and unused `times`, and whether OPENAI_BASE_URL and OPENAI_API_KEY lead to the emulator."
)
_FROZEN = "2026-01-01T00:00:00Z"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options; each test's marker goes before them."""
    group = parser.getgroup("gemulator")
    group.addoption(
        "--gemulator-url",
        metavar="URL",
        help="use the emulator that runs there (its origin, or any OPENAI_BASE_URL of it), not one of this run's own",
    )
    parser.addini("gemulator_url", "as --gemulator-url, or the variable GEMULATOR_URL", default="")
    parser.addini("gemulator_scenarios", "folders or files of scenarios that answer in all tests", type="paths")
    parser.addini("gemulator_unmatched", "error or generate: what a request gets that no turn fits", default="error")
    parser.addini("gemulator_seed", "decides every word", default="0")
    parser.addini("gemulator_clock", "the moment at which the clock stands still, or `real`", default=_FROZEN)
    parser.addini("gemulator_strict", "fail on unmatched requests and unused `times`", type="bool", default=True)
    parser.addini("gemulator_env", "set OPENAI_BASE_URL and OPENAI_API_KEY in tests that use it", type="bool")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER)


def pytest_itemcollected(item: pytest.Item) -> None:
    """A test with the marker uses the fixture, and before all others: what those make may read the environment."""
    names = getattr(item, "fixturenames", None)
    if isinstance(names, list) and item.get_closest_marker("gemulator") is not None:
        names[:] = ["gemulator", *(name for name in names if name != "gemulator")]


@pytest.fixture(scope="session")
def gemulator_server(request: pytest.FixtureRequest) -> "Iterator[Emulator | RemoteEmulator]":
    """The emulator of this run, in a thread on a free port, or the one at --gemulator-url; its default session."""
    from gemulator.client.pytest_plugin.fixture import run_server

    with run_server(request.config) as server:
        yield server


@pytest.fixture
def gemulator(request: pytest.FixtureRequest, gemulator_server: "Emulator | RemoteEmulator") -> "Iterator[Session]":
    """A session of the emulator for this test alone."""
    from gemulator.client.pytest_plugin.fixture import open_session

    with open_session(request.node, gemulator_server) as use:
        request.node.stash[_USE] = use
        yield use.session
        del request.node.stash[_USE]  # tests are kept until the run ends


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A test that passed has also to have asked what was stubbed; one that failed shows what did not fit."""
    try:
        yield
    except (Exception, pytest.fail.Exception):
        if _USE in item.stash:
            from gemulator.client.pytest_plugin.fixture import report_failure

            report_failure(item, item.stash[_USE].session)
        raise
    if _USE in item.stash:
        from gemulator.client.pytest_plugin.fixture import assert_clean, report_failure

        if getattr(item, "_excinfo", None):  # a failed test of unittest raises nothing here
            report_failure(item, item.stash[_USE].session)
        else:
            assert_clean(item.stash[_USE])
