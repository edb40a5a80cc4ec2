"""Data of other programs in a shared store: only the session that has them is refused, and it can be deleted."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import httpx
import pytest
from redis.asyncio import Redis

from tests.redis_server import RedisServer, needs_redis
from tests.state.redis_api import QUOTA, Api, emulator
from tests.waiting import PATIENCE

pytestmark = [needs_redis, pytest.mark.slow]

SESSION_KEYS = (
    "used",
    "used:older",
    "repeats",
    "repeats:older",
    "meters",
    "meters:older",
    "journal",
    "ends",
    "overlay",
)
GLOBAL_KEYS = ("sequence", "feed", "sizes", "size", "evicted", "evictions", "sessions", "names")

Put: TypeAlias = Callable[[Redis, str], Awaitable[Any]]
VALUES: dict[str, Put] = {
    "text": lambda redis, key: redis.set(key, "another program's"),
    "huge number": lambda redis, key: redis.set(key, "99999999999999999999"),
    "list": lambda redis, key: redis.rpush(key, "a", "b"),
    "bytes in a set": lambda redis, key: redis.zadd(key, {b"\xff\xfe": 2}),
    "hash": lambda redis, key: redis.hset(key, mapping={"generation": "x", "laid": "{}", b"\xff": "1e400"}),
    "stream": lambda redis, key: redis.xadd(key, {"sensor": "7"}),
    "stream like ours": lambda redis, key: redis.xadd(key, {"entry": "{", "bytes": "x", "session": b"\xff", "of": "-"}),
}


async def fill(api: Api, session: str) -> None:
    """Give a session data of each kind."""
    for text in ("plain", "counted"):
        assert (await api.chat(session, text, **QUOTA)).status_code == 200
    await api("POST", "/scenarios", 201, params={"session": session, "name": "own too"}, content="turns: [{reply: x}]")


async def use(api: Api, session: str) -> list[httpx.Response]:
    """Return the answers of everything that reads or changes a session."""
    of = {"session": session}
    return [
        await api.chat(session),
        await api.chat(session, "counted"),
        await api.chat(session, "counted", **QUOTA),
        await api.http.get("/__emulator/journal", params={**of, "full": "1"}),
        await api.http.get("/__emulator/journal.har", params=of),
        await api.http.get("/__emulator/verdict", params=of),
        await api.http.get("/__emulator/chaos", params=of),
        await api.http.get("/__emulator/scenarios", params=of),
        await api.http.post("/__emulator/scenarios", params=of, content="turns: [{reply: x}]"),
        await api.http.post("/__emulator/verify", json={**of, "entries": [{"at_least": 0}]}),
        await api.http.post("/__emulator/sessions", json=of),
    ]


async def survey(api: Api) -> list[httpx.Response]:
    """Return the answers of what shows all sessions."""
    paths = ("ready", "metrics", "sessions", "journal?full=1&limit=1000", "verdict")
    return [await api.http.get(f"/__emulator/{path}") for path in paths]


@pytest.fixture
async def api(server: RedisServer) -> AsyncIterator[Api]:
    async with emulator(server) as api:
        yield api


@pytest.fixture
async def redis(server: RedisServer) -> AsyncIterator[Redis]:
    async with Redis(port=server.port) as client:
        yield client


def is_refused_rightly(response: httpx.Response, code: str) -> bool:
    """A 503 with cause and cure, in the words of the API that was called."""
    if response.status_code != 503:
        return False
    if "x-emulator-error" in response.headers:
        message = response.json()["error"]["message"]
        return response.headers["x-emulator-error"] == "store" and "needs the state store" in message
    error = response.json()["error"]
    return error["code"] == code and bool(error["remedy"])


@pytest.mark.slow
@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("key", SESSION_KEYS)
async def test_foreign_data_refuse_one_session_only(api: Api, redis: Redis, key: str, value: str) -> None:
    for session in ("well", "ill"):
        await fill(api, session)
    name = f"gemulator:s:ill:{key}"
    await redis.delete(name)
    await VALUES[value](redis, name)
    for response in await use(api, "ill"):
        assert response.status_code in {200, 201} or is_refused_rightly(response, "store_data"), response.text
    for response in [*await use(api, "well"), *await survey(api)]:
        assert response.status_code in {200, 201}, response.text
    await api("DELETE", "/sessions/ill")
    for response in await use(api, "ill"):
        assert response.status_code in {200, 201}, response.text


@pytest.mark.slow
@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("key", GLOBAL_KEYS)
async def test_foreign_global_key_is_named(api: Api, redis: Redis, key: str, value: str) -> None:
    await fill(api, "well")
    await redis.delete(f"gemulator:{key}")
    await VALUES[value](redis, f"gemulator:{key}")
    for response in [*await use(api, "well"), *await use(api, "default"), *(await survey(api))[1:]]:
        assert response.status_code in {200, 201} or is_refused_rightly(response, "store_down"), response.text
    assert (await api.chat("well")).status_code == (await api.chat("default")).status_code == 200
    ready = (await api.http.get("/__emulator/ready")).json()
    assert ready["ready"] or f"the key gemulator:{key} of the store is not gemulator's" in ready["problems"][0]
    if ready["unjournaled"]:
        assert not ready["ready"] or key in {"sizes", "evicted"}


async def test_refused_session_is_told_cause_and_cure(api: Api, redis: Redis) -> None:
    await redis.set("gemulator:s:my tests:overlay", "x")
    message = (await api.chat("my tests")).json()["error"]["message"]
    assert message.startswith(
        "gemulator: this request needs the state store: the data of session 'my tests' in the store are unusable: "
    )
    assert message.endswith("Delete the session to start it anew: DELETE /__emulator/sessions/my%20tests.")
    error = (await api("GET", "/chaos?session=my%20tests", 503))["error"]
    assert (error["code"], "DELETE" in error["remedy"]) == ("store_data", True)


async def test_list_of_sessions_says_which_is_unusable(api: Api, redis: Redis) -> None:
    for session in ("well", "ill"):
        await fill(api, session)
    await redis.rename("gemulator:s:ill:journal", "gemulator:s:ill:used")
    states = {state["session"]: state for state in (await api("GET", "/sessions"))["sessions"]}
    assert "are unusable" in states["ill"]["problem"]
    assert "problem" not in states["well"]
    assert states["well"]["counters"]


@asynccontextmanager
async def overlay(redis: Redis, session: str, laid: str) -> AsyncIterator[None]:
    await redis.hset(f"gemulator:s:{session}:overlay", mapping={"generation": abs(hash(laid)), "laid": laid})
    yield


@pytest.mark.parametrize(
    ("laid", "cause"),
    [
        ('{"choices": {"quota": "many"}, "published": []}', "quota: "),
        ('{"choices": {"fault": "{"}, "published": []}', "fault: "),
        ('{"choices": {"pacing": "first_token: 1"}, "published": []}', "pacing: "),
        ('{"choices": {"clock": 1e300}, "published": []}', "clock: "),
        ('{"choices": {"clock": "now"}, "published": []}', "Expected `float | null`"),
        ('{"choices": {"seed": 7}, "published": []}', "Expected `str | null`"),
        ('{"choices": {"unmatched": "maybe"}, "published": []}', "Invalid enum value"),
        ('{"choices": {}, "published": [{"name": "p", "text": "turns: ["}]}', "a pushed scenario is not valid: p:"),
        ('{"choices": {}, "published": [{"name": 1, "text": ""}]}', "Expected `str`"),
        ("[]", "Expected `object`"),
    ],
)
async def test_foreign_overlay_is_refused(api: Api, redis: Redis, laid: str, cause: str) -> None:
    async with overlay(redis, "ill", laid):
        response = await api.chat("ill")
        assert is_refused_rightly(response, "store_data")
        assert cause in response.json()["error"]["message"]
        assert (await api.chat("well")).status_code == 200
        assert (await api.http.get("/__emulator/journal")).status_code == 200


async def test_overlay_of_a_newer_version_is_read(api: Api, redis: Redis) -> None:
    laid = '{"choices": {"seed": "7", "new": true}, "published": [], "more": 1}'
    async with overlay(redis, "s", laid):
        assert (await api.chat("s")).status_code == 200


async def test_default_session_answers_others_despite_its_own(api: Api, redis: Redis) -> None:
    """Each second, requests of other sessions also read the overlay of the default session."""
    await redis.set("gemulator:s:default:overlay", "x")
    assert is_refused_rightly(await api.chat("default"), "store_data")
    assert (await api.chat("well")).status_code == 200


async def test_unusable_idle_session_is_evicted(server: RedisServer, redis: Redis) -> None:
    async with emulator(server, max_sessions=3) as api:
        await api.chat("ill")
        await redis.delete("gemulator:s:ill:journal")
        await redis.set("gemulator:s:ill:journal", "x")
        await redis.hset("gemulator:evicted", "ill", "x")
        for number in range(6):
            assert (await api.chat(f"s{number}")).status_code == 200
        names = {state["session"] for state in (await api("GET", "/sessions"))["sessions"]}
        assert {"s4", "s5"} < names
        assert "ill" not in names
        assert await redis.exists("gemulator:s:ill:journal") == 0
        assert (await api("GET", "/ready"))["unjournaled"] == 0


async def test_live_events_survive_foreign_rows(api: Api, redis: Redis) -> None:
    events = api.store.events(after=0)
    await api.chat("well")
    assert (await anext(events)).entry.received.session == "well"
    await api.chat("ill")
    await redis.delete("gemulator:s:ill:journal")
    await redis.set("gemulator:s:ill:journal", "x")
    newest = int(await redis.get("gemulator:sequence") or 0)
    for second in (1, 2):
        await redis.xadd("gemulator:feed", {"sensor": "7"}, id=f"{newest}-{second}")
    await api.chat("last")
    async with asyncio.timeout(PATIENCE):
        while (await anext(events)).entry.received.session != "last":
            pass
    await events.aclose()  # type: ignore[attr-defined]


async def test_turns_beyond_the_stack_of_lua_are_counted(server: RedisServer) -> None:
    """Each turn with `times` that matches is an argument of one command."""
    turns = "".join("  - { times: 1, reply: once }\n" for _ in range(5_000))
    async with emulator(server, f"turns:\n{turns}") as api:
        for number in (1, 2):
            assert (await api.chat("s")).headers["x-emulator-turn"] == f"own/{number}"
