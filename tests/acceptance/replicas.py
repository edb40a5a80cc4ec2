"""Replicas of the emulator that share a Redis, behind nginx; and a load that counts what it gets."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from tests.redis_server import RedisServer, free_port, redis_server
from tests.waiting import PATIENCE

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")

SCENARIO = """
turns:
  - when: { user: counted }
    times: 2
    reply: { error: 429 }
  - when: { user: counted }
    times: 3
    reply: Three of these.
  - when: { user: counted }
    reply: The rest.
  - when: { user: plain }
    reply: No state is needed.
"""

_NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream replicas {{ {servers} keepalive 32; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://replicas; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
      proxy_set_header Host $host;
    }}
  }}
}}
"""


class Replica:
    """One `gemulator serve` process."""

    def __init__(self, store: str, scenarios: Path, *words: str) -> None:
        command = [sys.executable, "-m", "gemulator", "serve", "--port", "0", "--log-format", "off", *words]
        command += ["--store", store, "--scenarios", str(scenarios)]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GEMULATOR_")}
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean)
        assert self._process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+)", self._process.stdout.readline())
        assert found is not None, "the server did not greet"
        self.url = found[0]
        self.port = int(found[1])
        httpx.get(f"{self.url}/__emulator/health", trust_env=False)  # workers start after the greeting

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=PATIENCE)


@contextmanager
def proxy(replicas: Sequence[Replica], folder: Path) -> Iterator[str]:
    """nginx before the replicas: its URL."""
    assert NGINX is not None
    port = free_port()
    servers = " ".join(f"server 127.0.0.1:{replica.port} max_fails=1 fail_timeout=1s;" for replica in replicas)
    file = folder / "nginx.conf"
    file.write_text(_NGINX.format(folder=folder, servers=servers, port=port), encoding="utf-8")
    process = subprocess.Popen([NGINX, "-c", str(file), "-p", str(folder)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


class Cluster:
    """A Redis, two replicas that share it, and a proxy before them."""

    def __init__(self, redis: RedisServer, replicas: Sequence[Replica], url: str, scenarios: Path) -> None:
        self.redis = redis
        self.replicas = replicas
        self.url = url
        self.scenarios = scenarios


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Everything running, until the end."""
    scenarios = folder / "scale.yaml"
    scenarios.write_text(SCENARIO, encoding="utf-8")
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server(folder))
        replicas = [Replica(redis.url, scenarios) for _ in range(2)]
        for replica in replicas:
            stack.callback(replica.kill)
        yield Cluster(redis, replicas, stack.enter_context(proxy(replicas, folder)), scenarios)


async def ask(http: httpx.AsyncClient, url: str, session: str, text: str) -> str:
    """What a request gets: its words, or its status with the emulator's mark, or `lost`."""
    body = {"model": "google/gemini-2.5-flash", "messages": [{"role": "user", "content": text}]}
    path = "/v1/projects/p/locations/global/endpoints/openapi/chat/completions"
    try:
        answer = await http.post(f"{url}{path}", json=body, headers={"authorization": f"Bearer emulator.{session}"})
    except httpx.TransportError:
        return "lost"
    if answer.status_code in {502, 504}:  # nginx, for a replica that died with the request
        return "lost"
    if answer.status_code != 200:
        return f"{answer.status_code} {answer.headers.get('x-emulator-error', '')}".strip()
    return str(answer.json()["choices"][0]["message"]["content"])


def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(trust_env=False, timeout=PATIENCE)


class Load:
    """Clients that ask without pause, each the same in the same session, and what they got."""

    def __init__(self, url: str, asked: Sequence[tuple[str, str]]) -> None:
        self.got: dict[tuple[str, str], list[str]] = {one: [] for one in asked}
        self._url = url
        self._on = True

    async def __aenter__(self) -> "Load":
        self._tasks = [asyncio.create_task(self._client(*one)) for one in self.got]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._on = False
        await asyncio.gather(*self._tasks)

    async def _client(self, session: str, text: str) -> None:
        async with client() as http:
            while self._on:
                self.got[session, text].append(await ask(http, self._url, session, text))
                await asyncio.sleep(0.01)

    async def more(self, answers: int) -> None:
        """Wait until every client has got so many more."""
        enough = {one: len(got) + answers for one, got in self.got.items()}
        while any(len(self.got[one]) < wanted for one, wanted in enough.items()):
            await asyncio.sleep(0.01)

    def counts(self, text: str) -> Counter[str]:
        return Counter(answer for (_, asked), got in self.got.items() if asked == text for answer in got)
