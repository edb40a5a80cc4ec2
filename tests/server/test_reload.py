"""Reload under fire: the last valid scenarios answer, no request fails, and the event loop goes on meanwhile."""

import asyncio
import gc
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from gemulator import Emulator, create_app
from gemulator.core.gc_pause import gc_paused
from gemulator.core.settings import Settings
from gemulator.scenario import turns as turn_tables
from gemulator.scenario.library import Library
from gemulator.server import reload
from gemulator.server.reload import Reloader
from tests.acceptance.wire import ask, post
from tests.waiting import until

STAYS = "the saved scenarios are invalid, the previous ones stay active"
MANY = 20_000


def many_turns(text: str) -> str:
    turns = "".join(f"  - {{ when: {{ user: question {n}! }}, times: 9, reply: {text} }}\n" for n in range(MANY))
    return f"turns:\n{turns}  - {{ when: {{ user: hello }}, reply: {text} }}\n"


def one_turn(text: str) -> str:
    return f"turns: [{{ when: {{ user: hello }}, reply: {text} }}]"


def said(emulator: Emulator) -> str:
    answer = post(emulator, ask("hello"))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["choices"][0]["message"]["content"])


class Asker(threading.Thread):
    """A client that asks without pause; what it got is in `texts`."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__()
        self._emulator = emulator
        self._ended = threading.Event()
        self.texts: list[str] = []

    def run(self) -> None:
        headers = {"authorization": "Bearer x"}
        with httpx.Client(trust_env=False, timeout=None, headers=headers) as client:
            while not self._ended.is_set():
                answer = client.post(f"{self._emulator.base_url}/chat/completions", json=ask("hello"))
                text = answer.json()["choices"][0]["message"]["content"] if answer.status_code == 200 else answer.text
                self.texts.append(text)
                time.sleep(0.002)

    def __enter__(self) -> "Asker":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()


def link_out(folder: Path) -> None:
    outside = folder.parent / "outside.yaml"
    outside.write_text(one_turn("outside"))
    (folder / "link.yaml").symlink_to(outside)


# What is done to a folder whose file is own.yaml, and the words that are reported.
FIRE: dict[str, tuple[Callable[[Path], object], str]] = {
    "half of a save": (
        lambda folder: (folder / "own.yaml").write_text("turns:\n  - when: { user: hel"),
        "own.yaml:3:1",
    ),
    "half of a large save": (
        lambda folder: (folder / "own.yaml").write_text(many_turns("half")[:-30]),
        "own.yaml:20003:",
    ),
    "bytes": (lambda folder: (folder / "own.yaml").write_bytes(b"\xff\xfe\x00"), "own.yaml:1:1: the file is not UTF-8"),
    "nothing": (lambda folder: (folder / "own.yaml").write_text(""), "a scenario must be a mapping"),
    "a mistake": (lambda folder: (folder / "own.yaml").write_text("turns: [{ repl: x }]"), "unknown key `repl`"),
    "a name without text": (
        lambda folder: Path(os.fsdecode(os.fsencode(folder) + b"/\xff.yaml")).write_text(one_turn("x")),
        r"/\udcff.yaml:1:1: the file name is not UTF-8",
    ),
    "a name that controls the terminal": (
        lambda folder: (folder / "\x1b[31m\n.yaml").write_text("turns: [{ repl: x }]"),
        r"/\x1b[31m\n.yaml:1:11: turns[0].repl: unknown key",
    ),
    "a link that leads out": (link_out, "link.yaml:1:1: this link points outside"),
    "a bomb": (lambda folder: (folder / "own.yaml").write_text("[" * 500_000), "the nesting is too deep"),
    "no folder": (lambda folder: folder.rename(folder.with_name(f"gone {time.monotonic_ns()}")), "cannot watch"),
}


@pytest.mark.slow
def test_folder_under_fire_fails_no_request(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (folder / "own.yaml").write_text(one_turn("round 0"))
    with Emulator(scenarios=folder, reload=True) as emulator, Asker(emulator) as asker:
        for number, (damage, words) in enumerate(FIRE.values()):
            capfd.readouterr()
            reported = ""

            def is_reported(words: str = words) -> bool:
                nonlocal reported
                reported += capfd.readouterr().err
                return words in reported

            damage(folder)
            until(is_reported)
            assert said(emulator) == f"round {number}"
            assert "cannot watch" in words or STAYS in reported
            folder.mkdir(exist_ok=True)
            for file in folder.iterdir():
                file.unlink()
            (folder / "own.yaml").write_text(one_turn(f"round {number + 1}"))
            until(lambda number=number: said(emulator) == f"round {number + 1}")  # type: ignore[misc]
    assert set(asker.texts) <= {f"round {number}" for number in range(len(FIRE) + 1)}
    assert asker.texts == sorted(asker.texts, key=lambda text: int(text.split()[1]))


@pytest.mark.slow
def test_saves_within_a_second_are_polled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "true")
    (tmp_path / "own.yaml").write_text(one_turn("save 0"))
    with Emulator(scenarios=tmp_path, reload=True) as emulator:
        for number in range(1, 5):
            (tmp_path / "own.yaml").write_text(one_turn(f"save {number}"))
            until(lambda number=number: said(emulator) == f"save {number}")  # type: ignore[misc]


@pytest.mark.slow
def test_log_beside_the_scenario_reloads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reload adds a line to the log."""
    scenario, log = tmp_path / "own.yaml", tmp_path / "server.log"
    scenario.write_text(one_turn("before"))
    with log.open("w") as output:
        monkeypatch.setattr(sys, "stderr", output)
        with Emulator(scenarios=scenario, reload=True) as emulator:
            scenario.write_text(one_turn("after"))
            until(lambda: said(emulator) == "after")
            time.sleep(1.5)  # several rounds, if one reload caused the next
    assert log.read_text().count("reloaded 1 scenario") == 1


