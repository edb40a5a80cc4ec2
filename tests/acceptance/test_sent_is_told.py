"""The journal tells of each fault what a raw client sees: status, events and outcome."""

import json
import re
import socket
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import httpx
import pytest

from gemulator import Emulator
from gemulator.delivery.faults.schema import FAULTS
from gemulator.state.journal.json_views import EntryView
from tests.acceptance.wire import ask
from tests.redis_server import needs_redis, redis_server
from tests.waiting import PATIENCE, until

SHORT = {
    "hang": ["hang: {lasts: 50ms}", "hang: {after: 0s, lasts: 50ms}", "hang: {after_chunks: 0, lasts: 50ms}"],
    "stall": ["stall: {lasts: 50ms}"],
    "slow_headers": ["slow_headers: {lasts: 50ms}"],
    "reset": ["reset", "reset: {after: 0s}", "reset: {after_chunks: 1}"],
    "disconnect": ["disconnect", "disconnect: {after: 0s}", "disconnect: {after_bytes: 70}"],
    "truncate": ["truncate", "truncate: {after_bytes: 0}", "truncate: {after_bytes: 500}"],
    "wrong_length": ["wrong_length", "wrong_length: {by: -10}"],
    "gzip": ["gzip", "gzip: {header: false}", "[gzip, {disconnect: {after_chunks: 3}}]"],
    "split": ["split", "split: {size: 4, gap: 1ms}", "[{line_ends: {to: crlf}}, {split: {size: 4, gap: 1ms}}]"],
    "line_ends": ["line_ends", "line_ends: {to: cr}"],
    "bom": ["bom", "[bom, {split: {size: 4, gap: 1ms}}]"],
    "huge_event": ["huge_event: {size: 100kB}"],
    "error_event": [f"error_event: {{form: {form}}}" for form in ("own", "data", "bare", "array")],
    "html": ["html", "html: {status: 503}", "[html, {split: {size: 9}}]"],
    "redirect": ["redirect", "redirect: {status: 308}"],
}
LISTS = {  # of faults, and those that strike
    "[refuse, html]": ["html"],
    "[empty, html]": ["html"],
    "[{stall: {lasts: 50ms}}, html]": ["html"],
    "[{stall: {after: 0s, lasts: 50ms}}, html]": ["stall", "html"],
    "[html, refuse]": ["refuse"],
    "[{disconnect: {after_chunks: 1}}, {reset: {after_chunks: 1}}]": ["disconnect"],
    "[refuse, refuse]": ["refuse"],
}
CASES = [fault for name in FAULTS for fault in SHORT.get(name, [name])]
WITHOUT_EFFECT = {  # on a text, as a stream or whole
    True: {"raw_newlines"},
    False: {"raw_newlines", "error_event", "comments", "no_done", "reorder", "line_ends"},
}
TEXT = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich."


class Seen(NamedTuple):
    """Answer as a raw client saw it; without a status line the status is 0."""

    status: int
    headers: dict[str, str]
    body: bytes
    outcome: str

    def events(self, *, stream: bool) -> int:
        body = zlib.decompressobj(wbits=31).decompress(self.body) if self.body[:2] == b"\x1f\x8b" else self.body
        if not stream or self.status != 200:
            return 1 if self.body else 0
        events, has_data = 0, False
        for line in re.split(rb"\r\n|\r|\n", body.removeprefix(b"\xef\xbb\xbf"))[:-1]:
            events += not line and has_data
            has_data = bool(line) and (has_data or line.startswith(b"data:"))
        return events


@pytest.fixture(scope="module", params=["memory", pytest.param("redis", marks=needs_redis)])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder = tmp_path_factory.mktemp("told")
    turns = [{"when": {"user": f"case {at}."}, "reply": TEXT, "fault": fault} for at, fault in enumerate(_written())]
    scenario = {"pacing": {"tokens_per_chunk": 1}, "turns": [*turns, {"reply": TEXT}]}
    (folder / "s.yaml").write_text(json.dumps(scenario))
    with ExitStack() as stack:
        store = "memory" if request.param == "memory" else stack.enter_context(redis_server(folder)).url
        yield stack.enter_context(Emulator(scenarios=folder, auth="open", grace=1, store=store, journal_body=200_000))


