"""What many tests share."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from hypothesis import HealthCheck, settings

from gemulator.client import http_client
from gemulator.state.memory import MemoryStore
from gemulator.state.redis_store import RedisStore
from gemulator.state.store import Bounds, Store
from tests.admin_api import AdminCaller, app_with
from tests.redis_server import PROGRAM, RedisServer, redis_server
from tests.stores import AGE, Kind
from tests.waiting import PATIENCE

# By default httpx gives up after 5 s, the admin client after 10 s; hypothesis fails an example that takes 200 ms.
http_client._PATIENCE = PATIENCE
for step in ("connect", "read", "write", "pool"):
    setattr(DEFAULT_TIMEOUT_CONFIG, step, PATIENCE)
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture
async def call() -> AsyncIterator[AdminCaller]:
    """The admin API of an app with one scenario."""
    api = AdminCaller(app_with())
    async with api.http:
        yield api


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer | None]:
    if PROGRAM is None:
        yield None
        return
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(params=["memory", "redis"])
async def kind(request: pytest.FixtureRequest, server: RedisServer | None, tmp_path: object) -> AsyncIterator[Kind]:
    if request.param == "memory":
        now = [0.0]

        async def pass_time() -> None:
            now[0] += AGE + 0.1

        yield Kind(lambda bounds=None: MemoryStore(bounds, lambda: now[0]), pass_time)
        return
    if server is None:
        pytest.skip("redis-server is not installed here")
    made: list[RedisStore] = []

    def make(bounds: Bounds | None = None) -> RedisStore:
        made.append(RedisStore(server.url, bounds, prefix=f"{request.node.name}:"))
        return made[-1]

    yield Kind(make, lambda: asyncio.sleep(AGE + 0.1))
    for store in made:
        await store.close()


@pytest.fixture
def store(kind: Kind) -> Store:
    return kind.make()
