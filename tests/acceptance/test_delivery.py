"""Streams are honest: first byte before the end, a gone client stops the work, a stop lets streams end."""

import asyncio
import json
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from gemulator import Emulator, create_app
from gemulator.core.settings import Settings
from gemulator.delivery.steps import LARGEST_WRITE
from tests.acceptance.wire import ask, content, events, post
from tests.waiting import PATIENCE, until

SLOW = """
turns:
  - when: { user: slow }
    reply: one two three four five six seven eight
    pacing: { first_token: 30ms, tokens_per_second: 100, tokens_per_chunk: 1 }
  - when: { user: endless }
    reply: one two three four five six seven eight
    pacing: { tokens_per_second: 0.01, tokens_per_chunk: 1 }
  - when: { user: late end }
    reply: { chunks: [one, " two", " three", "%s"] }
    pacing: { tokens_per_second: 20 }
""" % (" word" * 10_000)


@pytest.fixture
def scenarios(tmp_path: Path) -> Path:
    (tmp_path / "slow.yaml").write_text(SLOW)
    return tmp_path


def test_a_paced_stream_comes_piece_by_piece(scenarios: Path) -> None:
    """Its last piece is minutes away when those before it are here."""
    with Emulator(scenarios=scenarios) as emulator:
        url, headers = f"{emulator.base_url}/chat/completions", {"authorization": "Bearer x"}
        with httpx.stream("POST", url, json=ask("late end", stream=True), headers=headers) as answer:
            pieces, received = answer.iter_raw(), b""
            while b" three" not in received:
                received += next(pieces)
    assert received.count(b"data: ") == 3


def test_a_browser_s_stream_is_paced_and_has_its_headers(scenarios: Path) -> None:
    with Emulator(scenarios=scenarios, ids="stable", clock="2026-02-11T22:54:21Z") as emulator:
        plain = post(emulator, ask("slow", stream=True), x_emulator_speed="0")
        began = time.monotonic()
        paced = post(emulator, ask("slow", stream=True), origin="http://localhost:5173")
        assert time.monotonic() - began >= 0.09
    assert paced.headers["access-control-allow-origin"] == "*"
    assert paced.content == plain.content


def test_a_picture_in_a_paced_stream_is_the_same_bytes(tmp_path: Path) -> None:
    """An event that is larger than what is handed over at once."""
    (tmp_path / "s.yaml").write_text("turns: [{ reply: [{ text: Here. }, { image: a fern, size: 1536x1536 }] }]\n")
    body = ask("draw", model="google/gemini-3-pro-image-preview", stream=True, modalities=["text", "image"])
    with Emulator(scenarios=tmp_path, ids="stable", clock="2026-02-11T22:54:21Z") as emulator:
        at_once = post(emulator, body)
        paced = post(emulator, body, x_emulator_pacing="first_token: 1ms, tokens_per_second: 100000")
    assert len(paced.content) > 2 * LARGEST_WRITE
    assert paced.content == at_once.content


def test_pipelined_requests_are_answered_one_after_the_other(scenarios: Path) -> None:
    with Emulator(scenarios=scenarios, ids="stable", clock="2026-02-11T22:54:21Z") as emulator:
        expected = post(emulator, ask("slow", stream=True)).content
        raw = json.dumps(ask("slow", stream=True)).encode()
        path = emulator.base_url.removeprefix(emulator.url)
        head = f"POST {path}/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\r\n"
        host, _, port = emulator.url.removeprefix("http://").partition(":")
        received = b""
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as client:
            client.sendall((head.encode() + b"content-length: %d\r\n\r\n" % len(raw) + raw) * 3)
            while received.count(b"\r\n0\r\n\r\n") < 3:
                received += client.recv(2**16)
    answers = received.split(b"\r\n0\r\n\r\n")[:-1]
    lines = [line for line in expected.split(b"\n") if line]
    assert all([answer.count(line) for line in lines] == [1] * len(lines) for answer in answers)