def _written() -> list[Any]:
    import yaml

    return [yaml.safe_load(fault if fault[0] == "[" or ":" not in fault else f"{{{fault}}}") for fault in CASES]


def connect(server: Emulator) -> socket.socket:
    host, _, port = server.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def request(server: Emulator, text: str, session: str, *, stream: bool, **headers: str) -> bytes:
    body = json.dumps(ask(text, stream=stream)).encode()
    path = server.base_url.removeprefix(server.url)
    lines = [f"POST {path}/chat/completions HTTP/1.1", "host: x", "connection: close", f"x-emulator-session: {session}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body


def look(server: Emulator, sent: bytes) -> Seen:
    """Send a request and read until the connection ends."""
    received, is_reset = b"", False
    with connect(server) as client:
        client.sendall(sent)
        try:
            while data := client.recv(65_536):
                received += data
        except ConnectionResetError:
            is_reset = True
    head, complete, body = received.partition(b"\r\n\r\n")
    if not complete:
        return Seen(0, {}, b"", "cut")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    whole = True
    if headers.get("transfer-encoding") == "chunked":
        whole, body = body.endswith(b"0\r\n\r\n"), dechunked(body)
    elif "content-length" in headers:
        whole = len(body) >= int(headers["content-length"])
    return Seen(int(first.split()[1]), headers, body, "completed" if whole and not is_reset else "cut")


def dechunked(data: bytes) -> bytes:
    parts = []
    while data:
        size, _, data = data.partition(b"\r\n")
        parts.append(data[: int(size, 16)])
        data = data[int(size, 16) + 2 :]
    return b"".join(parts)


def ended_entry(server: Emulator, session: str) -> EntryView:
    """Return the only entry of a session once its delivery has ended."""
    found: list[EntryView] = []

    def has_ended() -> bool:
        found[:] = server.admin.entries(session=session, full=True)
        return len(found) == 1 and found[0]["outcome"] is not None

    until(has_ended)
    return found[0]


@pytest.mark.slow
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "unary"])
@pytest.mark.parametrize("origin", ["scenario", "header", "chaos"])
@pytest.mark.parametrize("number", range(len(CASES)), ids=CASES)
def test_journal_and_raw_client_agree(server: Emulator, number: int, origin: str, stream: bool) -> None:
    fault, session = CASES[number], f"{number}-{origin}-{stream}"
    text, headers = (f"case {number}." if origin == "scenario" else "hi"), {}
    if origin == "header":
        headers["x_emulator_fault"] = fault
    elif origin == "chaos":
        server.admin.chaos(session=session, fault=fault)
    seen = look(server, request(server, text, session, stream=stream, **headers))
    entry = ended_entry(server, session)
    told = (entry["status"], entry["chunks"], entry["outcome"])
    assert told == (seen.status, seen.events(stream=stream), seen.outcome)
    assert entry["bytes"] == len(seen.body)
    answer = entry["answer"]
    assert answer["headers"].items() <= seen.headers.items()
    assert sum(step.get("bytes", 0) for step in answer["steps"]) == len(seen.body)
    names = [name for name in re.findall(r"[a-z_0-9]+", fault) if name in FAULTS]
    assert entry["faults"] == [name for name in names if name not in WITHOUT_EFFECT[stream]]
    (in_archive,) = server.admin.har(session=session)["log"]["entries"]
    assert in_archive["response"]["status"] == seen.status
    assert in_archive["_faults"] == entry["faults"]


