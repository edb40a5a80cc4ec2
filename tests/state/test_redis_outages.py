"""A Redis that is full, read-only, late, cut off or replaced: refusals say why, and all is well afterwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.redis_server import RedisServer, needs_redis, redis_server
from tests.state.redis_api import QUOTA, Api, emulator
from tests.waiting import PATIENCE

pytestmark = [needs_redis, pytest.mark.slow]


class Link:
    """A TCP connection to Redis that can be tampered with.

    `tamper` is applied to each answer: None is never sent, and bytes that are cut short end the connection.
    """

    def __init__(self, port: int) -> None:
        self.target = port
        self.mode = "open"
        self._writers: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]
            for writer in self._writers:
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, onward = await asyncio.open_connection("127.0.0.1", self.target)
        self._writers |= {writer, onward}
        await asyncio.gather(self._pump(reader, onward, answers=False), self._pump(upstream, writer, answers=True))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        try:
            while data := await reader.read(65_536):
                if answers and self.mode != "open":
                    data = await self._tamper(data)
                writer.write(data)
                if answers and self.mode == "cut":
                    break
        except OSError:
            pass
        writer.close()

    async def _tamper(self, data: bytes) -> bytes:
        match self.mode:
            case "cut":
                return data[: len(data) // 2]
            case "late":
                while self.mode == "late":
                    await asyncio.sleep(0.01)
                return data
            case "confused":
                return b"+OK\r\n"
        return b"HTTP/1.1 400 Bad Request\r\n\r\n"


async def healthy(api: Api) -> None:
    """Wait until the store is used again."""
    async with asyncio.timeout(PATIENCE):
        while (await api.http.get("/__emulator/ready")).status_code != 200:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("mode", ["cut", "late", "confused", "another protocol"])
async def test_answers_that_cannot_be_read_refuse_and_pass(server: RedisServer, mode: str) -> None:
    link = Link(server.port)
    async with link.listening() as port, emulator(server, port=port, query="socket_timeout=0.2") as api:
        assert [await api.text("one", "counted") for _ in range(2)] == ["One of two."] * 2
        link.mode = mode
        for _ in range(3):
            assert await api.text("one", "counted") == "503 store"
            assert await api.text("default") in {"Plain.", "503 store"}
        link.mode = "open"
        await healthy(api)
        # An answer that arrived late is nobody else's.
        assert await api.text("one", "counted") == "The rest."
        assert await api.text("two", "counted") == "One of two."
        assert await api.text("default") == "Plain."


async def test_full_redis_refuses_writers_and_names_the_cause(server: RedisServer) -> None:
    async with emulator(server) as api, Redis(port=server.port) as redis:
        assert await api.text("s") == "Plain."
        await redis.config_set("maxmemory", "1")
        try:
            response = await api.chat("s", **QUOTA)
            assert response.status_code == 503
            message = response.json()["error"]["message"]
            assert "the store has no memory left" in message
            assert "Raise `maxmemory`" in message
            assert await api.text("default") == "Plain."
            ready = await api("GET", "/ready", 503)
            assert "no memory left" in ready["problems"][0]
            assert ready["unjournaled"] > 0
            assert (await api("GET", "/sessions", 503))["error"]["code"] == "store_down"
            assert (await api("GET", "/journal?session=s"))["entries"]
        finally:
            await redis.config_set("maxmemory", "0")
        assert await api.text("s") == "Plain."  # at once: an answered error is no silence


async def test_read_only_replica_is_named(server: RedisServer) -> None:
    async with emulator(server) as api, Redis(port=server.port) as redis:
        assert await api.text("s") == "Plain."
        await redis.replicaof("127.0.0.1", "1")
        try:
            response = await api.chat("s")
            assert "read-only replica" in response.json()["error"]["message"]
            assert await api.text("default") == "Plain."
            assert "read-only replica" in (await api("GET", "/ready", 503))["problems"][0]
        finally:
            await redis.replicaof("NO", "ONE")
        assert await api.text("s") == "Plain."


async def test_wrong_password_is_named_and_not_shown(server: RedisServer) -> None:
    async with emulator(server, user="emulator:hunter2@") as api:
        response = await api.chat("s")
        assert "does not admit gemulator" in response.json()["error"]["message"]
        assert "hunter2" not in response.text + (await api.http.get("/__emulator/ready")).text
        assert await api.text("default") == "Plain."


@pytest.mark.slow
async def test_failover_keeps_counts(server: RedisServer, tmp_path: Path) -> None:
    """The address leads to a replica that became the primary; the old one lives on as a replica."""
    link = Link(server.port)
    with redis_server(tmp_path) as second:
        async with (
            link.listening() as port,
            emulator(server, port=port) as api,
            Redis(port=server.port) as old,
            Redis(port=second.port) as new,
        ):
            await new.replicaof("127.0.0.1", str(server.port))
            assert await api.text("s", "counted") == "One of two."
            async with asyncio.timeout(PATIENCE):
                while await new.hlen("gemulator:s:s:used") == 0:
                    await asyncio.sleep(0.02)
            await new.replicaof("NO", "ONE")
            await old.replicaof("127.0.0.1", str(second.port))
            link.target = second.port  # connections that are open still lead to the old one
            try:
                await healthy(api)
                assert await api.text("s", "counted") == "One of two."
                assert await api.text("s", "counted") == "The rest."
            finally:
                await old.replicaof("NO", "ONE")
