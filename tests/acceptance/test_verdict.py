"""What real requests earn, over a real port: a client for each finding, and one that does all well."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from openai import OpenAI, OpenAIError

from gemulator import Emulator, create_app
from gemulator.cli import main
from gemulator.client import embedded
from tests.acceptance.wire import ask
from tests.waiting import PATIENCE

SCENARIO = """
turns:
  - when: { user: refused }
    reply: { error: 400 }
  - when: { user: later }
    reply: { error: 429, retry_after: 1h }
  - when: { user: down }
    reply: { error: 503 }
  - when: { user: twice }
    times: 2
    reply: { error: 503 }
  - when: { user: truncated }
    reply: One two three four.
    pacing: { tokens_per_chunk: 1 }
    fault: { truncate: { after_chunks: 2 } }
  - when: { user: slow }
    reply: One two three four.
    pacing: { tokens_per_chunk: 1, inter_token: 1h }
  - when: { user: weather, tool_result: get_weather }
    reply: It is sunny.
  - when: { user: weather }
    reply: { call: get_weather, with: { city: Paris } }
  - reply: Hello.
"""
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
Client = Callable[["Asking"], object]


class Asking:
    """A client that sends what it is told, as it is told."""

    def __init__(self, emulator: Emulator, http: httpx.Client) -> None:
        self.emulator = emulator
        self.http = http
        self.url = f"{emulator.base_url}/chat/completions"

    def __call__(self, text: str, *more: dict[str, Any], token: str = "x", **fields: Any) -> httpx.Response:
        body = ask(text, **fields)
        body["messages"] += more
        return self.http.post(self.url, json=body, headers={"authorization": f"Bearer {token}"})

    def call(self) -> dict[str, Any]:
        """The assistant's message that asks for the weather."""
        return dict(self("weather", tools=[WEATHER]).json()["choices"][0]["message"])

    def told(self, message: dict[str, Any], call_id: str | None = None) -> httpx.Response:
        """The same with a result."""
        result = {"role": "tool", "tool_call_id": call_id or message["tool_calls"][0]["id"], "content": "{}"}
        return self("weather", message, result, tools=[WEATHER])

    def openai(self, text: str, retries: int) -> None:
        with OpenAI(base_url=self.emulator.base_url, api_key="x", max_retries=retries) as client, suppress(OpenAIError):
            messages: Any = [{"role": "user", "content": text}]
            client.chat.completions.create(model="google/gemini-3.1-pro-preview", messages=messages)


def all_well(asking: Asking) -> None:
    asking.told(asking.call())
    asking.openai("twice", retries=2)
    asking.openai("refused", retries=2)


def again(text: str, times: int = 2) -> Client:
    return lambda asking: [asking(text) for _ in range(times)]


def takes_what_is_truncated(asking: Asking) -> None:
    lines = [line for line in asking("truncated", stream=True).text.splitlines() if line]
    said = "".join(json.loads(line[6:])["choices"][0]["delta"]["content"] for line in lines)
    asking("truncated", {"role": "assistant", "content": said}, {"role": "user", "content": "Go on."})


def leaves(asking: Asking) -> None:
    headers = {"authorization": "Bearer x"}
    with asking.http.stream("POST", asking.url, json=ask("slow", stream=True), headers=headers) as answer:
        next(answer.iter_raw())


def drops_the_signature(asking: Asking) -> None:
    message = asking.call()
    del message["tool_calls"][0]["extra_content"]
    asking.told(message)


def alters_the_signature(asking: Asking) -> None:
    message = asking.call()
    google = message["tool_calls"][0]["extra_content"]["google"]
    google["thought_signature"] = google["thought_signature"].swapcase()
    asking.told(message)


FINDINGS: list[tuple[Client, set[str]]] = [
    (all_well, set()),
    (again("refused"), {"retried a refusal"}),
    (lambda asking: asking.openai("down", retries=0), {"gave up too early"}),
    (again("later"), {"ignored retry-after"}),
    (again("down", 5), {"stormed"}),
    (again("Hi."), {"repeated an identical request"}),
    (takes_what_is_truncated, {"took a truncated answer for a whole one"}),
    (leaves, {"left a stream unread"}),
    (drops_the_signature, {"dropped a thought signature"}),
    (alters_the_signature, {"altered a thought signature"}),
    (lambda asking: asking.told(asking.call(), "call-of-another"), {"mismatched tool_call ids"}),
    (lambda asking: asking("Hi.", token="AIza" + "x" * 35), {"leaked a key"}),
]


