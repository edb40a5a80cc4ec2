"""What each fault makes of the steps: a table a fault."""

import gzip as gzip_file
import json
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from gemulator.core.seed import Seed
from gemulator.delivery.faults import apply_faults, counter_phases
from gemulator.delivery.faults.fault import Fault
from gemulator.delivery.faults.schema import FAULTS, Faults, faults_of
from gemulator.delivery.steps import Chunk, CloseConnection, Hang, Head, RawHead, Step

SEED = Seed.root("faults")
HEAD = Head(200, ((b"content-type", b"text/event-stream"),), wait=1.0)
ONE = Chunk(b'data: {"n":1}\n\n', 5)
TWO = Chunk(b'data: {"n":2}\n\n', 5, wait=0.5)
LAST = Chunk(b'data: {"choices":[{"finish_reason":"stop","index":0}],"usage":{"total_tokens":3}}\n\n', 2, wait=0.5)
DONE = Chunk(b"data: [DONE]\n\n")
STREAM: tuple[Step, ...] = (HEAD, ONE, TWO, LAST, DONE)

JSON_HEAD = Head(200, ((b"content-type", b"application/json"),), wait=2.0)
BODY = Chunk(b'{"n":"0123456789"}', 12, events=6)
WHOLE: tuple[Step, ...] = (JSON_HEAD, BODY)

READER: TypeAdapter[Any] = TypeAdapter(Faults)


def written(value: object) -> Sequence[Fault]:
    return faults_of(READER.validate_python(value))


def after(value: object, steps: Sequence[Step] = STREAM, answers: int = 0, seed: Seed = SEED) -> tuple[Step, ...]:
    return tuple(apply_faults(steps, written(value), answers, seed)[0])


def body(steps: Sequence[Step]) -> bytes:
    return b"".join(step.data for step in steps if isinstance(step, Chunk))


