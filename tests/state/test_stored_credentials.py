"""Credentials that a client sends are in no entry of the journal, nor anywhere in a shared store."""

from typing import Any

import pytest
from redis.asyncio import Redis

from tests.redis_server import RedisServer, needs_redis
from tests.state.redis_api import Api, emulator

pytestmark = needs_redis

HUSH = "hush-hush"
CREDENTIALS = (
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "x-goog-iap-jwt-assertion",
    "x-goog-iam-authorization-token",
    "ocp-apim-subscription-key",
    "x-auth-token",
    "x-amz-security-token",
    "x-my-gateway-key",
)
SCENARIO = f"""
turns:
  - {{ when: {{ header: {{ x-auth-token: {HUSH} }}, user: plain }}, reply: Plain. }}
  - {{ when: {{ header: {{ x-auth-token: other }}, user: none }}, reply: x }}
"""


async def dump(redis: Redis) -> bytes:
    """Return everything that the store holds."""
    return b"".join([await redis.dump(key) + key async for key in redis.scan_iter("*")])


@pytest.fixture
def headers() -> dict[str, str]:
    return {name: f"Bearer {HUSH}" if "authorization" in name else HUSH for name in CREDENTIALS}


async def ask_all(api: Api, headers: dict[str, str]) -> list[int]:
    """Return the statuses of an answer of a turn, a refusal without a turn, an invented answer and a wrong request."""
    await api("POST", "/sessions", 201, json={"session": "strict", "unmatched": "error"})
    answers = [
        await api.chat("s", "plain", **headers),
        await api.chat("s", "none", **headers),
        await api.chat("strict", "none", **headers),
        await api.chat("s", "x", **headers, **{"x-emulator-wire": "?"}),
    ]
    return [answer.status_code for answer in answers]


async def test_credentials_in_bodies_are_stored_nowhere(server: RedisServer) -> None:
    key = "AIza" + "x" * 35
    scenario = "turns: [{ when: { user: echo }, reply: '{{ user }}' }, { when: { user: none }, reply: x }]"
    async with emulator(server, scenario) as api, Redis(port=server.port) as redis:
        await redis.config_set("rdbcompression", "no")  # so that the dump can be searched
        await api("POST", "/sessions", 201, json={"session": "strict", "unmatched": "error"})
        for session, text in (
            ("s", f"echo {key}"),
            ("s", f"{'words ' * 12} {key}"),
            ("strict", f"{'words ' * 12} {key}"),
        ):
            await api.chat(session, text, **{"x-debug": key})
        stored = await dump(redis)
        assert b"(redacted: a Google API key)" in stored
        assert key[:10].encode() not in stored


async def test_credentials_are_stored_nowhere(server: RedisServer, headers: dict[str, str]) -> None:
    async with emulator(server, SCENARIO) as api, Redis(port=server.port) as redis:
        await redis.config_set("rdbcompression", "no")  # so that the dump can be searched
        assert await ask_all(api, headers) == [200, 200, 400, 400]
        stored = await dump(redis)
        assert b"x-my-gateway-key" in stored
        assert HUSH.encode() not in stored
        entries: list[dict[str, Any]] = (await api("GET", "/journal?full=1"))["entries"]
        assert len(entries) == 4
        assert HUSH not in str(entries)
        assert HUSH not in (await api.http.get("/__emulator/journal.har?session=s")).text