@pytest.fixture
def emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """An emulator that finds no pause between requests, however long a busy machine makes them."""
    (tmp_path / "s.yaml").write_text(SCENARIO)
    monkeypatch.setattr(embedded, "create_app", partial(create_app, clock=lambda: 1_770_850_461.0))
    with Emulator(scenarios=tmp_path, signatures="off", grace=0) as emulator:
        yield emulator


def judged(emulator: Emulator) -> list[dict[str, Any]]:
    return list(httpx.get(f"{emulator.url}/__emulator/verdict").json()["findings"])


@pytest.mark.parametrize(("client", "kinds"), FINDINGS, ids=[", ".join(kinds) or "none" for _, kinds in FINDINGS])
def test_what_a_client_earns(emulator: Emulator, client: Client, kinds: set[str]) -> None:
    with httpx.Client() as http:
        client(Asking(emulator, http))
    findings = judged(emulator)
    end = time.monotonic() + PATIENCE
    while {finding["kind"] for finding in findings} != kinds and time.monotonic() < end:
        time.sleep(0.01)  # that a client has gone is noticed a little later
        findings = judged(emulator)
    assert {finding["kind"] for finding in findings} == kinds
    said = CliRunner().invoke(main, ["verdict", "--url", emulator.url])
    assert said.exit_code == (1 if kinds else 0)
    assert all(finding["advice"] in said.output and f"#{finding['requests'][0]}" in said.output for finding in findings)


@pytest.fixture
def lenient() -> Iterator[Emulator]:
    """A server that has answered what other servers refuse."""
    unnamed = {"type": "function", "function": {"name": "9", "parameters": {"type": ["object", "null"]}}}
    with Emulator(strictness="lenient", signatures="off", journal_body=2_000) as running, httpx.Client() as http:
        asking = Asking(running, http)
        for fields in ({"temperature": 9}, {"temperature": 9}, {"tools": [WEATHER]}, {"tools": [unnamed]}):
            assert asking("Hi.", **fields).status_code == 200
        assert http.post(asking.url, json=ask("Hi.")).status_code == 401
        yield running


def listed(url: str, word: str) -> tuple[int, list[dict[str, Any]]]:
    """Return exit code and findings of the command."""
    said = CliRunner().invoke(main, ["verdict", "--strictness", word, "--json", "--url", url])
    return said.exit_code, json.loads(said.output)


def test_verdict_lists_what_a_strictness_would_refuse(lenient: Emulator) -> None:
    assert listed(lenient.url, "lenient") == (0, [])
    code, found = listed(lenient.url, "service")
    assert code == 1
    assert [(one["kind"], one["requests"]) for one in found] == [
        ("refused under --strictness service", [1, 3]),
        ("refused under --strictness service", [7]),
    ]
    assert found[0]["message"].startswith("400: Unable to submit request because it has a temperature value of 9")
    assert "; to go on: send a value from 0 to 2" in found[0]["advice"]
    strict = lenient.default_session.verdict(strictness="strict")
    assert [one["requests"] for one in strict] == [[1, 3], [7]]
    assert "Proto field is not repeating" in strict[1]["message"]


def test_verdict_of_a_strictness_judges_signatures_by_it(emulator: Emulator) -> None:
    with httpx.Client() as http:
        drops_the_signature(Asking(emulator, http))
    (finding,) = emulator.admin.verdict(strictness="service")
    assert "came back without its `extra_content`" in finding["advice"]


def test_verdict_of_a_strictness_says_what_it_cannot_judge(lenient: Emulator) -> None:
    with httpx.Client() as http:
        Asking(lenient, http)("long " * 1_000)
    assert [one["kind"] for one in lenient.admin.verdict(strictness="lenient")] == ["not judged"]


def test_verdict_of_an_unknown_strictness_names_the_words(lenient: Emulator) -> None:
    answer = httpx.get(f"{lenient.url}/__emulator/verdict", params={"strictness": "kind"})
    assert answer.status_code == 422
    assert "lenient, service, strict" in answer.json()["error"]["remedy"]


def test_verdict_without_refusals_says_so(lenient: Emulator) -> None:
    said = CliRunner().invoke(main, ["verdict", "--strictness", "lenient", "--url", lenient.url])
    assert (said.exit_code, said.output) == (0, "Nothing would be refused.\n")
