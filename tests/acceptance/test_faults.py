"""A raw client sees of each fault exactly what its steps say."""

import asyncio
import gc
import json
import resource
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from gemulator import Emulator
from gemulator.delivery.faults.schema import FAULTS
from gemulator.delivery.steps import Chunk, CloseConnection, Hang, Head
from gemulator.server.delivery_response import DeliveryResponse
from gemulator.server.paced_player import PacedPlayer
from gemulator.server.protocol.connection import HttpConnection
from gemulator.state.journal.entry import Entry, Filter, Page
from tests.acceptance.wire import ask
from tests.waiting import PATIENCE, until

SCENARIO = """
pacing: { tokens_per_chunk: 1 }
turns:
  - when: { user: twice }
    reply: It works.
    fault: { refuse: { times: 2 } }
  - when: { user: long story }
    reply: { lorem: 5000 }
  - reply: Grüße!
"""


QUIET = 0.3  # seconds in which something would come if it were not withheld


@dataclass(frozen=True)
class Seen:
    """Status line and headers, the body without its chunked coding, and how the connection ended."""

    head: bytes
    body: bytes
    packets: list[bytes]
    ended: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder = tmp_path_factory.mktemp("faults")
    (folder / "s.yaml").write_text(SCENARIO)
    with Emulator(scenarios=folder, ids="stable", clock="2026-02-11T22:54:21Z", auth="open", grace=1) as emulator:
        yield emulator


def raw_request(
    server: Emulator,
    fault: str,
    text: str = "hi",
    *,
    stream: bool = True,
    pacing: str = "none",
    session: str = "default",
) -> bytes:
    body = json.dumps(ask(text, stream=stream)).encode()
    path = server.base_url.removeprefix(server.url)
    head = f"POST {path}/chat/completions HTTP/1.1\r\nhost: x\r\nx-emulator-fault: {fault}\r\n"
    head += f"x-emulator-pacing: {pacing}\r\nx-emulator-session: {session}\r\n"
    return head.encode() + b"content-length: %d\r\n\r\n" % len(body) + body


def connected(server: Emulator) -> socket.socket:
    host, _, port = server.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def look(
    server: Emulator, fault: str, *, stream: bool = True, session: str = "default", still: bytes | None = None
) -> Seen:
    """Ask, and read until the connection ends or the answer is complete.

    `still`: read until these bytes have come, and see whether any follow.
    """
    received, packets, ended = b"", [], "open"
    with connected(server) as client:
        client.sendall(raw_request(server, fault, stream=stream, session=session))
        try:
            while not received.endswith((b"\r\n0\r\n\r\n", b"\r\ncontent-length: 0\r\n\r\n")):
                if still is not None and still in received:
                    client.settimeout(QUIET)
                packet = client.recv(2**20)
                if not packet:
                    ended = "closed"
                    break
                packets.append(packet)
                received += packet
            else:
                ended = "complete"
        except TimeoutError:
            assert client.gettimeout() == QUIET, f"{still!r} does not come"
        except ConnectionResetError:
            ended = "reset"
    head, _, rest = received.partition(b"\r\n\r\n")
    chunked = b"transfer-encoding: chunked" in head
    return Seen(head, dechunked(rest) if chunked else rest, packets, ended)


def dechunked(data: bytes) -> bytes:
    out = b""
    while data:
        size, _, rest = data.partition(b"\r\n")
        length = int(size, 16)
        out += rest[:length]
        data = rest[length + 2 :]
    return out


def lines(body: bytes) -> list[bytes]:
    return body.split(b"\n\n")


