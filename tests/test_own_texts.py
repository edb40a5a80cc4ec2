"""Golden of gemulator's own texts over HTTP.

`tests/golden/own-texts.txt` changes only with a text that is meant to change. Regenerate it with
`python -m tests.test_own_texts`.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from starlette.applications import Starlette

from gemulator import __version__, create_app
from gemulator.core.settings import Settings
from gemulator.scenario.library import Library
from gemulator.scenario.loading.reader import read_scenario
from gemulator.server.auth.keys import ServiceKey
from gemulator.server.tls.proxy import proxy_error
from gemulator.state.memory import MemoryStore
from gemulator.state.store import StoreDown
from tests.own_texts import (
    ADMIN,
    BROKEN,
    CHATS,
    GUARD,
    HEADERS,
    NOW,
    PATHS,
    POLICY,
    SESSIONS,
    TOKENS,
    UNSIGNED,
    VERIFY,
    Call,
    admin,
    chat,
    get,
    oauth,
)

GOLDEN = Path(__file__).parent / "golden" / "own-texts.txt"
PARTIAL = """
description: One turn with every kind of condition, one that is used up, and one that breaks.
turns:
  - when: { user: weather, tools: get_weather, header: { x-tenant: blue } }
    reply: Sunny.
  - when: { user: once }
    times: 1
    reply: Once.
  - when: { user: broken }
    reply: "{{ body.none }}"
  - when: { user: hello }
    reply: Hello!
"""


class UnavailableStore(MemoryStore):
    """A store that is unavailable."""

    async def overlay(self, session: str) -> Any:
        raise StoreDown("the store at redis://localhost:6379/0 does not answer")

    overlays = overlay

    async def sessions(self) -> Any:
        raise StoreDown("the store at redis://localhost:6379/0 does not answer")


class BrokenStore(MemoryStore):
    """A store with a bug."""

    async def overlay(self, session: str) -> Any:
        raise ZeroDivisionError("division by zero")

    overlays = overlay


def app_of(store: MemoryStore | None = None, **settings: Any) -> Starlette:
    library = Library([read_scenario(PARTIAL, Path("partial.yaml"), "partial")])
    chosen = Settings(**{"unmatched": "error", "ids": "stable", "log_format": "off", **settings})
    return create_app(chosen, store, lambda: NOW, library=library, utc=lambda: NOW)


async def sections() -> AsyncIterator[tuple[str, str]]:
    """Yield the name and the text of each section."""
    with TemporaryDirectory() as folder:
        state, policy, file = Path(folder, "state"), Path(folder, "policy.yaml"), Path(folder, "file")
        policy.write_text("projects: [demo, off]\napi_disabled: [off]\nidentities: { y: [] }\n")
        file.write_text("")
        key, stranger = ServiceKey.of(state), ServiceKey.of(Path(folder, "stranger"))
        groups: Sequence[tuple[str, Callable[[], Starlette], Sequence[Call]]] = [
            ("chat", app_of, CHATS),
            ("x-emulator headers", app_of, HEADERS),
            ("ended session", app_of, SESSIONS),
            ("paths", app_of, PATHS),
            ("admin", app_of, ADMIN),
            ("verify", app_of, VERIFY),
            ("admin guard", lambda: app_of(admin_key="hush"), GUARD),
            ("admin off", lambda: app_of(admin="off"), GUARD[3:4]),
            ("auth token", lambda: app_of(auth="token"), TOKENS),
            ("auth any", app_of, TOKENS[:3]),
            ("policy", lambda: app_of(policy=policy), POLICY),
            ("token service", lambda: app_of(state=state), oauth(key, stranger)),
            ("unusable state folder", lambda: app_of(state=file), [get("keys", "/oauth2/v3/certs")]),
            ("body too large", lambda: app_of(openapi_limit=100), [chat("100 bytes", "x" * 100)]),
            (
                "store down",
                lambda: app_of(UnavailableStore()),
                [chat("chat"), admin("list sessions", "GET", "/sessions")],
            ),
            ("internal error", lambda: app_of(BrokenStore()), [chat("chat"), *BROKEN]),
            ("signatures warn", lambda: app_of(signatures="warn"), [UNSIGNED]),
            ("emulator headers off", lambda: app_of(emulator_headers=False), [PATHS[2], *TOKENS[:1], *CHATS[:1]]),
        ]
        for title, make, calls in groups:
            transport = httpx.ASGITransport(make(), raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8089") as client:
                for call in calls:
                    name = f"{title}: {call.name}"
                    yield name, _section(call, await _answer(client, call)).replace(folder, "FOLDER")
    for request in (b"GET http://x/ HTTP/1.1\r\n", b"CONNECT example.com:443 HTTP/1.1\r\n"):
        yield f"proxy: {request.decode().strip()}", (proxy_error(request) or b"").decode().replace("\r", "")


async def _answer(client: httpx.AsyncClient, call: Call) -> httpx.Response:
    request = client.build_request(call.method, "http://127.0.0.1:8089/", headers=call.headers, content=call.content)
    request.url = httpx.URL("http://127.0.0.1:8089").copy_with(raw_path=call.path.encode())
    return await client.send(request)


def _section(call: Call, answer: httpx.Response) -> str:
    """Return request line, status, `x-emulator-` headers and body."""
    own = [f"{name}: {value}" for name, value in answer.headers.items() if name.startswith("x-emulator-")]
    lines = (f"{call.method} {call.path}", str(answer.status_code), *own, answer.text.rstrip("\n"))
    return "\n".join(lines).replace(__version__, "VERSION")


async def _render() -> str:
    return "".join([f"=== {name}\n{text}\n\n" async for name, text in sections()])


def _split(golden: str) -> list[str]:
    return [section.strip() for section in re.split("^=== ", golden, flags=re.MULTILINE) if section.strip()]


async def test_own_texts_equal_the_golden() -> None:
    found, expected = _split(await _render()), _split(GOLDEN.read_text())
    pairs = zip_longest(found, expected, fillvalue="(nothing)")
    first = next((pair for pair in pairs if pair[0] != pair[1]), None)
    again = "the texts have changed; run: python -m tests.test_own_texts"
    assert first is None, f"{again}\nfirst difference, found:\n{first[0]}\n\nexpected:\n{first[1]}"


def test_section_names_are_unique() -> None:
    names = [section.partition("\n")[0] for section in _split(GOLDEN.read_text())]
    assert len(names) == len(set(names))
    assert len(names) > 130


if __name__ == "__main__":
    GOLDEN.write_text(asyncio.run(_render()))