TABLE: list[tuple[object, tuple[Step, ...]]] = [
    ("refuse", (CloseConnection(),)),
    ({"reset": {"after": "0s"}}, (CloseConnection(reset=True),)),
    ({"reset": {"after": "500ms"}}, (CloseConnection(reset=True, wait=0.5),)),
    ({"reset": {"after_chunks": 2}}, (HEAD, ONE, TWO, CloseConnection(reset=True))),
    ("disconnect", (HEAD, ONE, TWO, CloseConnection())),
    ({"disconnect": {"after_chunks": 0}}, (HEAD, CloseConnection())),
    ({"disconnect": {"after_chunks": 4}}, (*STREAM, CloseConnection())),
    ({"disconnect": {"after_chunks": 5}}, STREAM),
    ({"disconnect": {"after_bytes": 0}}, (HEAD, CloseConnection())),
    ({"disconnect": {"after_bytes": 18}}, (HEAD, ONE, Chunk(b"dat", 5, wait=0.5), CloseConnection())),
    ({"disconnect": {"after_bytes": 15}}, (HEAD, ONE, CloseConnection())),
    ({"disconnect": {"after_bytes": 1000}}, STREAM),
    ({"disconnect": {"after": "1250ms"}}, (HEAD, ONE, CloseConnection(wait=0.25))),
    ({"disconnect": {"after": "1s"}}, (CloseConnection(wait=1.0),)),
    ({"disconnect": {"after": "9s"}}, STREAM),
    ({"cut_event": {"after_chunks": 1}}, (HEAD, ONE, Chunk(b"data: {", 5, wait=0.5), CloseConnection())),
    ({"cut_event": {"after_chunks": 4}}, STREAM),
    ({"hang": {"after": "0s", "lasts": "3s"}}, (Hang(3.0),)),
    ({"hang": {"after_chunks": 0, "lasts": "3s"}}, (HEAD, Hang(3.0))),
    ({"stall": {"after_chunks": 1, "lasts": "3s"}}, (HEAD, ONE, Chunk(TWO.data, 5, wait=3.5), LAST, DONE)),
    ({"stall": {"after": "1200ms", "lasts": "3s"}}, (HEAD, ONE, Chunk(TWO.data, 5, wait=3.5), LAST, DONE)),
    ({"slow_headers": {"lasts": "4s"}}, (Head(200, HEAD.headers, 1.0, RawHead(seconds=4.0)), ONE, TWO, LAST, DONE)),
    ({"truncate": {"after_chunks": 1}}, (HEAD, ONE, Chunk(b""))),
    ("http10", (Head(200, HEAD.headers, 1.0, RawHead("1.0")), ONE, TWO, LAST, DONE)),
    (
        {"content_type": {"to": "text/plain"}},
        (Head(200, ((b"content-type", b"text/plain"),), 1.0), ONE, TWO, LAST, DONE),
    ),
    ({"duplicate": {"after_chunks": 1}}, (HEAD, ONE, TWO, Chunk(TWO.data, 5), LAST, DONE)),
    (
        {"reorder": {"after_chunks": 0}},
        (HEAD, Chunk(TWO.data, 5), Chunk(ONE.data, 5, wait=0.5), LAST, DONE),
    ),
    ({"reorder": {"after_chunks": 3}}, STREAM),
    ("no_done", (HEAD, ONE, TWO, LAST)),
    (
        {"comments": {"every": 2, "text": "alive"}},
        (HEAD, ONE, Chunk(b": alive\n\n", wait=0.5), Chunk(TWO.data, 5), LAST, Chunk(b": alive\n\n"), DONE),
    ),
    ("bom", (HEAD, Chunk(b"\xef\xbb\xbf" + ONE.data, 5), TWO, LAST, DONE)),
    (
        {"error_event": {"after_chunks": 1, "code": 503, "status": "UNAVAILABLE", "message": "No."}},
        (HEAD, ONE, Chunk(b'data: {"error":{"code":503,"message":"No.","status":"UNAVAILABLE"}}\n\n')),
    ),
    (
        {"error_event": {"after_chunks": 1, "form": "array", "message": "No."}},
        (HEAD, ONE, Chunk(b'data: [{"error":{"code":499,"message":"No.","status":"CANCELLED"}}]\n\n')),
    ),
    (
        {"error_event": {"after": "0s", "form": "array", "message": "No."}},
        (HEAD, Chunk(b'data: [{"error":{"code":499,"message":"No.","status":"CANCELLED"}}]\n\n')),
    ),
    ({"truncate": {"after": "500ms"}}, (HEAD, Chunk(b""))),
    ("redirect", (Head(307, ((b"location", b"?redirected"), (b"content-length", b"0")), 1.0), Chunk(b""))),
    ("empty", (HEAD, Chunk(b""))),
    ([{"no_done": {}}, {"disconnect": {"after_chunks": 3}}], (HEAD, ONE, TWO, LAST, CloseConnection())),
    ([], STREAM),
]


@pytest.mark.parametrize(("fault", "expected"), TABLE, ids=[str(fault) for fault, _ in TABLE])
def test_what_a_fault_makes_of_a_stream(fault: object, expected: tuple[Step, ...]) -> None:
    assert after(fault) == expected


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"disconnect": {"after_chunks": 2}}, (JSON_HEAD, Chunk(BODY.data[:6], 12, events=2), CloseConnection())),
        ({"disconnect": {"after_chunks": 7}}, WHOLE),
        ("disconnect", (JSON_HEAD, Chunk(BODY.data[:9], 12), CloseConnection())),
        ({"disconnect": {"after": "1s"}}, (CloseConnection(wait=1.0),)),
        ({"truncate": {"after_bytes": 4}}, (JSON_HEAD, Chunk(b'{"n"', 12), Chunk(b""))),
        ("error_event", WHOLE),
        ("comments", WHOLE),
        ("no_done", WHOLE),
        ("bom", (JSON_HEAD, Chunk(b"\xef\xbb\xbf" + BODY.data, 12, events=6))),
    ],
)
def test_what_a_fault_makes_of_a_whole_body(fault: object, expected: tuple[Step, ...]) -> None:
    assert after(fault, WHOLE) == expected


