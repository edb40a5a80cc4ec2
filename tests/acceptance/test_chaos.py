"""Faults, paces, quotas and errors on command, for a session or all, for a number of requests or a time."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import RateLimitError

from gemulator import Emulator, Session
from gemulator.client.admin import AdminError
from tests.acceptance.test_command import run, serving, url_of
from tests.acceptance.wire import ask, post
from tests.redis_server import RedisServer
from tests.state.redis_api import emulator as redis_emulator
from tests.waiting import until

SCENARIO = "turns: [{ when: { user: hello }, times: 3, reply: Hello! }, { reply: Used up. }]"


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    (tmp_path / "own.yaml").write_text(SCENARIO)
    with Emulator(scenarios=tmp_path, unmatched="error") as emulator:
        yield emulator


def statuses(session: Session | Emulator, count: int = 4, **headers: str) -> list[int]:
    named = {"x-emulator-session": session.name, **headers}
    return [post(session, ask("hello"), **named).status_code for _ in range(count)]


def test_error_is_ordered_for_a_number_of_requests(emulator: Emulator) -> None:
    emulator.chaos(error=429, requests=2)
    assert statuses(emulator) == [429, 429, 200, 200]
    emulator.chaos(error="exhausted", requests=1)
    assert statuses(emulator, 2) == [429, 200], "a new order counts anew, and the turn's `times` were not spent"
    entries = emulator.admin.entries()
    assert [entry["scenario"] for entry in entries] == ["chaos", "chaos", "own", "own", "chaos", "own"]


def test_error_comes_before_any_turn_with_its_words_and_fields(emulator: Emulator) -> None:
    emulator.chaos(error={"error": 429, "message": "Slow down, {{ model }}.", "retry_after": "2s"})
    answer = post(emulator, ask("hello"))
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["x-emulator-turn"] == "chaos/1"
    assert "Slow down, google/gemini-3.1-pro-preview." in answer.text
    with emulator.openai(max_retries=0) as client, pytest.raises(RateLimitError):
        client.chat.completions.create(model="google/m", messages=[{"role": "user", "content": "x"}])
    emulator.chaos()
    assert statuses(emulator, 1) == [200]


def test_header_orders_an_error_for_one_request(emulator: Emulator) -> None:
    assert statuses(emulator, 1, **{"x-emulator-error": "503"}) == [503]
    emulator.chaos(error=500)
    assert statuses(emulator, 1, **{"x-emulator-error": "none"}) == [200]
    refused = post(emulator, ask("hello"), **{"x-emulator-error": "exhasted"})
    assert refused.status_code == 400
    assert "did you mean" in refused.text


def test_order_for_all_sessions_comes_after_a_session_s_own(emulator: Emulator) -> None:
    one, two = emulator.session(), emulator.session()
    one.chaos(error="none")
    emulator.admin.chaos(session="*", error=503, requests=2)
    assert statuses(one, 1) + statuses(two, 1) == [200, 503]
    assert emulator.admin.chaos_now("*")["requests"] == 0, "also a request of a session with chaos of its own counts"
    assert statuses(two, 1) == [200]
    emulator.admin.chaos(session="*", fault="html: {status: 502}")
    assert statuses(emulator, 1) + statuses(two, 1) == [502, 502]
    emulator.admin.reset("*")
    assert statuses(two, 1) == [200]


def test_order_ends_after_a_time(emulator: Emulator) -> None:
    emulator.chaos(error=503, lasts=0.3)
    until(lambda: statuses(emulator, 1) == [200])
    emulator.chaos(error=503, lasts="1h")
    assert statuses(emulator, 2) == [503, 503]
    assert re.fullmatch(r"3[56]\d\d\.\d+s", emulator.admin.chaos_now()["lasts"])


def test_limits_hold_for_faults_paces_and_quotas(emulator: Emulator) -> None:
    emulator.chaos(quota="requests_per_minute: 0", fault="html: {status: 502}", requests=1)
    assert statuses(emulator, 2) == [429, 200]
    emulator.chaos(fault="html: {status: 502}", requests=1)
    assert statuses(emulator, 2) == [502, 200]


def test_refused_and_explained_requests(emulator: Emulator) -> None:
    emulator.chaos(error=503, requests=1)
    explained = emulator.admin.explain(ask("hello"))
    assert explained["scenario"] == "chaos"
    bad = {**ask("hello"), "temperature": 9}
    assert post(emulator, bad).status_code == 503, "as an author's error, it wins over the rules"
    assert post(emulator, bad).status_code == 400


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ({"error": "exhasted"}, "Did you mean `exhausted`?"),
        ({"error": 200}, "200 is out of range: at least 400"),
        ({"error": ""}, "error"),
        ({"error": "429, retry_after: 2"}, "a duration needs a unit"),
        ({"session": "checkout-*", "error": 429}, "`checkout-*` is a pattern: name one session, or use `*`"),
        ({"requests": 3}, "limit nothing"),
        ({"error": 429, "requests": 0}, "requests"),
        ({"error": 429, "lasts": "0s"}, "lasts"),
    ],
)
def test_order_that_means_nothing_is_refused(emulator: Emulator, order: dict[str, Any], says: str) -> None:
    with pytest.raises(AdminError) as refused:
        emulator.admin.chaos(**order)
    assert says in str(refused.value)
    assert statuses(emulator, 1) == [200]


def test_time_limit_under_a_frozen_clock_is_real_time(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(SCENARIO)
    with Emulator(scenarios=tmp_path, clock="2026-02-11T22:54:21Z") as emulator:
        emulator.chaos(error=429, lasts="1h")
        assert statuses(emulator, 1) == [429]
        emulator.chaos(error=429, lasts=0.1)
        until(lambda: statuses(emulator, 1) == [200])


def test_command_sets_shows_and_turns_off(tmp_path: Path) -> None:
    with serving("--port", "0", cwd=tmp_path) as (greeting, _):
        base = url_of(greeting)
        url = base.partition("/v1")[0]

        def status() -> int:
            headers = {"authorization": "Bearer x"}
            return httpx.post(f"{base}/chat/completions", json=ask("x"), headers=headers).status_code

        assert run("chaos", "--url", url).stdout == "session default: no chaos\n"
        ordered = run("chaos", "--error", "429, retry_after: 2s", "--requests", "3", "--url", url)
        assert ordered.stdout.splitlines() == [
            "session default:",
            "  error: 429, retry_after: 2s",
            "  requests left: 3",
        ]
        assert status() == 429
        assert "  requests left: 2" in run("chaos", "--url", url).stdout
        assert run("chaos", "--off", "--url", url).stdout == "session default: no chaos\n"
        assert status() == 200
        assert "all sessions:" in run("chaos", "--all", "--fault", "html: {status: 502}", "--url", url).stdout
        assert status() == 502
        wrong = run("chaos", "--error", "rate-limit", "--url", url)
        assert wrong.returncode == 1
        assert "Error:" in wrong.stderr


async def test_replicas_share_an_order(server: RedisServer | None) -> None:
    if server is None:
        pytest.skip("redis-server is not installed here")
    async with redis_emulator(server) as one, redis_emulator(server) as other:
        await one("POST", "/chaos", json={"session": "*", "error": "503", "requests": 3})
        answers = [await api.chat(session) for api in (one, other) for session in ("a", "b")]
        assert [answer.status_code for answer in answers] == [503, 503, 503, 200]
        assert (await other("GET", "/chaos?session=*"))["requests"] == 0


def test_push_warns_of_a_turn_that_is_never_reached(emulator: Emulator, tmp_path: Path) -> None:
    text = "turns: [{ reply: one }, { reply: two }]"
    answer = httpx.post(f"{emulator.url}/__emulator/scenarios?name=double", content=text)
    (warning,) = answer.json()["warnings"]
    assert "turns[1]: this turn is never reached: double/1" in warning
    assert "add a condition" in warning
    (tmp_path / "double.yaml").write_text(text)
    with pytest.warns(UserWarning, match="never reached"):
        emulator.load(tmp_path / "double.yaml")