@pytest.mark.parametrize(
    ("fault", "ended", "events"),
    [
        ("none", "complete", None),
        ("refuse", "closed", 0),
        ("reset: {after: 0s}", "reset", 0),
        ("reset: {after_chunks: 2}", "reset", 2),
        ("disconnect: {after_chunks: 0}", "closed", 0),
        ("disconnect: {after_chunks: 2}", "closed", 2),
        ("truncate: {after_chunks: 2}", "complete", 2),
        ("hang: {after: 0s}", "open", 0),
        ("hang: {after_chunks: 1}", "open", 1),
        ("hang: {after_chunks: 1, lasts: 50ms}", "closed", 1),
        ("stall: {after_chunks: 1, lasts: 50ms}", "complete", None),
        ("stall: {after_chunks: 1}", "open", 1),
        ("http10", "closed", None),
        ("slow_headers: {lasts: 50ms}", "closed", None),
    ],
)
def test_how_a_stream_ends(server: Emulator, fault: str, ended: str, events: int | None) -> None:
    whole = look(server, "none").body
    expected = whole if events is None else b"".join(line + b"\n\n" for line in lines(whole)[:events])
    seen = look(server, fault, still=expected[-9:] + b"\r\n" * bool(events) if ended == "open" else None)
    assert (seen.ended, seen.body) == (ended, expected)


SHORT = {"hang": "hang: {lasts: 50ms}", "stall": "stall: {lasts: 50ms}", "slow_headers": "slow_headers: {lasts: 50ms}"}
VARIANTS = ("error_event: {form: bare}", "error_event: {form: array}", "line_ends: {to: cr}", "gzip: {header: false}")
EACH = (*(SHORT.get(name, name) for name in FAULTS), *VARIANTS)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("fault", EACH)
def test_each_fault_goes_over_the_wire_as_its_steps_say(server: Emulator, fault: str, stream: bool) -> None:
    """The steps are those of the journal; tests/delivery/test_faults.py says what each fault makes of them."""
    session = f"{fault.translate(str.maketrans('', '', ' :{}'))}-{stream}"
    seen = look(server, fault, stream=stream, session=session)
    (entry,) = entries(server, session)
    steps = entry.received.delivery.steps
    heads = [step for step in steps if isinstance(step, Head)]
    data = b"".join(step.data for step in steps if isinstance(step, Chunk))
    if fault == "huge_event":  # of which the journal keeps the beginning
        assert seen.body.count(b" ") >= 8_000_000
    else:
        assert seen.body == data
    if heads:
        lines = [b": ".join(header) for header in heads[0].headers]
        assert seen.head.split(b" ")[1] == b"%d" % heads[0].status
        assert [line for line in seen.head.split(b"\r\n")[1:] if line in lines] == lines
    last = steps[-1]
    bare = any(head.bare for head in heads)
    cut = isinstance(last, Hang | CloseConnection) or bare
    assert seen.ended == (
        "reset" if isinstance(last, CloseConnection) and last.reset else "closed" if cut else "complete"
    )


def entries(server: Emulator, session: str) -> Sequence[Entry]:
    """What the journal has of a session."""
    assert server._server is not None
    store = server._server.config.loaded_app.state.engine.store
    page: Page = asyncio.run(store.entries(Filter(session=session)))
    return page.entries


@pytest.mark.parametrize("fault", ["refuse", "reset: {after: 0s}", "hang: {after: 0s}"])
def test_what_strikes_before_the_headers_leaves_no_byte(server: Emulator, fault: str) -> None:
    assert look(server, fault, still=b"" if fault.startswith("hang") else None).packets == []


def test_a_cut_event_ends_in_its_midst(server: Emulator) -> None:
    first, second, *_ = lines(look(server, "none").body)
    seen = look(server, "cut_event: {after_chunks: 1}")
    size = (len(second) + 2) // 2
    assert (seen.ended, seen.body) == ("closed", first + b"\n\n" + second[:size])


@pytest.mark.parametrize("by", [100, -10])
def test_a_wrong_length_goes_out_as_it_is(server: Emulator, by: int) -> None:
    whole = look(server, "none", stream=False).body
    seen = look(server, f"wrong_length: {{by: {by}}}", stream=False)
    assert (seen.ended, seen.body) == ("closed", whole)
    assert b"content-length: %d\r\n" % (len(whole) + by) in seen.head
    assert b"transfer-encoding" not in seen.head


def test_an_http10_answer_says_so(server: Emulator) -> None:
    seen = look(server, "http10", stream=False)
    assert seen.head.startswith(b"HTTP/1.0 200 OK\r\n")
    assert seen.head.endswith(b"connection: close")
    assert seen.body == look(server, "none", stream=False).body