def test_an_unpaced_stream_is_the_same_bytes(scenarios: Path) -> None:
    with Emulator(scenarios=scenarios, ids="stable", clock="2026-02-11T22:54:21Z") as emulator:
        paced = post(emulator, ask("slow", stream=True))
        at_once = post(emulator, ask("slow", stream=True), x_emulator_speed="0")
    assert at_once.content == paced.content
    assert content(events(paced)) == "one two three four five six seven eight"


class Clock:
    """Time that passes only in sleeps, each of which comes back late."""

    def __init__(self, late: float = 0.0) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        self._late = late

    async def sleep(self, delay: float) -> None:
        self.slept.append(delay)
        self.now += delay + self._late
        await asyncio.sleep(0)

    async def ask(
        self, scenarios: Path, body: dict[str, object], endpoint: str = "openapi", speed: str = "authored"
    ) -> None:
        """One request; returns when the answer is over. httpx's transport collects it, which is all that is needed."""
        settings = Settings(scenarios=(scenarios,), auth="open", log_format="off", speed=speed)
        app = create_app(settings, monotonic=lambda: self.now, sleep=self.sleep)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            path = f"/v1/projects/p/locations/global/endpoints/{endpoint}/chat/completions"
            answer = await client.post(path, json=body)
            assert answer.status_code == 200


async def test_the_schedule_keeps_its_deadlines(scenarios: Path) -> None:
    """Late wake-ups are made up for, so errors do not add up."""
    clock = Clock(late=0.004)
    await clock.ask(scenarios, ask("slow", stream=True))
    planned = 0.030 + 0.010 * (len(clock.slept) - 1)
    assert clock.slept[0] == pytest.approx(0.030)
    assert clock.slept[1:] == pytest.approx([0.006] * (len(clock.slept) - 1))
    assert clock.now == pytest.approx(planned + 0.004)


@pytest.mark.parametrize(
    ("model", "endpoint"),
    [
        ("google/gemini-2.5-flash", "openapi"),
        ("deepseek-ai/deepseek-v3.2-maas", "openapi"),
        ("google/gemma-3-27b-it", "1234567890"),
        ("google/gemma-2-9b-it", "tgi-1"),
    ],
)
async def test_a_whole_answer_takes_as_long_as_its_stream(tmp_path: Path, model: str, endpoint: str) -> None:
    pace = "{ first_token: 100ms, tokens_per_second: 30, jitter: 40%, prompt_tokens_per_second: 100 }"
    (tmp_path / "s.yaml").write_text(f"pacing: {pace}\nturns: [{{ reply: {{ lorem: 90 }} }}]\n")
    took = []
    for stream in (True, False):
        clock = Clock()
        await clock.ask(tmp_path, ask("Go.", model=model, stream=stream), endpoint)
        took.append(clock.now)
    assert took[0] > 2
    assert took[1] == pytest.approx(took[0])


