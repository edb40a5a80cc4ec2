"""Real servers on real ports."""

from collections.abc import Iterator

import pytest
from openai import DEFAULT_TIMEOUT, OpenAI

from gemulator import Emulator, Session
from gemulator.core.folders import shipped_scenarios
from tests.waiting import PATIENCE

DEFAULT_TIMEOUT.connect = PATIENCE  # 5 s are too short for a busy machine


@pytest.fixture(scope="session")
def shipped() -> Iterator[Emulator]:
    """The shipped scenarios, as `gemulator serve` has them."""
    with Emulator(scenarios=shipped_scenarios()) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def empty() -> Iterator[Emulator]:
    """No scenario at all: everything is invented."""
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def client(shipped: Emulator) -> Iterator[OpenAI]:
    with OpenAI(base_url=shipped.base_url, api_key=shipped.token, max_retries=0) as client:
        yield client


@pytest.fixture
def inventing(empty: Emulator) -> Iterator[OpenAI]:
    with OpenAI(base_url=empty.base_url, api_key=empty.token, max_retries=0) as client:
        yield client


@pytest.fixture(params=["in process", "over HTTP"])
def family(empty: Emulator, request: pytest.FixtureRequest) -> Iterator[Session]:
    """The default session of an emulator in this process, or of a server known by its URL alone."""
    if request.param == "in process":
        yield empty.default_session
    else:
        family = Session(empty.url)
        yield family
        family.admin.close()
