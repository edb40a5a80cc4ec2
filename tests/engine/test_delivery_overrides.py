"""Chaos from outside, and off again."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from gemulator import Emulator
from gemulator.cli import main
from gemulator.client.admin import Admin, AdminError
from gemulator.scenario.delivery_fields import parse_faults, parse_pacing
from tests.acceptance.wire import ask

pytestmark = pytest.mark.slow


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(auth="open", grace=0) as emulator:
        yield emulator


@pytest.fixture
def admin(emulator: Emulator) -> Iterator[Admin]:
    with Admin(emulator.url) as admin:
        yield admin


def status(emulator: Emulator, session: str = "default", **headers: str) -> int | str:
    named = {"x-emulator-session": session, **{name.replace("_", "-"): value for name, value in headers.items()}}
    try:
        return httpx.post(f"{emulator.base_url}/chat/completions", json=ask("Hello"), headers=named).status_code
    except httpx.TransportError as error:
        return type(error).__name__


def test_a_fault_for_one_session_until_it_is_reset(emulator: Emulator, admin: Admin) -> None:
    admin.chaos(fault="html: {status: 503}", session="a")
    assert [status(emulator, "a"), status(emulator, "b")] == [503, 200]
    assert status(emulator, "a", x_emulator_fault="none") == 200, "a header is nearer"
    admin.reset("a")
    assert status(emulator, "a") == 200


def test_opening_a_session_again_leaves_its_faults_on(emulator: Emulator, admin: Admin) -> None:
    order = {"session": "a", "fault": "html: {status: 503}", "pacing": "first_token: 1ms", "quota": "concurrent: 9"}
    httpx.post(f"{emulator.url}/__emulator/chaos", json=order).raise_for_status()
    opened = httpx.post(f"{emulator.url}/__emulator/sessions", json={"session": "a", "seed": "7"})
    assert opened.status_code == 201
    assert httpx.get(f"{emulator.url}/__emulator/chaos", params={"session": "a"}).json() == order | {
        "error": None,
        "requests": None,
        "lasts": None,
    }
    assert status(emulator, "a") == 503
    admin.reset("a")
    assert status(emulator, "a") == 200


def test_a_counted_fault_starts_anew_after_a_reset(emulator: Emulator, admin: Admin) -> None:
    for _ in range(2):
        admin.chaos(fault="refuse: {times: 2}")
        assert [status(emulator) for _ in range(3)] == ["RemoteProtocolError", "RemoteProtocolError", 200]
        admin.reset("default")


def test_a_quota_from_outside(emulator: Emulator, admin: Admin) -> None:
    admin.chaos(quota="requests_per_minute: 2, retry_after: 5s")
    assert [status(emulator) for _ in range(3)] == [200, 200, 429]
    refusal = httpx.post(f"{emulator.base_url}/chat/completions", json=ask("Hello"))
    assert refusal.headers["retry-after"] == "5"
    assert refusal.json()[0]["error"]["status"] == "RESOURCE_EXHAUSTED"
    admin.chaos()
    assert status(emulator) == 200


def test_a_quota_by_header(emulator: Emulator) -> None:
    """The meters are the session's; the header says how much may be on them."""
    quota = {"x_emulator_quota": "requests_per_minute: 2"}
    assert [status(emulator, **quota) for _ in range(3)] == [200, 200, 429]
    assert [status(emulator), status(emulator, "other", **quota)] == [200, 200]
    assert status(emulator, x_emulator_quota="requests: 2") == 400
    assert status(emulator, x_emulator_quota="none") == 200


def test_streams_at_once(emulator: Emulator, admin: Admin) -> None:
    admin.chaos(quota="concurrent: 1")
    headers = {"x-emulator-fault": "hang"}
    url = f"{emulator.base_url}/chat/completions"
    with httpx.stream("POST", url, json=ask("Hello", stream=True), headers=headers):
        assert status(emulator) == 429
    for _ in range(100):
        if status(emulator) == 200:
            break
    else:
        pytest.fail("the stream was left, and its lease never came back")


def test_provisioned_throughput_says_so(emulator: Emulator, admin: Admin) -> None:
    admin.chaos(quota="provisioned_tokens_per_minute: 1")
    url = f"{emulator.base_url}/chat/completions"
    answers = [httpx.post(url, json=ask("Hello")).json() for _ in range(2)]
    traffic = [answer["usage"]["extra_properties"]["google"]["traffic_type"] for answer in answers]
    assert traffic == ["PROVISIONED_THROUGHPUT", "ON_DEMAND"]


def test_a_quota_of_the_server() -> None:
    with Emulator(auth="open", quota="requests_per_minute: 1") as emulator:
        assert [status(emulator), status(emulator), status(emulator, "other")] == [200, 429, 200]


@pytest.mark.parametrize("chaos", [{"fault": "disconect"}, {"pacing": "first_token: 1"}, {"quota": "requests: 1"}])
def test_what_means_nothing_is_refused(admin: Admin, chaos: Any) -> None:
    with pytest.raises(AdminError, match=r"did you mean|unit|requests"):
        admin.chaos(**chaos)


def test_the_verdict_and_its_exit_code(emulator: Emulator, admin: Admin) -> None:
    said = CliRunner().invoke(main, ["verdict", "--url", emulator.url])
    assert (said.exit_code, said.output) == (0, "No findings.\n")
    admin.chaos(fault="html: {status: 503}")
    status(emulator)
    (finding,) = admin.verdict()
    assert (finding["kind"], finding["requests"]) == ("gave up too early", [1])
    said = CliRunner().invoke(main, ["verdict", "--url", emulator.url])
    assert said.exit_code == 1
    assert "gave up too early  (#1)" in said.output


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ("none", []),
        ("disconnect", ["disconnect"]),
        ("disconnect: {after_chunks: 3}, no_done", ["disconnect", "no_done"]),
        ("[disconnect, {stall: {lasts: 2s}}]", ["disconnect", "stall"]),
        ("{refuse: {times: 2}}", ["refuse"]),
    ],
)
def test_faults_on_one_line(line: str, keys: list[str]) -> None:
    assert [fault.key for fault in parse_faults(line)] == keys


def test_a_pace_on_one_line() -> None:
    pacing = parse_pacing("first_token: 1s, inter_token: 20ms, jitter: 30%, spread: lognormal, cap: 3, load: 5%").pacing
    assert (pacing.first_token, pacing.tokens_per_second, pacing.jitter) == (1.0, 50.0, 0.3)
    assert (pacing.spread, pacing.cap, pacing.load) == ("lognormal", 3, 0.05)
    with pytest.raises(ValueError, match="are alternatives"):
        parse_pacing("tokens_per_second: 20, inter_token: 50ms")