def test_slow_headers_trickle(server: Emulator) -> None:
    whole = look(server, "none")
    assert look(server, "slow_headers: {lasts: 200ms}").body == whole.body
    (piece,) = look(server, "slow_headers: {lasts: 1h}", still=b"HTTP/").packets
    assert len(piece) < 40


def test_split_packets_arrive_one_by_one(server: Emulator) -> None:
    assert look(server, "split_characters: {gap: 30ms}").body == look(server, "none").body
    seen = look(server, "split_characters: {gap: 1h}", session="torn", still=b"Gr\xc3\r\n")
    assert (seen.ended, seen.body[-3:]) == ("open", b"Gr\xc3")
    (entry,) = entries(server, "torn")
    torn = [step for step in entry.received.delivery.steps if isinstance(step, Chunk) and step.data[-1:] == b"\xc3"]
    assert len(torn) == 2, "one for each of ü and ß"


def test_a_huge_event_arrives_whole(server: Emulator) -> None:
    seen = look(server, "huge_event: {size: 8MB, after_chunks: 0}")
    whole = look(server, "none").body
    assert seen.ended == "complete"
    assert seen.body.replace(b" " * 8_000_000, b"") == whole


def test_fail_twice_then_work(server: Emulator) -> None:
    def asked(session: str) -> str:
        try:
            headers = {"x-emulator-session": session}
            url = f"{server.base_url}/chat/completions"
            return str(httpx.post(url, json=ask("twice"), headers=headers).json()["choices"][0]["message"]["content"])
        except httpx.RemoteProtocolError:
            return "refused"

    assert [asked("a") for _ in range(4)] == ["refused", "refused", "It works.", "It works."]
    assert asked("b") == "refused", "each session counts for itself"


def test_a_browser_sees_the_fault_and_not_its_own_policy(server: Emulator) -> None:
    headers = {"origin": "http://localhost:5173", "x-emulator-fault": "http10"}
    answer = httpx.post(f"{server.base_url}/chat/completions", json=ask("hi"), headers=headers)
    assert answer.http_version == "HTTP/1.0"
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_header_that_means_nothing_is_refused(server: Emulator) -> None:
    headers = {"x-emulator-fault": "disconect", "x-emulator-pacing": "first_token: 1s"}
    answer = httpx.post(f"{server.base_url}/chat/completions", json=ask("hi"), headers=headers)
    assert answer.status_code == 400
    assert "did you mean 'disconnect'?" in answer.text


def test_nobody_complains_of_a_cut(server: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    for fault in ("disconnect", "reset", "wrong_length", "truncate", "hang: {lasts: 10ms}"):
        look(server, fault)
    assert caplog.text == ""


# ---- many clients, slow clients, clients that leave


def slow_socket(server: Emulator) -> socket.socket:
    """A client with a small window."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect((host, int(port)))
    return client


def narrow(server: Emulator, client: socket.socket) -> None:
    """Let the kernel hold little for the server's end of a connection: on loopback it would take megabytes."""
    assert server._server is not None
    connections = server._server.server_state.connections
    name = client.getsockname()
    until(lambda: any(wire.transport.get_extra_info("peername") == name for wire in list(connections)))
    (wire,) = [wire for wire in connections if wire.transport.get_extra_info("peername") == name]
    wire.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**15)


def wires(server: Emulator) -> set[HttpConnection]:
    """The server's connections with an answer under way."""
    assert server._server is not None
    found = {wire for wire in list(server._server.server_state.connections) if isinstance(wire, HttpConnection)}
    return {wire for wire in found if wire.cycle is not None and not wire.cycle.response_complete}


def in_flight(server: Emulator) -> float:
    text = httpx.get(f"{server.url}/__emulator/metrics").text
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith("gemulator_in_flight "))


def test_slow_readers_hold_little_and_gone_ones_nothing(server: Emulator) -> None:
    """Eight megabytes each for clients that do not read: what waits for them is bounded, and freed when they go."""
    clients = [slow_socket(server) for _ in range(4)]
    for client in clients:
        client.sendall(raw_request(server, "huge_event: {size: 8MB}"))
    until(lambda: len(wires(server)) == 4 and all(wire.flow.write_paused for wire in wires(server)))
    assert max(wire.transport.get_write_buffer_size() for wire in wires(server)) < 200_000
    assert in_flight(server) == 4
    for client in clients:
        client.close()
    until(lambda: in_flight(server) == 0)
    assert wires(server) == set()