@pytest.mark.slow
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "unary"])
@pytest.mark.parametrize("faults", LISTS)
def test_only_faults_that_struck_are_named(server: Emulator, faults: str, stream: bool) -> None:
    session = f"{faults.replace(' ', '')}-{stream}"
    seen = look(server, request(server, "hi", session, stream=stream, x_emulator_fault=faults))
    entry = ended_entry(server, session)
    assert (entry["status"], entry["outcome"]) == (seen.status, seen.outcome)
    assert entry["faults"] == LISTS[faults]


def test_client_gone_before_the_headers_got_no_status(server: Emulator) -> None:
    with connect(server) as client:
        client.sendall(request(server, "hi", "gone", stream=True, x_emulator_pacing="first_token: 600s"))
        until(lambda: server.admin.entries(session="gone"))
    entry = ended_entry(server, "gone")
    assert (entry["status"], entry["outcome"], entry["chunks"], entry["bytes"]) == (0, "client gone", 0, 0)
    assert entry["answer"] == {"headers": {}, "steps": []}
    assert server.admin.entries(session="gone", status=200) == []
    (in_archive,) = server.admin.har(session="gone")["log"]["entries"]
    assert (in_archive["response"]["status"], in_archive["_outcome"]) == (0, "client gone")
    server.admin.verify(session=entry["session"], entries=[{"status": 200, "count": 0}, {"status": 0, "count": 1}])


def test_client_gone_in_mid_stream_got_only_the_first_events(server: Emulator) -> None:
    pacing = "first_token: 0s, inter_token: 600s, tokens_per_chunk: 1"
    with connect(server) as client:
        client.sendall(request(server, "hi", "half", stream=True, x_emulator_pacing=pacing, x_emulator_fault="bom"))
        received = b""
        while b"data: " not in received:
            received += client.recv(65_536)
    entry = ended_entry(server, "half")
    assert (entry["status"], entry["outcome"], entry["chunks"]) == (200, "client gone", received.count(b"data: "))
    assert sum(step["bytes"] for step in entry["answer"]["steps"]) == entry["bytes"]
    (in_archive,) = server.admin.har(session="half")["log"]["entries"]
    assert len(in_archive["response"]["content"]["text"].encode()) == entry["bytes"]


def test_exhausted_quota_is_named(server: Emulator) -> None:
    for line in ("requests_per_minute: 0", "tokens_per_minute: 0", "concurrent: 0"):
        name = line.partition(":")[0]
        seen = look(server, request(server, "hi", name, stream=False, x_emulator_quota=line))
        entry = ended_entry(server, name)
        assert (entry["status"], entry["quota"], entry["faults"]) == (seen.status, name, []) == (429, name, [])
        (in_archive,) = server.admin.har(session=name)["log"]["entries"]
        assert in_archive["_quota"] == name
        assert in_archive["comment"].endswith(f"quota {name}")


def test_verify_counts_the_status_that_was_sent(server: Emulator) -> None:
    look(server, request(server, "hi", "verified", stream=False, x_emulator_fault="html: {status: 503}"))
    assert ended_entry(server, "verified")["status"] == 503
    for status, count in ((503, 1), (200, 0)):
        server.admin.verify(session="verified", entries=[{"status": status, "count": count}])


def test_metrics_name_faults_and_quotas(server: Emulator) -> None:
    look(server, request(server, "hi", "page", stream=False, x_emulator_fault="[refuse, html]"))
    look(server, request(server, "hi", "counted", stream=False, x_emulator_fault="refuse"))
    look(server, request(server, "hi", "refused", stream=False, x_emulator_quota="concurrent: 0"))
    ended_entry(server, "counted")
    text = httpx.get(f"{server.url}/__emulator/metrics").text
    assert re.search(r'gemulator_requests_total\{.*outcome="cut".*status="0"\} ', text)
    for series in ('gemulator_faults_total{fault="html"}', 'gemulator_faults_total{fault="refuse"}'):
        assert f"{series} " in text
    assert 'gemulator_quota_refusals_total{quota="concurrent"} ' in text