def test_a_gone_client_stops_the_work(scenarios: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with Emulator(scenarios=scenarios, log_format="plain") as emulator:
        host, _, port = emulator.url.removeprefix("http://").partition(":")
        raw = b'{"model":"google/m","stream":true,"messages":[{"role":"user","content":"endless"}]}'
        path = emulator.base_url.removeprefix(emulator.url)
        head = f"POST {path}/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\r\n"
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as client:
            client.sendall(head.encode() + b"content-length: %d\r\n\r\n" % len(raw) + raw)
            received = b""
            while b"data: " not in received:
                received += client.recv(4096)
        said: list[str] = []

        def gone() -> bool:
            said.append(capfd.readouterr().err)
            return "client gone" in "".join(said)

        until(gone)
    assert b"200 OK" in received
    assert "slow/2  200  1 chunk" in "".join(said)


def test_a_stop_lets_a_stream_end(scenarios: Path) -> None:
    emulator = Emulator(scenarios=scenarios, grace=PATIENCE).start()
    headers = {"authorization": "Bearer x", "x-emulator-pacing": "tokens_per_second: 10, tokens_per_chunk: 1"}
    body = ask("slow", stream=True)
    with httpx.stream("POST", f"{emulator.base_url}/chat/completions", json=body, headers=headers) as answer:
        pieces = answer.iter_raw()
        first = next(pieces)
        emulator.stop()
        rest = b"".join(pieces)
    assert (first + rest).endswith(b"data: [DONE]\n\n")


def due(emulator: Emulator, text: str = "Hello", **headers: str) -> float:
    """Ask, and return the seconds after which the journal says that the answer was due. It took as long."""
    began = time.monotonic()
    assert post(emulator, ask(text), **headers).status_code == 200
    took = time.monotonic() - began
    entry = emulator.admin.entries(session=headers.get("x_emulator_session", "default"))[-1]
    planned: float = emulator.admin.entry(entry["id"])["answer"]["steps"][0]["at"]
    assert took > 0.9 * planned
    return planned


def test_answers_under_way_slow_each_other_down() -> None:
    with Emulator() as emulator, ExitStack() as stack:
        loaded = {"x_emulator_pacing": "first_token: 200ms, load: 100%"}
        assert due(emulator, **loaded) == 0.2
        url, body = f"{emulator.base_url}/chat/completions", ask("Hello", stream=True)
        headers = {"authorization": "Bearer x", "x-emulator-pacing": "inter_token: 1h, tokens_per_chunk: 1"}
        for _ in range(3):
            stack.enter_context(httpx.stream("POST", url, json=body, headers=headers))
        assert due(emulator, **loaded) == 0.8, "four times as long"


def test_a_pace_is_taken_from_where_it_was_written_nearest(tmp_path: Path) -> None:
    riddle = "{ when: { user: riddle }, reply: Hi, pacing: { first_token: 400ms } }"
    (tmp_path / "s.yaml").write_text(f"pacing: {{ first_token: 200ms }}\nturns: [{riddle}, {{ reply: Hi }}]\n")
    with Emulator(scenarios=tmp_path) as emulator:
        assert due(emulator) == 0.2, "the scenario's"
        assert due(emulator, "riddle") == 0.4, "the turn's"
        emulator.admin.chaos(pacing="first_token: 600ms", session="slow")
        assert due(emulator, "riddle", x_emulator_session="slow") == 0.6, "the session's"
        assert due(emulator, "riddle", x_emulator_session="slow", x_emulator_pacing="none") == 0, "the request's"
        emulator.admin.reset("slow")
        assert due(emulator, x_emulator_session="slow") == 0.2


def test_realistic_speed_adds_the_model_s_pace() -> None:
    with Emulator(speed="realistic") as emulator:
        began = time.monotonic()
        post(emulator, ask("Hello", max_tokens=1))
        assert time.monotonic() - began > 0.5, "the catalog's time to the first token"


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("model", "thoughts", "least", "most"),
    [
        ("google/gemini-2.5-flash", 360, 1.9, 2.9),  # 0.4 s and 360 tokens at 180 a second, a fifth more or less
        ("google/gemini-2.5-flash", 0, 0.3, 0.5),
        ("google/gemini-3.1-pro-preview", 360, 3.5, 5.4),
        ("google/gemini-2.0-flash", 360, 0.3, 0.5),  # does not think
    ],
)
async def test_thoughts_that_are_not_shown_take_their_time(
    tmp_path: Path, model: str, thoughts: int, least: float, most: float, stream: bool
) -> None:
    (tmp_path / "s.yaml").write_text(f"turns: [{{ reply: Hi, usage: {{ reasoning_tokens: {thoughts} }} }}]\n")
    clock = Clock()
    await clock.ask(tmp_path, ask("Go.", model=model, stream=stream), speed="realistic")
    assert least < clock.slept[0] < most