def test_a_reader_of_1_kb_a_second_holds_little_of_a_paced_stream(server: Emulator) -> None:
    """Megabytes are due at once; they stay where they are made until the client has read what was sent."""
    client = slow_socket(server)
    narrow(server, client)
    pacing = "first_token: 1ms, tokens_per_second: 1000000, tokens_per_chunk: 1"
    client.sendall(raw_request(server, "none", "tell a long story", pacing=pacing))
    until(lambda: any(wire.flow.write_paused for wire in wires(server)))
    (wire,) = wires(server)
    read = 0
    for _ in range(20):
        time.sleep(0.05)
        read += len(client.recv(50))
        assert wire.transport.get_write_buffer_size() < 200_000
    assert read == 1000
    assert wires(server) == {wire}, "it is still under way"
    client.settimeout(PATIENCE)
    received = b""
    while not received.endswith(b"\r\n0\r\n\r\n"):
        received = received[-16:] + client.recv(2**16)
        read += len(received)
    assert read > 1_000_000, "and then it gets all the rest"
    client.close()


def test_a_cancelled_client_frees_everything_within_a_second(server: Emulator) -> None:
    """Responses, players, timers, tasks and connections: in mid-stream, and in the wait for the first token."""
    assert server._server is not None
    gc.collect()  # what other tests have left
    state = server._server.server_state
    paces = ("first_token: 1h", "tokens_per_second: 0.001, tokens_per_chunk: 1")
    clients = [connected(server) for _ in range(40)]
    for number, client in enumerate(clients):
        client.sendall(raw_request(server, "none", pacing=paces[number % 2]))
    for client in clients[1::2]:
        assert client.recv(4096).startswith(b"HTTP/1.1 200 OK")
    until(lambda: in_flight(server) == 40)
    assert {DeliveryResponse, PacedPlayer} <= alive()
    for client in clients:
        client.close()
    until(lambda: in_flight(server) == 0 and not wires(server))
    until(lambda: not state.tasks and alive() == set())


def alive() -> set[type]:
    """Which players there are."""
    kinds = {type(thing) for thing in gc.get_objects()}
    return kinds & {DeliveryResponse, PacedPlayer}


@pytest.fixture
def many_files() -> Iterator[None]:
    """Both ends of a thousand connections are in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_a_thousand_streams_end_cleanly_when_the_server_stops(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Those that can end within the grace do; others are cut; nobody complains of either."""
    (tmp_path / "s.yaml").write_text(SCENARIO)
    ends = stopped(tmp_path, PATIENCE, "tokens_per_second: 1")
    assert all(end.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n") for end in ends)
    ends = stopped(tmp_path, 0.5, "first_token: 1h", "tokens_per_second: 0.001")
    assert ends[::2] == [b""] * 500, "they waited for the first token"
    assert all(b"Gr" in end and b"[DONE]" not in end for end in ends[1::2]), "they were cut in mid-stream"
    assert "Traceback" not in caplog.text + capfd.readouterr().err


def arrived(server: Emulator) -> int:
    """Return the number of requests in the journal."""
    sessions = httpx.get(f"{server.url}/__emulator/sessions").json()["sessions"]
    return sum(session["entries"] for session in sessions)


def stopped(folder: Path, grace: float, *paces: str) -> list[bytes]:
    """Stop a server with a thousand streams at these paces in turn, and return what each client got."""
    emulator = Emulator(scenarios=folder, auth="open", grace=grace).start()
    with ExitStack() as stack:
        stack.callback(emulator.stop)
        clients = [stack.enter_context(connected(emulator)) for _ in range(1000)]
        for number, client in enumerate(clients):
            pacing = f"{paces[number % len(paces)]}, tokens_per_chunk: 1"
            client.sendall(raw_request(emulator, "none", pacing=pacing))
        until(lambda: arrived(emulator) == len(clients))
        emulator.stop()
        return [rest(client) for client in clients]


def rest(client: socket.socket) -> bytes:
    received = b""
    while packet := client.recv(2**16):
        received += packet
    return received
