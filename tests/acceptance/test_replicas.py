"""Replicas that share a store are one emulator: exact counts, and nothing wrong when a part of it dies."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gemulator.client.admin import Admin
from tests.acceptance.replicas import NGINX, Cluster, Load, Replica, ask, client, cluster
from tests.redis_server import needs_redis

pytestmark = [needs_redis, pytest.mark.skipif(NGINX is None, reason="nginx is not installed here")]

IN_ORDER = ["429"] * 2 + ["Three of these."] * 3 + ["The rest."]
PLAIN = "No state is needed."


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One for all tests, each of which has sessions of its own; the last one kills a replica."""
    with cluster(tmp_path_factory.mktemp("cluster")) as cluster_:
        yield cluster_


async def test_64_clients_in_64_sessions(running: Cluster) -> None:
    async def one(number: int) -> list[str]:
        async with client() as http:
            return [await ask(http, running.url, f"many{number}", "counted") for _ in range(6)]

    assert await asyncio.gather(*map(one, range(64))) == [IN_ORDER] * 64
    with Admin(running.url) as admin:
        states = {one["session"]: one for one in admin.sessions()}
        assert [sum(states[f"many{number}"]["counters"].values()) for number in range(64)] == [5] * 64
        assert [states[f"many{number}"]["entries"] for number in range(64)] == [6] * 64
        numbers = {entry["id"] for entry in admin.entries(full=False) if entry["session"].startswith("many")}
    assert len(numbers) == 64 * 6


async def test_64_clients_in_one_session(running: Cluster) -> None:
    async with client() as http:
        got = await asyncio.gather(*(ask(http, running.url, "one", "counted") for _ in range(64)))
    assert Counter(got) == {"429": 2, "Three of these.": 3, "The rest.": 59}


async def test_what_is_pushed_to_one_replica_answers_on_all(running: Cluster) -> None:
    first, second = running.replicas
    with Admin(first.url) as admin:
        async with client() as http:
            assert await ask(http, second.url, "pushed", "plain") == PLAIN
            admin.push("turns: [{when: {user: plain}, reply: pushed}]", "pushed")
            assert await ask(http, second.url, "pushed", "plain") == "pushed"
            admin.withdraw(session="pushed")
            assert await ask(http, second.url, "pushed", "plain") == PLAIN


async def test_redis_dies_under_load_and_comes_back(running: Cluster) -> None:
    asked = [("default", "plain"), ("default", "counted"), *((f"redis{number}", "counted") for number in range(6))]
    async with Load(running.url, asked) as load, client() as http:
        await load.more(3)
        running.redis.kill()
        await load.more(10)
        ready = [await http.get(f"{replica.url}/__emulator/ready") for replica in running.replicas]
        assert [answer.status_code for answer in ready] == [503, 503]
        assert "the store does not respond" in ready[0].json()["problems"][0]
        assert sum(answer.json()["unjournaled"] for answer in ready) > 0
        running.redis.start()
        for replica in running.replicas:
            while (await http.get(f"{replica.url}/__emulator/ready")).status_code != 200:
                await asyncio.sleep(0.05)
        await load.more(10)
    assert set(load.counts("plain")) == {PLAIN}
    for (_, text), got in load.got.items():
        if text == "counted":
            assert set(got) <= {*IN_ORDER, "503 store"}
            answered = [answer for answer in got if answer != "503 store"]
            # A claim whose answer Redis could not send any more is taken, not given again.
            assert len(answered) < len(got)
            assert Counter(answered)["429"] <= 2
            assert Counter(answered)["Three of these."] <= 3
            assert answered == sorted(answered, key=IN_ORDER.index)
            assert answered[-1] == "The rest."


async def test_a_replica_knows_what_was_pushed_through_another_when_redis_dies(running: Cluster) -> None:
    first, second = running.replicas
    async with client() as http:
        with Admin(first.url) as admin:
            admin.push("turns: [{when: {user: plain}, reply: pushed}]")
        await asyncio.sleep(1.1)
        assert await ask(http, second.url, "another", "plain") == PLAIN
        running.redis.kill()
        assert await ask(http, second.url, "default", "plain") == "pushed"
        running.redis.start()
        await asyncio.sleep(0.6)
        with Admin(first.url) as admin:
            admin.withdraw()
        assert await ask(http, second.url, "default", "plain") == PLAIN


async def test_workers_of_one_server_share_their_state(running: Cluster) -> None:
    server = Replica(running.redis.url, running.scenarios, "--workers", "2")
    try:
        got = []
        for _ in range(12):  # a connection each, so that both workers get some
            async with client() as http:
                got.append(await ask(http, server.url, "w", "counted"))
        assert got == IN_ORDER + ["The rest."] * 6
    finally:
        server.stop()


def test_workers_need_a_shared_store() -> None:
    from click.testing import CliRunner

    from gemulator.cli import main

    result = CliRunner().invoke(main, ["serve", "--workers", "2"])
    assert result.exit_code == 2
    assert "2 processes need a shared store: add --store redis://" in result.output


async def test_nothing_hangs_where_the_store_does_not_speak(tmp_path: Path) -> None:
    """A host that accepts and is silent is worse than one that refuses."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    scenarios = tmp_path / "scale.yaml"
    scenarios.write_text("turns: [{reply: still here}]", encoding="utf-8")
    url = f"redis://127.0.0.1:{listener.sockets[0].getsockname()[1]}/0"
    replica = await asyncio.to_thread(Replica, url, scenarios)
    try:
        async with httpx.AsyncClient(trust_env=False) as http:
            assert await ask(http, replica.url, "default", "x") == "still here"
            assert await ask(http, replica.url, "s", "x") == "503 store"
            assert (await http.get(f"{replica.url}/__emulator/health")).status_code == 200
            error = (await http.get(f"{replica.url}/__emulator/sessions")).json()["error"]
            assert error["code"] == "store_down"
    finally:
        await asyncio.to_thread(replica.stop)
        listener.close()


async def test_a_replica_dies_under_load(running: Cluster) -> None:
    asked = [("default", "plain"), *((f"replica{number}", "counted") for number in range(15))]
    async with Load(running.url, asked) as load:
        await load.more(2)
        running.replicas[0].kill()
        await load.more(10)
    assert set(load.counts("plain")) <= {PLAIN, "lost"}
    for (_, text), got in load.got.items():
        assert got.count("lost") <= 1  # what was in flight
        if text == "counted":
            answered = [answer for answer in got if answer != "lost"]
            assert sum(answer != "The rest." for answer in answered) >= 5 - got.count("lost")
            assert answered == sorted(answered, key=IN_ORDER.index)
