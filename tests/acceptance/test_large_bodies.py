"""Others are answered while a large body is read, matched and answered."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gemulator import Emulator
from gemulator.engine.engine import Engine
from gemulator.engine.prepare import RequestPreparer
from tests.acceptance.wire import ask, post
from tests.waiting import PATIENCE

HANG_GUARD = 20.0  # seconds for an answer that would never come


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.mark.parametrize(("owner", "name"), [(RequestPreparer, "prepare"), (Engine, "_render"), (Engine, "_refuse")])
def test_large_body_leaves_the_event_loop_to_others(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, owner: type, name: str
) -> None:
    """Each step of a large request stands still until others were answered."""
    reached, others = threading.Event(), threading.Event()
    step = getattr(owner, name)

    def wait(self: Any, *args: Any, **more: Any) -> Any:
        if threading.current_thread().name.startswith("gemulator worker"):
            reached.set()
            assert others.wait(PATIENCE)
        return step(self, *args, **more)

    body = ask("x " * 200_000, n=99) if name == "_refuse" else ask("x " * 200_000)
    large = threading.Thread(target=lambda: answers.append(post(emulator, body).status_code))
    answers: list[int] = []
    monkeypatch.setattr(owner, name, wait)
    large.start()
    try:
        assert reached.wait(HANG_GUARD)
        for _ in range(3):
            assert httpx.get(f"{emulator.url}/__emulator/health", timeout=HANG_GUARD).status_code == 200
            assert post(emulator, ask("small")).status_code == 200
        assert answers == []
    finally:
        others.set()
        large.join(PATIENCE)
    assert answers == [400 if name == "_refuse" else 200]


def test_large_and_small_bodies_get_equal_answers() -> None:
    with Emulator(seed="1", clock="2026-02-11T22:54:21Z", ids="stable") as emulator:
        small = post(emulator, ask("x", padding="")).json()
        large = post(emulator, ask("x", padding="p" * 300_000)).json()
    assert json.dumps(small) == json.dumps(large)
