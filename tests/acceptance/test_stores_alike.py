"""A shared store changes nothing about what is answered, and nothing about what the journal tells of it."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import httpx
import pytest

from gemulator.client.admin import Admin
from tests.acceptance.replicas import Replica
from tests.redis_server import needs_redis, redis_server
from tests.waiting import PATIENCE

pytestmark = needs_redis

SCENARIO = """
turns:
  - { when: { user: twice }, times: 1, reply: { error: 429 } }
  - { when: { user: twice }, reply: The second time. }
  - { when: { user: lighthouse, header: { x-tenant: acme } }, reply: Twenty metres. }
  - { when: { user: rarely }, times: 1, reply: Only now. }
  - { when: { user: overheated }, times: 1, reply: { error: 503 } }
"""
IMPOSSIBLE = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 2, "maximum": 1}}, "required": ["a"]}
CLOCK = ("--clock", "2026-02-11T22:54:21Z")
ASKED: dict[str, dict[str, Any]] = {
    "invented": {"messages": [{"role": "user", "content": "Tell me of a lighthouse."}]},
    "invented in JSON": {
        "messages": [{"role": "user", "content": "A lighthouse, in JSON."}],
        "response_format": {"type": "json_object"},
    },
    "impossible": {
        "messages": [{"role": "user", "content": "A lighthouse, in vain."}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "none", "schema": IMPOSSIBLE}},
    },
    "written": {"messages": [{"role": "user", "content": "Once, and twice."}]},
    "exhausted": {"messages": [{"role": "user", "content": "Rarely."}]},
    "refused": {"messages": [{"role": "user", "content": "Too hot."}], "temperature": 77},
    "not read": {"messages": []},
    "error before a refusal": {"messages": [{"role": "user", "content": "Overheated."}], "temperature": 77},
}
DIFFER = {"id", "ttft", "duration", "at", "time"}


class Servers(NamedTuple):
    memory: Replica
    redis: Replica
    workers: Replica


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("stores")
    scenarios = folder / "some.yaml"
    scenarios.write_text(SCENARIO, encoding="utf-8")
    with ExitStack() as stack:
        urls = []
        for name in ("one", "two"):
            (folder / name).mkdir()
            urls.append(stack.enter_context(redis_server(folder / name)).url)
        started = Servers(
            Replica("memory", scenarios, *CLOCK),
            Replica(urls[0], scenarios, *CLOCK),
            Replica(urls[1], scenarios, *CLOCK, "--workers", "2"),
        )
        for server in started:
            stack.callback(server.stop)
        yield started


def answered(server: Replica, session: str, *, stream: bool) -> list[tuple[Any, ...]]:
    """What a server says to all requests, each asked three times."""
    url = f"{server.url}/v1/projects/p/locations/global/endpoints/openapi/chat/completions"
    headers = {"authorization": f"Bearer emulator.{session}", "host": "localhost"}
    got = []
    for body in ASKED.values():
        whole = {"model": "google/gemini-2.5-flash", "stream": stream, **body}
        for _ in range(3):  # on a connection each, so that all workers get some
            answer = httpx.post(url, json=whole, headers=headers, trust_env=False)
            told = {name: value for name, value in answer.headers.items() if name != "date"}
            got.append((answer.status_code, told, answer.content))
    return got


def journaled(server: Replica, session: str) -> tuple[list[Any], list[Any], list[Any]]:
    """What its journal tells: as a list, entry by entry, and as events."""
    with Admin(server.url) as admin:
        deadline = time.monotonic() + PATIENCE
        while any(entry["outcome"] is None for entry in admin.entries(session=session)):
            assert time.monotonic() < deadline, "an answer never ended"
        listed = list(admin.entries(full=False, session=session))
        whole = [admin.entry(entry["id"]) for entry in listed]
        events = admin.events(after=0, session=session)
        past = [next(events)["entry"] for _ in range(2 * len(listed))]
        events.close()  # type: ignore[attr-defined]
    received = [entry for entry in past if entry["outcome"] is None]
    return tuple([lasting(entry) for entry in entries] for entries in (listed, whole, received))  # type: ignore[return-value]


def lasting(entry: Any) -> dict[str, Any]:
    """An entry without its number and the times it took."""
    return {name: value for name, value in entry.items() if name not in DIFFER}


@pytest.mark.parametrize("unmatched", ["generate", "error"])
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
def test_redis_and_workers_answer_and_journal_as_memory_does(servers: Servers, stream: bool, unmatched: str) -> None:
    session = f"{unmatched}-{stream}"
    for server in servers:
        with Admin(server.url) as admin:
            admin.create(session, unmatched=unmatched)
    first, *others = [answered(server, session, stream=stream) for server in servers]
    statuses = [status for status, _, _ in first]
    invented = 200 if unmatched == "generate" else 400
    assert statuses == [*[invented] * 6, *[400] * 3, 429, 200, 200, 200, invented, invented, *[400] * 6, 503, 400, 400]
    assert others == [first, first]
    told, *tell = [journaled(server, session) for server in servers]
    assert tell == [told, told]
    listed, whole, _ = told
    made_up = {"generated", "unsatisfiable"} if unmatched == "generate" else {"unmatched"}
    assert {entry["source"] for entry in listed} == {*made_up, "turn", "refused"}
    assert listed[0]["nearest"][0]["turn"] == "some/3"
    assert listed[0]["nearest"] == whole[0]["nearest"]
    exhausted = [entry["nearest"][0] for entry in listed[13:15]]
    assert [(near["turn"], near["mismatches"][0]["name"]) for near in exhausted] == [("some/4", "times")] * 2
