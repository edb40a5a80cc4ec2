"""The profile `scale`: Valkey, replicas and nginx in containers are one emulator, also while a part of it is away."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest

from gemulator.client.admin import Admin
from tests.acceptance.replicas import SCENARIO, Load, ask, client
from tests.containers.engine import Project, answers, project, run, until
from tests.redis_server import free_port

IN_ORDER = ["429"] * 2 + ["Three of these."] * 3 + ["The rest."]
PLAIN = "No state is needed."


class Scale:
    """The running project and its one door."""

    def __init__(self, running: Project, url: str) -> None:
        self.running = running
        self.url = url

    def tell(self, *sessions: str) -> None:
        """Push the scenario to sessions."""
        with Admin(self.url) as admin:
            for session in sessions:
                admin.push(SCENARIO, session, "scale")

    def until_balanced(self) -> None:
        """Wait until the balancer knows all replicas: it resolves their name every few seconds."""
        with Admin(self.url) as admin:
            admin.push(SCENARIO, "balanced", "balanced")
        until(self._every_replica_answered, "the balancer leads to every replica")

    def _every_replica_answered(self) -> bool:
        asyncio.run(self._ask_once())
        return all(" balanced/" in log for log in self.logs())

    async def _ask_once(self) -> None:
        async with client() as http:
            await ask(http, self.url, "balanced", "plain")

    def logs(self) -> list[str]:
        """Return the log of each replica."""
        return [run("sh", "-c", f"docker logs {container} 2>&1") for container in self.running.containers("replica")]


@pytest.fixture(scope="module")
def scale() -> Iterator[Scale]:
    port = free_port()
    services = ("replica", "valkey", "balancer")
    with project("scale", *services, GEMULATOR_SCALE_PORT=str(port), GEMULATOR_REPLICAS="2") as running:
        url = f"http://127.0.0.1:{port}"
        until(lambda: answers(url), "the balancer leads to a ready replica")
        started = Scale(running, url)
        started.until_balanced()
        yield started


async def test_counts_are_exact_over_two_replicas(scale: Scale) -> None:
    assert len(scale.running.containers("replica")) == 2
    scale.tell(*(f"many{number}" for number in range(64)))

    async def one(number: int) -> list[str]:
        async with client() as http:
            return [await ask(http, scale.url, f"many{number}", "counted") for _ in range(6)]

    assert await asyncio.gather(*map(one, range(64))) == [IN_ORDER] * 64
    counts = [log.count(" scale/") for log in scale.logs()]
    assert min(counts) > 0, f"one replica did all the work: {counts}"


async def test_valkey_goes_and_comes_back(scale: Scale) -> None:
    sessions = [f"valkey{number}" for number in range(6)]
    scale.tell("default", *sessions)
    await asyncio.sleep(1.1)  # so long it takes until every replica knows what `default` has
    (valkey,) = scale.running.containers("valkey")
    async with Load(scale.url, [("default", "plain"), *((session, "counted") for session in sessions)]) as load:
        await load.more(2)
        await asyncio.to_thread(run, "docker", "kill", valkey)
        await load.more(5)
        assert not answers(scale.url)
        await asyncio.to_thread(run, "docker", "start", valkey)
        await asyncio.to_thread(until, lambda: answers(scale.url), "it heals")
        await load.more(10)
    assert "503 store" in load.counts("counted")
    assert set(load.counts("plain")) == {PLAIN}
    for (_, text), got in load.got.items():
        if text == "counted":
            answered = [answer for answer in got if answer not in {"503 store", "lost"}]
            assert answered == sorted(answered, key=IN_ORDER.index)
            assert Counter(answered)["429"] <= 2
            assert Counter(answered)["Three of these."] <= 3
            assert answered[-1] == "The rest."


async def test_a_replica_dies(scale: Scale) -> None:
    sessions = [f"replica{number}" for number in range(8)]
    scale.tell(*sessions)
    victim, _ = scale.running.containers("replica")
    async with Load(scale.url, [(session, "counted") for session in sessions]) as load:
        await load.more(2)
        await asyncio.to_thread(run, "docker", "kill", victim)
        await load.more(10)
    for got in load.got.values():
        assert got.count("lost") <= 1  # what was in flight
        answered = [answer for answer in got if answer != "lost"]
        assert answered == sorted(answered, key=IN_ORDER.index)
        assert sum(answer != "The rest." for answer in answered) >= 5 - got.count("lost")
        assert answered[-1] == "The rest."
