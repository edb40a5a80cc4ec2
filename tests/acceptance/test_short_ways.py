"""Fast paths (cached answers, single writes) send the same bytes as the slow ones."""

import json
import re
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

from gemulator import Emulator
from gemulator.engine.engine import Engine
from gemulator.request.parser import parse, request_of
from gemulator.server.protocol.fast_path import FastHttpProtocol
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
def test_a_cached_answer_equals_a_first_answer(scenarios: Path, body: dict[str, Any]) -> None:
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
    "on demand": b"expect: 100-continue\r\n",
}


@pytest.mark.parametrize("text", [b"?", b"slow"])
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
@pytest.mark.parametrize("more", REQUESTS.values(), ids=REQUESTS)
def test_a_single_write_equals_what_uvicorn_sends(
    scenarios: Path, monkeypatch: pytest.MonkeyPatch, version: bytes, more: bytes, text: bytes
) -> None:
    with Emulator(scenarios=scenarios, clock=FROZEN, ids="stable", log_format="off") as emulator:
        ours = _sent(emulator, [_request(emulator, text, version, more)])
        monkeypatch.setattr(FastHttpProtocol, "_eligible", lambda _: False)
        uvicorns = _sent(emulator, [_request(emulator, text, version, more)])
    assert ours == uvicorns
    assert b"HTTP/1.1 200 OK\r\n" in ours


def test_a_request_may_arrive_in_pieces(scenarios: Path) -> None:
    with Emulator(scenarios=scenarios, clock=FROZEN, ids="stable") as emulator:
        for text in (b"?", b"slow"):
            whole = _request(emulator, text)
            cuts = (0, 9, len(whole) - 40, len(whole) - 3, len(whole))
            assert _sent(emulator, [whole[a:b] for a, b in pairwise(cuts)]) == _sent(emulator, [whole])


def test_a_body_may_be_chunked(scenarios: Path) -> None:
    with Emulator(scenarios=scenarios, clock=FROZEN, ids="stable") as emulator:
        whole = _request(emulator, b"?")
        head, _, body = whole.partition(b"\r\n\r\n")
        head = re.sub(rb"content-length: \d+", b"transfer-encoding: chunked", head)
        chunked = b"%b\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (head, len(body), body)
        assert _sent(emulator, [chunked]) == _sent(emulator, [whole])


def test_a_started_request_is_answered_while_the_server_stops(scenarios: Path) -> None:
    settings: Any = {"scenarios": scenarios, "clock": FROZEN, "ids": "stable"}
    with Emulator(**settings, grace=5) as emulator, _connected(emulator) as client:
        whole = _request(emulator, b"?")
        client.sendall(whole[:-9])
        assert _until(lambda: any(connection._held for connection in _connections(emulator)))
        stopping = Thread(target=emulator.stop)
        stopping.start()
        assert not _until(lambda: not stopping.is_alive(), patience=0.5)
        client.sendall(whole[-9:])
        answer = _read(client, 1)
        stopping.join()
    assert b"HTTP/1.1 200 OK\r\n" in answer
    assert b"connection: close\r\n" in answer


def test_an_idle_connection_is_closed(scenarios: Path) -> None:
    with Emulator(scenarios=scenarios) as emulator:
        assert emulator._server is not None
        emulator._server.config.timeout_keep_alive = 1
        with _connected(emulator) as client:
            for text in (b"?", b"slow", b"?"):
                client.sendall(_request(emulator, text))
                assert _read(client, 1)
                answered = time.monotonic()
                time.sleep(0.6)
            assert client.recv(1) == b""
            assert time.monotonic() - answered > 0.9


