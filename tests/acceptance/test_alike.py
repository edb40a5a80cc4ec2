"""Scenarios, pacing, faults, quotas and the journal know no dialect: on every server they do the same."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gemulator import Emulator
from gemulator.client.admin import Admin
from gemulator.delivery.faults.schema import FAULTS
from tests.acceptance.wire import post

CATALOG = """
endpoints:
  - { id: "6", version: "0.6" }
  - { id: slow, pace: { first_token: 0.15, tokens_per_second: 1000 } }
"""
SCENARIO = """
turns:
  - { when: { user: twice }, times: 2, reply: First. }
  - { when: { user: twice }, reply: Later. }
  - { when: { user: words }, reply: one two three four five six }
  - { when: { user: weather }, reply: [{ call: get_weather, with: { city: Paris } }] }
"""
THINKERS = {"deepseek-ai/deepseek-r1-0528-maas", "deepseek-ai/deepseek-v3.1-maas", "minimaxai/minimax-m2-maas"}
SERVERS = {
    "gemini": "google/gemini-3.5-flash",
    "kimi": "moonshotai/kimi-k2-thinking-maas",
    "llama": "meta/llama-3.3-70b-instruct-maas",
    "grok": "xai/grok-4.20-reasoning",
    "vllm": "",
    "6": "",
    "tgi": "",
}
SHORT = {
    "hang": "{lasts: 50ms}",
    "stall": "{lasts: 50ms}",
    "slow_headers": "{lasts: 50ms}",
    "huge_event": "{size: 1kB}",
}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder = tmp_path_factory.mktemp("alike")
    (folder / "alike.yaml").write_text(SCENARIO)
    (folder / "catalog").write_text(CATALOG)
    with Emulator(
        scenarios=folder / "alike.yaml", catalog=folder / "catalog", ids="stable", clock="2026-02-11T22:54:21Z", grace=1
    ) as emulator:
        yield emulator


def ask(
    emulator: Emulator, server: str, text: str, session: str, headers: dict[str, str] | None = None, **fields: Any
) -> httpx.Response:
    model = server if server in THINKERS else SERVERS.get(server, "")
    url = emulator.base_url if model else emulator.endpoint_url(server)
    body = {"model": model or "any", "messages": [{"role": "user", "content": text}], **fields}
    return post(emulator, body, base_url=url, **{"x-emulator-session": session, **(headers or {})})


def words(answer: httpx.Response) -> str:
    said: str = answer.json()["choices"][0]["message"]["content"]
    return said


@pytest.mark.parametrize("server", SERVERS)
def test_turns_and_their_limits(emulator: Emulator, server: str) -> None:
    answers = [ask(emulator, server, "twice", f"limit {server}") for _ in range(3)]
    assert [words(answer) for answer in answers] == ["First.", "First.", "Later."]
    assert [answer.headers["x-emulator-turn"] for answer in answers] == ["alike/1", "alike/1", "alike/2"]


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("stream", [False, True])
def test_pacing(emulator: Emulator, server: str, stream: bool) -> None:
    paced = {"x-emulator-pacing": "first_token: 80ms"}
    answer = ask(emulator, server, "words", "pacing", paced, stream=stream)
    assert answer.elapsed.total_seconds() >= 0.08
    at_once = ask(emulator, server, "words", "pacing", paced | {"x-emulator-speed": "0"}, stream=stream)
    assert at_once.content == answer.content


def test_an_endpoint_s_own_pace(emulator: Emulator) -> None:
    assert ask(emulator, "slow", "words", "pace", {"x-emulator-speed": "realistic"}).elapsed.total_seconds() >= 0.1


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("text", "turn"), [("words", 3), ("weather", 4)])
def test_every_fault_ends_alike(emulator: Emulator, fault: str, text: str, turn: int) -> None:
    written, session = f"{fault}: {SHORT.get(fault, '{}')}", f"fault {fault} {text}"
    for server in SERVERS:
        try:
            ask(emulator, server, text, session, {"x-emulator-fault": written}, stream=True)
        except httpx.HTTPError:
            continue  # how it ended is read in the journal
    with Admin(emulator.url) as admin:
        entries = admin.entries(session=session)
    assert len(entries) == len(SERVERS)
    first = entries[0]
    assert {(entry["outcome"], entry["turn"], entry["status"]) for entry in entries} == {
        (first["outcome"], turn, first["status"])
    }


@pytest.mark.parametrize("server", SERVERS)
def test_quotas(emulator: Emulator, server: str) -> None:
    with Admin(emulator.url) as admin:
        admin.chaos(quota="requests_per_minute: 1", session=f"quota {server}")
    first, second = [ask(emulator, server, "words", f"quota {server}") for _ in range(2)]
    assert (first.status_code, second.status_code) == (200, 429)
    body = second.json()
    error = (body[0] if SERVERS[server] else body)["error"]
    assert error["status"] == "RESOURCE_EXHAUSTED", "Google's front end says it, whatever stands behind it"


@pytest.mark.parametrize("server", SERVERS)
def test_invented_calls_and_what_the_journal_keeps(emulator: Emulator, server: str) -> None:
    schema = {"type": "object", "properties": {"city": {"enum": ["Bonn"]}}, "required": ["city"]}
    tool = {"type": "function", "function": {"name": "locate", "parameters": schema}}
    answer = ask(emulator, server, "locate me", f"journal {server}", tools=[tool])
    call = answer.json()["choices"][0]["message"]["tool_calls"][0]["function"]
    assert (call["name"], call["arguments"]) == ("locate", '{"city":"Bonn"}')
    with Admin(emulator.url) as admin:
        (entry,) = admin.entries(session=f"journal {server}")
    assert (entry["source"], entry["outcome"]) == ("generated", "completed")
    usage = answer.json()["usage"]
    kept = entry["usage"]
    assert kept is not None
    assert kept["prompt_tokens"] == usage["prompt_tokens"]
    assert sum((kept["prompt_tokens"], kept["completion_tokens"], kept["reasoning_tokens"])) == usage["total_tokens"]


@pytest.mark.parametrize("server", [*SERVERS, *sorted(THINKERS)])
def test_json_is_json_whether_the_model_thinks_or_not(emulator: Emulator, server: str) -> None:
    schema = {"type": "object", "properties": {"city": {"enum": ["Bonn"]}}, "required": ["city"]}
    form = {"type": "json_schema", "json_schema": {"name": "place", "schema": schema}}
    switches = {"thinking": True, "enable_thinking": True}
    answer = ask(emulator, server, "where am I?", "json", response_format=form, chat_template_kwargs=switches)
    assert words(answer) == '{"city":"Bonn"}'
