"""Emulators in this process that share a Redis."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from redis.asyncio import Redis

from gemulator import create_app
from gemulator.core.settings import Settings
from gemulator.scenario.library import Library
from gemulator.scenario.loading.reader import read_scenario
from gemulator.state.store import Store
from tests.admin_api import AdminCaller
from tests.redis_server import RedisServer

SCENARIO = """
turns:
  - { when: { user: counted }, times: 2, reply: One of two. }
  - { when: { user: counted }, reply: The rest. }
  - { when: { user: plain }, reply: Plain. }
"""
QUOTA = {"x-emulator-quota": "requests_per_minute: 100, tokens_per_minute: 100000, concurrent: 9"}


class Api(AdminCaller):
    """An emulator that shares a Redis."""

    def __init__(self, url: str, scenario: str, **settings: Any) -> None:
        library = Library([read_scenario(scenario, Path("own.yaml"), "own")])
        app = create_app(Settings(log_format="off", store=url, **settings), library=library)
        self.store: Store = app.state.engine.store
        super().__init__(app)

    async def chat(self, session: str, text: str = "plain", **headers: str) -> httpx.Response:
        body = {"model": "google/gemini-2.5-flash", "messages": [{"role": "user", "content": text}]}
        named = {"authorization": "Bearer x", "x-emulator-session": session, **headers}
        path = "/v1/projects/p/locations/global/endpoints/openapi/chat/completions"
        return await self.http.post(path, json=body, headers=named)

    async def text(self, session: str, text: str = "plain") -> str:
        """Return the text of an answer, or its status and the emulator's mark."""
        response = await self.chat(session, text)
        if response.status_code != 200:
            return f"{response.status_code} {response.headers.get('x-emulator-error', '')}"
        return str(response.json()["choices"][0]["message"]["content"])


@asynccontextmanager
async def emulator(
    server: RedisServer,
    scenario: str = SCENARIO,
    *,
    port: int | None = None,
    user: str = "",
    query: str = "",
    **settings: Any,
) -> AsyncIterator[Api]:
    """Yield an emulator whose store is empty; it reaches the server through `port`."""
    url = f"redis://{user}127.0.0.1:{port or server.port}/0?{query or server.url.partition('?')[2]}"
    api = Api(url, scenario, **settings)
    async with api.http, Redis(port=server.port) as redis:
        await redis.flushall()
        yield api
    await api.store.close()
