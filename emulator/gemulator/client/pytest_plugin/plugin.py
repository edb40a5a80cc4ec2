"""The `gemulator` fixtures and marker."""

# Loaded in every pytest run of an environment with gemulator: imports nothing heavy.

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from gemulator.client.pytest_plugin.options import FILE, MARKER, SERVER_OPTIONS, add_options, flag

if TYPE_CHECKING:
    from gemulator.client.embedded import Emulator
    from gemulator.client.options import Options
    from gemulator.client.pytest_plugin.fixture import TestSession
    from gemulator.client.pytest_plugin.remote import RemoteEmulator
    from gemulator.client.session import Session

_TEST: "pytest.StashKey[TestSession]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options."""
    group = parser.getgroup("gemulator")
    group.addoption(
        "--gemulator-url",
        metavar="URL",
        help="use the running emulator at URL (its origin or one of its OPENAI_BASE_URLs) instead of starting one",
    )
    parser.addini("gemulator_url", "like --gemulator-url and the variable GEMULATOR_URL", default="")
    for name, text in SERVER_OPTIONS.items():
        parser.addini(f"gemulator_{name}", text, default=None)
        group.addoption(flag(name), metavar=name.upper(), help=text)
    group.addoption(
        "--gemulator-record",
        metavar="MODE",
        help="recordings of the marker: ask the upstream for what is `missing` in them, for `all`, or for `none`"
        " (default), which only replays",
    )
    add_options(parser, group)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", MARKER)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Name the settings that come from variables and gemulator.toml."""
    if not any(name.startswith("GEMULATOR_") for name in os.environ) and not (config.rootpath / FILE).is_file():
        return []
    from gemulator.client.pytest_plugin.environment import header_lines

    return header_lines(config)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Add the fixture to a test with the marker, before all others: they may read the environment."""
    names = getattr(item, "fixturenames", None)
    if isinstance(names, list) and item.get_closest_marker("gemulator") is not None:
        names[:] = ["gemulator", *(name for name in names if name != "gemulator")]


@pytest.fixture(scope="session")
def gemulator_settings() -> "Options":
    """Settings of the server that the fixture starts. Override it in conftest.py to return some."""
    return {}


@pytest.fixture(scope="session")
def gemulator_server(
    request: pytest.FixtureRequest, gemulator_settings: "Options"
) -> "Iterator[Emulator | RemoteEmulator]":
    """The emulator of this run: in a thread on a free port, or the one at --gemulator-url."""
    from gemulator.client.pytest_plugin.fixture import run_server

    with run_server(request.config, gemulator_settings) as server:
        yield server


@pytest.fixture
def gemulator(request: pytest.FixtureRequest, gemulator_server: "Emulator | RemoteEmulator") -> "Iterator[Session]":
    """A session of the emulator for one test."""
    from gemulator.client.pytest_plugin.fixture import open_session

    with open_session(request, gemulator_server) as test:
        request.node.stash[_TEST] = test
        yield test.session
        del request.node.stash[_TEST]  # pytest keeps items until the run ends


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Check the session of a passed test; add likely reasons to the report of a failed one."""
    try:
        yield
    except (Exception, pytest.fail.Exception):
        if _TEST in item.stash:
            from gemulator.client.pytest_plugin.fixture import report_failure

            report_failure(item, item.stash[_TEST].session)
        raise
    if _TEST in item.stash:
        from gemulator.client.pytest_plugin.fixture import assert_clean, report_failure

        if getattr(item, "_excinfo", None):  # unittest's failures are not raised here
            report_failure(item, item.stash[_TEST].session)
        else:
            assert_clean(item.stash[_TEST])
