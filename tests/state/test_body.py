"""Records of large bodies."""

import hashlib
import json
from typing import Any

import pytest

from gemulator.core.credentials import Redactor
from gemulator.delivery.steps import Chunk, Delivery, Head
from gemulator.state import serialization as codec
from gemulator.state.journal.answers import redact_delivery
from gemulator.state.journal.body import LARGEST_RAW, Body, without_media
from gemulator.state.journal.entry import Exchange, Received
from gemulator.state.memory import MemoryStore
from gemulator.state.store import StoreLimits
from tests.stores import Kind, received

KEY = "AIza" + "x" * 35
MEDIUM = "iVBORw0KGgo/" * 100
MARK = f"<900 bytes, sha256 {hashlib.sha256(MEDIUM.encode()).hexdigest()}>"
TOOLS = [{"type": "function", "function": {"name": f"f{number}", "description": "d" * 900}} for number in range(30)]


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ({"url": f"data:image/png;base64,{MEDIUM}"}, {"url": f"data:image/png;base64,{MARK}"}),
        ({"input_audio": {"data": MEDIUM, "format": "wav"}}, {"input_audio": {"data": MARK, "format": "wav"}}),
        ({"file": {"file_data": MEDIUM}}, {"file": {"file_data": MARK}}),
        ({"data": f"data:audio/wav;base64,{MEDIUM}"}, {"data": f"data:audio/wav;base64,{MARK}"}),
        ({"content": MEDIUM}, {"content": MEDIUM}),
        ({"content": f'say "data": "{MEDIUM}"'}, {"content": f'say "data": "{MEDIUM}"'}),
        ({"data": "plain words " * 99}, {"data": "plain words " * 99}),
        ({"data": "QUJD"}, {"data": "QUJD"}),
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_only_media_are_left_out(sent: Any, stored: Any, indent: int | None) -> None:
    assert json.loads(without_media(json.dumps([sent, sent], indent=indent).encode())) == [stored, stored]


@pytest.mark.parametrize(
    "raw", [b'"data', b'"data:', b'"data:,', b'{"data":"', b'{"data" : ', b'"file_data":"' + b"A" * 600]
)
def test_broken_bodies_stay(raw: bytes) -> None:
    assert without_media(raw) == raw


def test_large_body_is_whole_without_media() -> None:
    raw = json.dumps({"content": "x" * LARGEST_RAW, "url": f"data:image/png;base64,{MEDIUM}"}).encode()
    body = Body.of(raw, 1_000_000)
    assert (body.cut, body.is_complete, body.size) == (False, False, len(raw))
    assert body.sha256 == hashlib.sha256(raw).hexdigest()
    assert json.loads(body.data)["url"] == f"data:image/png;base64,{MARK}"
    assert b"<image/png, 900 bytes, sha256 " in body.shown
    assert Body.of(raw, 1_000).cut


def test_credentials_are_not_stored() -> None:
    body = Body.of(json.dumps({"content": f"my {KEY}"}).encode(), 1_000)
    assert body.redacted == ("a Google API key",)
    assert not body.is_complete
    assert json.loads(body.data) == {"content": "my (redacted: a Google API key)"}


def stored(body: Body, session: str = "s") -> Received:
    one = received(session)
    exchange = Exchange("POST", "/x", "m", body, 200, "turn", scenario="weather", turn=2)
    return Received(one.at, session, 0, exchange, one.headers, one.delivery, 1_000)


async def test_equal_tools_are_stored_and_counted_once() -> None:
    raw = [json.dumps({"content": "x" * number, "tools": TOOLS}).encode() for number in range(5)]
    bodies = [Body.of(one, 100_000) for one in raw]
    assert [body.data for body in bodies] == raw
    assert len({id(body.tools) for body in bodies}) == 1
    store = MemoryStore(StoreLimits(entries=3))
    for body in bodies:
        await store.append(stored(body))
    assert bodies[0].tools is not None
    (state,) = [one for one in await store.sessions() if one.name == "s"]
    assert (state.entries, state.bytes) == (3, 3_000 + len(bodies[0].tools.data))
    for _ in range(3):
        await store.append(received())
    (state,) = [one for one in await store.sessions() if one.name == "s"]
    assert state.bytes == 3_000


async def test_record_survives_every_store(kind: Kind) -> None:
    raw = json.dumps({"content": f"{KEY} {'x' * 20_000}", "tools": TOOLS}).encode()
    body = Body.of(raw, 100_000)
    store = kind.make()
    number = await store.append(stored(body))
    entry = await store.entry(number)
    assert entry is not None
    found = entry.received.exchange.body
    assert (found.data, found.size, found.sha256) == (body.data, body.size, body.sha256)
    assert (found.cut, found.redacted) == (False, ("a Google API key",))


@pytest.mark.parametrize(("sha256", "cut"), [("", False), ("0" * 64, True)])
def test_body_by_an_older_release_is_whole_or_cut(sha256: str, cut: object) -> None:
    tree = json.loads(codec.encode(stored(Body(b"{}", 9, sha256))))
    for name in ("cut", "redacted", "answer_cut"):
        del tree[name]
    assert codec.decode(json.dumps(tree).encode()).exchange.body.cut is cut


def events(*contents: str) -> Delivery:
    chunks = [f"data: {json.dumps({'choices': [{'delta': {'content': one}}]})}\n\n".encode() for one in contents]
    return Delivery((Head(200, ()), *(Chunk(chunk, 1) for chunk in chunks)))


@pytest.mark.parametrize(
    ("contents", "left"),
    [(("Hi ", KEY, "!"), ["Hi ", "redacted: a Google", "!"]), ((KEY[:9], KEY[9:], "!"), ["in several"] * 3)],
)
def test_credentials_are_found_across_events(contents: tuple[str, ...], left: list[str]) -> None:
    steps = redact_delivery(events(*contents), Redactor()).steps
    data = [step.data.decode() for step in steps if isinstance(step, Chunk)]
    assert all(text in one for text, one in zip(left, data, strict=True))
    assert KEY[9:] not in "".join(data)