def test_a_bug_is_reported(
    scenarios: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = []

    def broken(*_: object) -> None:
        calls.append(1)
        raise KeyError("nonsense")

    monkeypatch.setattr(Engine, "_build_answer", broken)
    with Emulator(scenarios=scenarios) as emulator:
        answer = post(emulator, ask("?"))
    assert (answer.status_code, answer.headers["x-emulator-error"], len(calls)) == (500, "bug", 1)
    assert "nonsense" in answer.text
    assert "KeyError: 'nonsense'" in capsys.readouterr().err


def test_requests_of_a_pipeline_are_answered_in_order(scenarios: Path) -> None:
    with Emulator(scenarios=scenarios) as emulator:
        texts = [b"slow", b"one riddle", b"slow again", b"and what else?"]
        answers = _sent(emulator, [b"".join(_request(emulator, text) for text in texts)], len(texts))
    texts = re.findall(rb'"content":"(\w+ \w+)', answers)
    assert texts == [b"One two", b"What has", b"One two", b"The capital"]


def test_a_started_answer_is_never_sent_for_another_request(scenarios: Path) -> None:
    """A question mark ends a path: the part before it here is not a chat route."""
    with Emulator(scenarios=scenarios) as emulator, _connected(emulator) as client:
        odd = _request(emulator, b"slow").replace(b"/locations/", b"?/locations/", 1)
        client.sendall(odd)
        assert client.recv(65_536).startswith(b"HTTP/1.1 404 ")
        client.sendall(_request(emulator, b"a riddle", more=b"expect: 100-continue\r\n"))
        assert b"What has keys" in _read(client, 1)


@pytest.mark.parametrize("size", [10_000, 80_000, 120_000])
def test_a_client_that_disconnects_is_noticed(scenarios: Path, size: int) -> None:
    with Emulator(scenarios=scenarios) as emulator:
        emulator.when(user="wait").reply("At last.", pacing={"first_token": "1h"})
        with _connected(emulator) as client:
            client.sendall(_request(emulator, b"wait " + b"x" * size))
            assert _until(lambda: len(emulator.requests) == 1)
        assert _until(lambda: emulator.requests[0].outcome == "client gone")


def test_concurrent_requests_count_each_other(scenarios: Path) -> None:
    """Each waits 0.1 s longer for each of the others that came before it."""
    with Emulator(scenarios=scenarios) as emulator, ExitStack() as stack:
        emulator.when(user="loaded").reply("Here.", pacing={"first_token": "100ms", "load": "100%"})
        clients = [stack.enter_context(_connected(emulator)) for _ in range(4)]
        assert _until(lambda: len(_connections(emulator)) == len(clients))
        loop, all_sent = _connections(emulator)[0].loop, Event()
        loop.call_soon_threadsafe(all_sent.wait)
        for client in clients:
            client.sendall(_request(emulator, b"loaded"))
        began = time.monotonic()
        all_sent.set()
        for client in clients:
            assert _read(client, 1)
        assert time.monotonic() - began > 0.39


SCHEMA = {
    "type": "OBJECT",
    "properties": {"city": {"type": ["string", "null"], "nullable": True}, "day": {"$ref": "#"}},
}
ENVELOPES: list[dict[str, Any]] = [
    {"tools": [{"type": "function", "function": {"name": "look_up", "parameters": SCHEMA}}], "tool_choice": "required"},
    {"functions": [{"name": "look_up", "parameters": SCHEMA}], "function_call": {"name": "look_up"}},
    {"response_format": {"type": "json_schema", "json_schema": {"name": "day", "schema": SCHEMA}}},
    {"guided_json": SCHEMA, "min_tokens": 3, "stream": True},
    {"extra_body": {"google": {"thinking_config": {"include_thoughts": True}, "safety_settings": []}}},
]


@pytest.mark.parametrize("fields", ENVELOPES, ids=lambda fields: next(iter(fields)))
def test_a_cached_envelope_is_not_changed(fields: dict[str, Any]) -> None:
    with Emulator() as emulator:
        for base_url in (emulator.base_url, emulator.endpoint_url("42")):
            body = json.dumps(ask("What is there on Monday?", **fields)).encode()
            envelope = parse(body).envelope
            assert post(emulator, body, base_url=base_url).status_code in {200, 400}
            again = parse(body)
            assert again.envelope is envelope
            assert again.request == request_of(json.loads(body))
            assert envelope.body == {**json.loads(body), "messages": []}


def test_a_session_name_cannot_add_headers(scenarios: Path) -> None:
    with Emulator(scenarios=scenarios) as emulator:
        answer = post(emulator, ask("?"), x_emulator_session="a\tb  c")
    assert answer.headers["x-emulator-session"] == "a b c"


def _request(emulator: Emulator, text: bytes, version: bytes = b"1.1", more: bytes = b"") -> bytes:
    body = b'{"model": "google/m", "messages": [{"role": "user", "content": "%s"}]}' % text
    path = f"{urlsplit(emulator.base_url).path}/chat/completions".encode()
    head = b"POST %s HTTP/%s\r\nhost: x\r\nauthorization: Bearer x\r\n%s" % (path, version, more)
    return head + b"content-length: %d\r\n\r\n" % len(body) + body


def _sent(emulator: Emulator, pieces: Sequence[bytes], answers: int = 1) -> bytes:
    """Return the responses without their dates."""
    with _connected(emulator) as client:
        for piece in pieces:
            client.sendall(piece)
            time.sleep(0.02 * (len(pieces) > 1))
        return _read(client, answers)


def _connected(emulator: Emulator) -> socket.socket:
    address = urlsplit(emulator.url)
    client = socket.create_connection((address.hostname or "", address.port or 0), timeout=10)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def _read(client: socket.socket, answers: int) -> bytes:
    got = b""
    while got.count(b"0\r\n\r\n") < answers and (piece := client.recv(65_536)):
        got += piece
    return re.sub(rb"date: [^\r]*\r\n", b"", got)


def _connections(emulator: Emulator) -> Sequence[FastHttpProtocol]:
    assert emulator._server is not None
    return [one for one in list(emulator._server.server_state.connections) if isinstance(one, FastHttpProtocol)]


def _until(holds: Callable[[], bool], patience: float = 5.0) -> bool:
    end = time.monotonic() + patience
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()