@pytest.mark.slow
def test_many_turns_load_while_requests_are_answered(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(many_turns("first"))
    with Emulator(scenarios=tmp_path, reload=True) as emulator, Asker(emulator) as asker:
        until(lambda: asker.texts)
        for text in ("second", "third"):
            before = len(asker.texts)
            (tmp_path / "own.yaml").write_text(many_turns(text))
            until(lambda text=text: asker.texts[-1] == text)  # type: ignore[misc]
            assert len(asker.texts) > before + 20  # the old scenarios answered while the new ones were read
    assert set(asker.texts) == {"first", "second", "third"}


@pytest.mark.slow
@pytest.mark.parametrize("files", [1, 500])
async def test_loop_goes_on_while_many_turns_load(
    tmp_path: Path, files: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own.yaml").write_text(one_turn("x"))
    app = create_app(Settings(scenarios=(tmp_path,), log_format="off"))
    reports: list[str] = []
    reloader = Reloader(app.state.engine, [tmp_path], reports.append)
    lines = many_turns("x").splitlines(keepends=True)[1:]
    for number in range(files):
        (tmp_path / f"{number}.yaml").write_text("turns:\n" + "".join(lines[number::files]))
    longest = ticks = 0.0

    async def tick() -> None:
        nonlocal longest, ticks
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            longest, ticks, last = max(longest, now - last), ticks + 1, now

    ticking = asyncio.create_task(tick())
    for _ in range(2):  # the second one also frees 20,000 turns
        await reloader._reload()
    ticking.cancel()
    assert reports == [f"reloaded {files + 1} scenarios"] * 2
    assert ticks > 100
    with capsys.disabled():
        print(f"\n{MANY:,} turns in {files} files: the longest pause of the loop took {longest * 1000:.0f} ms")


async def test_reload_works_in_a_thread_without_collections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, bool, bool]] = []

    def note(name: str, original: Any) -> Any:
        def noted(*arguments: Any) -> Any:
            seen.append((name, threading.current_thread() is threading.main_thread(), gc.isenabled()))
            return original(*arguments)

        return noted

    (tmp_path / "own.yaml").write_text(one_turn("before"))
    app = create_app(Settings(scenarios=(tmp_path,), log_format="off"))
    reloader = Reloader(app.state.engine, [tmp_path], lambda text: None)
    for module, name in ((turn_tables, "SubstringIndex"), (reload, "load"), (Library, "prepare")):
        monkeypatch.setattr(module, name, note(name, getattr(module, name)))
    (tmp_path / "own.yaml").write_text(one_turn("after") + "\n# saved")
    await reloader._reload()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        path = "/v1/projects/p/locations/global/endpoints/openapi/chat/completions"
        answer = await client.post(path, json=ask("hello"), headers={"authorization": "Bearer x"})
    assert answer.json()["choices"][0]["message"]["content"] == "after"
    assert seen == [(name, False, False) for name in ("load", "SubstringIndex", "SubstringIndex", "prepare")]
    assert gc.isenabled()


def test_collections_stay_off_if_they_were() -> None:
    gc.disable()
    try:
        with gc_paused(freeze=True):
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


async def test_unexpected_error_keeps_the_scenarios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.yaml").write_text(one_turn("x"))
    app = create_app(Settings(scenarios=(tmp_path,), log_format="off"))
    reports: list[str] = []
    reloader = Reloader(app.state.engine, [tmp_path], reports.append)

    def fail(folders: object) -> Library:
        raise MemoryError

    monkeypatch.setattr(reload, "load", fail)
    before = app.state.engine.preparation.library
    await reloader._reload()
    assert app.state.engine.preparation.library is before
    assert reports == [f"{STAYS}:\nMemoryError: "]