@pytest.mark.parametrize("steps", [STREAM, WHOLE])
def test_a_garbled_event_is_no_json_and_no_other_line(steps: tuple[Step, ...]) -> None:
    for number in range(50):
        garbled = body(after({"garble": {"after_chunks": 0}}, steps, seed=SEED.child(number)))
        assert len(garbled) == len(body(steps))
        assert garbled.split(b"\n\n")[1:] == body(steps).split(b"\n\n")[1:]
        with pytest.raises(json.JSONDecodeError):
            json.loads(garbled.split(b"\n\n")[0].removeprefix(b"data: ").decode())


def test_a_bare_error_is_outside_of_any_data_line() -> None:
    *_, error = after({"error_event": {"form": "bare"}})
    assert isinstance(error, Chunk)
    assert b"data:" not in error.data
    assert json.loads(error.data)["error"]["status"] == "CANCELLED"


@pytest.mark.parametrize(("by", "length"), [(100, 227), (-10, 117), (-1000, 0)])
def test_a_wrong_length(by: int, length: int) -> None:
    head, *rest = after({"wrong_length": {"by": by}})
    assert tuple(rest) == STREAM[1:]
    assert isinstance(head, Head)
    assert head.bare == RawHead()
    assert dict(head.headers)[b"content-length"] == b"%d" % length


def test_split_cuts_everything_and_loses_nothing() -> None:
    split = after({"split": {"size": 4, "gap": "2ms"}})
    chunks = [step for step in split if isinstance(step, Chunk)]
    assert body(split) == body(STREAM)
    assert {len(chunk.data) for chunk in chunks} <= {1, 2, 3, 4}
    assert [chunk.wait for chunk in chunks[:5]] == [0, 0.002, 0.002, 0.002, 0.5]


def test_split_characters_cuts_inside_them_only() -> None:
    text = "data: aé€😀z\n\n".encode()
    packets = [step.data for step in after("split_characters", (HEAD, Chunk(text))) if isinstance(step, Chunk)]
    assert packets == [b"data: a\xc3", b"\xa9\xe2", b"\x82\xac\xf0", b"\x9f\x98\x80z\n\n"]


def test_gzip_flushes_after_each_event() -> None:
    import zlib

    head, *chunks = after("gzip")
    assert isinstance(head, Head)
    assert dict(head.headers)[b"content-encoding"] == b"gzip"
    unpacker = zlib.decompressobj(wbits=31)
    assert [unpacker.decompress(step.data) for step in chunks if isinstance(step, Chunk)] == [
        step.data for step in STREAM if isinstance(step, Chunk)
    ]
    assert unpacker.eof
    assert gzip_file.decompress(body(chunks)) == body(STREAM)
    silent, *_ = after({"gzip": {"header": False}})
    assert silent == HEAD


def test_gzip_of_a_broken_body_has_no_end() -> None:
    import zlib

    unpacker = zlib.decompressobj(wbits=31)
    broken = after([{"disconnect": {"after_chunks": 1}}, "gzip"])
    assert unpacker.decompress(body(broken)) == ONE.data
    assert not unpacker.eof


@pytest.mark.parametrize(("to", "end"), [("crlf", b"\r\n"), ("cr", b"\r")])
def test_line_ends(to: str, end: bytes) -> None:
    assert body(after({"line_ends": {"to": to}})) == body(STREAM).replace(b"\n", end)


def test_a_huge_event_says_the_same() -> None:
    _, huge, *rest = after({"huge_event": {"size": "8MB", "after_chunks": 0}})
    assert isinstance(huge, Chunk)
    assert len(huge.data) == 8_000_000 + len(ONE.data)
    assert json.loads(huge.data.removeprefix(b"data: ")) == {"n": 1}
    assert tuple(rest) == STREAM[2:]


