"""Answers that are filled in, and those that leave in one write, are the bytes that the long ways give."""

import re
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from emulator import Emulator
from emulator.web.transport import Wire
from tests.acceptance.wire import ask, post

FROZEN = "2026-02-11T22:54:21Z"
TURNS = """
turns:
  - when: { user: riddle }
    reply: [{ thinking: A short one will do. }, { text: "What has keys but opens no door? \\"A piano.\\"" }]
  - when: { user: slow }
    reply: One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen.
    pacing: { first_token: 1ms, tokens_per_second: 5000, tokens_per_chunk: 2, jitter: 20% }
  - when: { user: told }
    reply: "You said: {{ user }}"
  - when: { user: counted }
    reply: Twelve.
    usage: { prompt_tokens: 12 }
  - reply: The capital of France is Paris.
"""
PRO, OLD = "google/gemini-3.1-pro-preview", "google/gemini-2.5-flash"
LATER: list[dict[str, Any]] = [
    *(ask(text, stream=stream) for text in ("A riddle, long or short", "slow, please") for stream in (False, True)),
    ask("told twice"),
    ask("counted twice"),
    ask("Which capital has the country over there?", model=OLD),
    ask("Which capital has the country over there?", temperature=0.2, seed=3),
    ask("A riddle!", extra_body={"google": {"thinking_config": {"include_thoughts": True}}}),
    ask("A long riddle!", max_tokens=3),
    ask("Which capital?", n=2),
    ask("Which capital?", stop="is"),
    ask("Which?", tools=[{"type": "function", "function": {"name": "look_up", "description": "Looks up."}}]),
]
EARLIER = [ask(text, stream=stream) for text in ("riddle", "slow", "told", "counted", "?") for stream in (False, True)]


@pytest.fixture
def scenarios(tmp_path: Path) -> Path:
    (tmp_path / "turns.yaml").write_text(TURNS)
    return tmp_path


@pytest.mark.parametrize("body", LATER)
def test_a_turn_that_answered_before_says_what_it_would_have_said_first(scenarios: Path, body: dict[str, Any]) -> None:
    with Emulator(scenarios=scenarios, clock=FROZEN) as fresh:
        first = post(fresh, body)
    with Emulator(scenarios=scenarios, clock=FROZEN) as emulator:
        for earlier in EARLIER:
            post(emulator, {**earlier, "model": body["model"]})
        later, again = post(emulator, body), post(emulator, body)
        usage = [request.usage for request in emulator.requests[-2:]]
    assert later.content == first.content
    assert again.content != later.content  # another attempt has another id
    assert _without_ids(again.content) == _without_ids(later.content)
    assert usage[0] is not None
    assert usage[0] == usage[1]
    assert f'"prompt_tokens":{usage[0]["prompt_tokens"]}' in later.text


def _without_ids(body: bytes) -> bytes:
    return re.sub(rb'"id":"[^"]*"', b"", body)


REQUESTS = {
    "usual": b"",
    "to be closed": b"connection: close\r\n",
    "of a browser": b"origin: http://localhost:5173\r\n",
}


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
@pytest.mark.parametrize("more", REQUESTS.values(), ids=REQUESTS)
def test_one_write_sends_what_uvicorn_would(
    scenarios: Path, monkeypatch: pytest.MonkeyPatch, version: bytes, more: bytes
) -> None:
    with Emulator(scenarios=scenarios, clock=FROZEN, ids="stable", log_format="off") as emulator:
        ours = _sent(emulator, _request(emulator, b"?", version, more))
        monkeypatch.setattr(Wire, "answer", lambda *_: False)
        monkeypatch.setattr(Wire, "body", lambda *_: None)
        uvicorns = _sent(emulator, _request(emulator, b"?", version, more))
    assert ours == uvicorns
    assert b"HTTP/1.1 200 OK\r\n" in ours


def test_requests_of_a_pipeline_are_answered_in_order(scenarios: Path) -> None:
    with Emulator(scenarios=scenarios) as emulator:
        texts = [b"slow", b"one riddle", b"slow again", b"and what else?"]
        answers = _sent(emulator, b"".join(_request(emulator, text) for text in texts), len(texts))
    said = re.findall(rb'"content":"(\w+ \w+)', answers)
    assert said == [b"One two", b"What has", b"One two", b"The capital"]


def test_a_session_s_name_cannot_add_headers(scenarios: Path) -> None:
    with Emulator(scenarios=scenarios) as emulator:
        answer = post(emulator, ask("?"), x_emulator_session="a\tb  c")
    assert answer.headers["x-emulator-session"] == "a b c"


def _request(emulator: Emulator, text: bytes, version: bytes = b"1.1", more: bytes = b"") -> bytes:
    body = b'{"model": "google/m", "messages": [{"role": "user", "content": "%s"}]}' % text
    path = f"{urlsplit(emulator.base_url).path}/chat/completions".encode()
    head = b"POST %s HTTP/%s\r\nhost: x\r\nauthorization: Bearer x\r\n%s" % (path, version, more)
    return head + b"content-length: %d\r\n\r\n" % len(body) + body


def _sent(emulator: Emulator, data: bytes, answers: int = 1) -> bytes:
    """What comes back, dates aside."""
    address = urlsplit(emulator.url)
    got = b""
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as client:
        client.sendall(data)
        while got.count(b"0\r\n\r\n") < answers and (piece := client.recv(65_536)):
            got += piece
    return re.sub(rb"date: [^\r]*\r\n", b"", got)
