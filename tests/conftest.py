"""Fixtures of several packages. Heavy modules are imported when one is used: each test file pays for this page."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from gemulator.state.store import Store, StoreLimits
    from tests.redis_server import RedisServer
    from tests.stores import Kind


def pytest_runtest_setup() -> None:
    """Raise the timeouts of clients that are imported: the defaults are 5 s (httpx) and 10 s (admin)."""
    if "httpx" in sys.modules:
        from httpx._config import DEFAULT_TIMEOUT_CONFIG

        for step in ("connect", "read", "write", "pool"):
            setattr(DEFAULT_TIMEOUT_CONFIG, step, PATIENCE)
    for name in ("http_client", "in_process_admin"):
        if module := sys.modules.get(f"gemulator.client.{name}"):
            module.TIMEOUT = PATIENCE  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[RedisServer | None]":
    from tests.redis_server import PROGRAM, redis_server

    if PROGRAM is None:
        yield None
        return
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(params=["memory", "redis"])
async def kind(request: pytest.FixtureRequest, server: "RedisServer | None", tmp_path: object) -> "AsyncIterator[Kind]":
    from gemulator.state.memory import MemoryStore
    from gemulator.state.redis_store import RedisStore
    from tests.stores import AGE, Kind

    if request.param == "memory":
        now = [0.0]

        async def pass_time() -> None:
            now[0] += AGE + 0.1

        yield Kind(lambda bounds=None: MemoryStore(bounds, lambda: now[0]), pass_time)
        return
    if server is None:
        pytest.skip("redis-server is not installed here")
    made: list[RedisStore] = []

    def make(bounds: "StoreLimits | None" = None) -> RedisStore:
        made.append(RedisStore(server.url, bounds, prefix=f"{request.node.name}:"))
        return made[-1]

    yield Kind(make, lambda: asyncio.sleep(AGE + 0.1))
    for store in made:
        await store.close()


@pytest.fixture
def store(kind: "Kind") -> "Store":
    return kind.make()
