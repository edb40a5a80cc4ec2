"""Emulators that forward, and requests to them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from gemulator import Emulator
from tests.waiting import until

MODEL = "google/gemini-3.1-pro-preview"
SAY = {"model": MODEL, "messages": [{"role": "user", "content": "Say hello."}]}
CALLER = {"authorization": "Bearer ya29.caller"}
HOUR = 3_600.0


@contextmanager
def forwarding(upstream: str, **settings: Any) -> Iterator[Emulator]:
    given = {"scenarios": "none", "unmatched": "forward", "upstream": upstream, **settings}
    with Emulator(**given) as emulator:
        yield emulator


def ask(emulator: Emulator, **body: Any) -> httpx.Response:
    return httpx.post(f"{emulator.base_url}/chat/completions", json={**SAY, **body}, headers=CALLER)


def entry(emulator: Emulator) -> Any:
    """The newest entry of the journal, once it has ended."""

    def newest() -> Any:
        entries = httpx.get(f"{emulator.url}/__emulator/journal?full=true").json()["entries"]
        return entries[-1] if entries and entries[-1]["outcome"] else None

    until(newest)
    return newest()