@pytest.mark.parametrize(
    ("fault", "last"),
    [
        ("no_finish_reason", b'data: {"choices":[{"index":0}],"usage":{"total_tokens":3}}\n\n'),
        ("no_usage", b'data: {"choices":[{"finish_reason":"stop","index":0}]}\n\n'),
    ],
)
def test_what_can_be_missing(fault: str, last: bytes) -> None:
    assert after(fault) == (HEAD, ONE, TWO, Chunk(last, 2, wait=0.5), DONE)


def called_with(arguments: str) -> Chunk:
    """An event with a piece of a call's arguments."""
    delta = {"tool_calls": [{"function": {"arguments": arguments, "name": "f"}}]}
    return Chunk(b"data: " + json.dumps({"choices": [{"delta": delta}]}, separators=(",", ":")).encode() + b"\n\n")


def test_line_breaks_of_arguments_lose_their_escape() -> None:
    steps: tuple[Step, ...] = (HEAD, *map(called_with, [r'{"text":"one\ntwo', '"', "}"]), DONE)
    struck = [chunk.data for chunk in after("raw_newlines", steps)[1:-1] if isinstance(chunk, Chunk)]
    deltas = [json.loads(data.removeprefix(b"data: "))["choices"][0]["delta"] for data in struck]
    joined = "".join(delta["tool_calls"][0]["function"]["arguments"] for delta in deltas)
    assert joined == '{"text":"one\ntwo"}'
    with pytest.raises(json.JSONDecodeError):
        json.loads(joined)


def test_an_html_page() -> None:
    head, page = after({"html": {"status": 503}})
    assert head == Head(503, ((b"content-type", b"text/html"),), 1.0)
    assert isinstance(page, Chunk)
    assert b"<h1>503 Service Unavailable</h1>" in page.data


# ---- whether it strikes


def test_chance_is_decided_by_the_seed() -> None:
    struck = [after({"refuse": {"chance": "25%"}}, seed=SEED.child(n)) == (CloseConnection(),) for n in range(2000)]
    assert struck == [
        after({"refuse": {"chance": "25%"}}, seed=SEED.child(n)) == (CloseConnection(),) for n in range(2000)
    ]
    assert 0.2 < sum(struck) / len(struck) < 0.3


def test_counted_faults_follow_each_other() -> None:
    sequence = [{"refuse": {"times": 2}}, {"empty": {"skip": 2, "times": 1}}]
    assert [after(sequence, answers=n) for n in range(4)] == [
        (CloseConnection(),),
        (CloseConnection(),),
        (HEAD, Chunk(b"")),
        STREAM,
    ]
    assert counter_phases(written(sequence)) == [2, 1]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [("refuse", []), ({"refuse": {"times": 3}}, [3]), ({"refuse": {"skip": 2}}, [2]), ([], [])],
)
def test_phases(fault: object, expected: list[int]) -> None:
    assert counter_phases(written(fault)) == expected


# ---- how they are written


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("disconect", "did you mean 'disconnect'?"),
        ({"disconnect": {"after_chunks": 1, "after": "1s"}}, "one position"),
        ({"disconnect": {}, "stall": {}}, "write several faults as a list"),
        ({"disconnect": {"after": 3}}, "needs a unit"),
        ({"refuse": {"chance": "200%"}}, "percentage"),
        ({"huge_event": {"size": "8GB"}}, "unit"),
        ({"redirect": {"to": "x\r\ny: z"}}, "printable ASCII"),
        ({"split": {"gap": "0ms"}}, "greater than 0"),
    ],
)
def test_what_is_refused(value: object, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        written(value)


def test_every_fault_is_known_by_its_key_and_says_what_it_is() -> None:
    assert {name: kind.key for name, kind in FAULTS.items()} == {name: name for name in FAULTS}
    assert all(kind.__doc__ for kind in FAULTS.values())
    steps = (*STREAM, Chunk("é".encode()), called_with(r'{"text":"one\ntwo"}'))
    for name in FAULTS:
        assert written(name) == written({name: None}) == written([{name: {}}])
        assert after(name, steps) != steps
