"""Findings of a verdict: for each one a journal with it and a similar one without it."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from gemulator.delivery.steps import Chunk, CloseConnection, Delivery, Hang, Head, Step
from gemulator.dialects.gemini import retry_headers
from gemulator.state.journal.body import Body
from gemulator.state.journal.entry import Entry, Exchange, Finished, Outcome, Received
from gemulator.state.journal.redaction import drop_secrets
from gemulator.state.verdict import verdict

OK = Head(200, ((b"content-type", b"application/json"),))
EVENTS = Head(200, ((b"content-type", b"text/event-stream"),))
HELLO = [{"role": "user", "content": "hello"}]


def body(messages: list[dict[str, Any]], **fields: Any) -> bytes:
    return json.dumps({"model": "google/m", "messages": messages, **fields}).encode()


def whole(message: dict[str, Any] | None = None, finish: str = "stop") -> tuple[Step, ...]:
    choice = {"finish_reason": finish, "index": 0, "message": message or {"content": "Hi.", "role": "assistant"}}
    return OK, Chunk(json.dumps({"choices": [choice]}).encode())


def stream(*words: str, done: bool = True) -> tuple[Step, ...]:
    last = len(words) - 1
    return (
        EVENTS,
        *(
            Chunk(
                b"data: %s\n\n"
                % json.dumps(
                    {
                        "choices": [
                            {"delta": {"content": word}, "index": 0}
                            | ({"finish_reason": "stop"} if done and position == last else {})
                        ]
                    }
                ).encode()
            )
            for position, word in enumerate(words)
        ),
    )


def status(code: int, retry_after: float | None = None) -> tuple[Step, ...]:
    headers = retry_headers(retry_after)
    return Head(code, headers), Chunk(b'[{"error":{}}]')


def entry(
    number: int,
    steps: tuple[Step, ...] = whole(),
    *,
    messages: list[dict[str, Any]] = HELLO,
    at: float | None = None,
    outcome: Outcome = "completed",
    sent: int | None = None,
    session: str = "s",
    headers: dict[bytes, bytes] | None = None,
    raw: bytes | None = None,
) -> Entry:
    data = body(messages) if raw is None else raw
    streamed = EVENTS in steps
    exchange = Exchange("POST", "/v1/x", "google/m", Body(data, len(data)), 200, "turn", stream=streamed)
    moment = number * 10.0 if at is None else at
    received = Received(moment, session, 0, exchange, drop_secrets(headers or {}), Delivery(steps), 0)
    size = sum(len(step.data) for step in steps if isinstance(step, Chunk)) if sent is None else sent
    return Entry(number, received, Finished(outcome, 1 if size else 0, size, 0.0, 0.0), number)


CALL = {"function": {"arguments": "{}", "name": "f"}, "id": "call-1", "type": "function"}
SIGNED = CALL | {"extra_content": {"google": {"thought_signature": "AAAA"}}}
ASKS: dict[str, Any] = {"role": "assistant", "tool_calls": [SIGNED]}
RESULT = {"role": "tool", "tool_call_id": "call-1", "content": "{}"}
OTHER = [{"role": "user", "content": "other"}]


def after_call(**call: Any) -> list[dict[str, Any]]:
    return [*HELLO, {"role": "assistant", "tool_calls": [CALL | call]}, RESULT]


def history(answer: str) -> list[dict[str, Any]]:
    return [*HELLO, {"role": "assistant", "content": answer}, {"role": "user", "content": "go on"}]


TRUNCATED = stream("one", " two", done=False)
FIRST = sum(len(step.data) for step in stream("one", done=False) if isinstance(step, Chunk))  # bytes

TABLE: list[tuple[str, list[Entry], list[tuple[str, tuple[int, ...]]]]] = [
    ("all is well", [entry(1), entry(2, messages=OTHER)], []),
    ("a refusal, again", [entry(1, status(400)), entry(2, status(400))], [("retried a refusal", (1, 2))]),
    ("a refusal, then another request", [entry(1, status(400)), entry(2, messages=OTHER)], []),
    ("a passing failure, again", [entry(1, status(503)), entry(2)], []),
    ("never again", [entry(1, status(429)), entry(2, messages=OTHER)], [("gave up too early", (1,))]),
    (
        "never again after a reset",
        [entry(1, (CloseConnection(reset=True),), outcome="cut")],
        [("gave up too early", (1,))],
    ),
    ("told to wait", [entry(1, status(429, 30)), entry(2)], [("ignored retry-after", (1, 2))]),
    ("told to wait shortly", [entry(1, status(429, 0.5), at=1), entry(2, at=1.4)], [("ignored retry-after", (1, 2))]),
    ("waited shortly", [entry(1, status(429, 0.5), at=1), entry(2, at=1.7)], []),
    ("waited as told", [entry(1, status(429, 10)), entry(2)], []),
    (
        "four at once",
        [entry(n, status(503), at=100 + n * 0.01) for n in (1, 2, 3, 4)],
        [("stormed", (1, 2, 3, 4))],
    ),
    ("three at once", [entry(n, status(503), at=100 + n * 0.01) for n in (1, 2, 3)], []),
    ("four in their time", [entry(n, status(503)) for n in (1, 2, 3, 4)], []),
    ("many in their time", [entry(n, status(503)) for n in range(1, 12)], [("stormed", tuple(range(1, 12)))]),
    ("the same twice", [entry(1), entry(2)], [("repeated an identical request", (1, 2))]),
    ("the same in two sessions", [entry(1), entry(2, session="t")], []),
    (
        "a truncated stream in the history",
        [entry(1, TRUNCATED), entry(2, messages=history("one two"))],
        [("took a truncated answer for a whole one", (1, 2))],
    ),
    ("a truncated stream left out", [entry(1, TRUNCATED), entry(2, messages=OTHER)], []),
    ("a whole stream in the history", [entry(1, stream("one", " two")), entry(2, messages=history("one two"))], []),
    (
        "half of what should have left",
        [
            entry(1, stream("one", " two"), outcome="cut", sent=FIRST),
            entry(2, messages=history("one")),
        ],
        [("took a truncated answer for a whole one", (1, 2))],
    ),
    ("gone too soon", [entry(1, stream("a", "b"), outcome="client gone", sent=9)], [("left a stream unread", (1,))]),
    ("gone before anything came", [entry(1, stream("a", "b"), outcome="client gone", sent=0)], []),
    ("sat it out", [entry(1, (EVENTS, Hang(60.0)), outcome="cut")], [("no read timeout", (1,))]),
    ("did not sit it out", [entry(1, (EVENTS, Hang(60.0)), outcome="client gone", sent=0)], []),
    ("a signature comes back", [entry(1, whole(ASKS)), entry(2, messages=[*HELLO, ASKS, RESULT])], []),
    (
        "a signature is lost",
        [entry(1, whole(ASKS)), entry(2, messages=after_call())],
        [("dropped a thought signature", (1, 2))],
    ),
    (
        "a signature is another",
        [
            entry(1, whole(ASKS)),
            entry(2, messages=after_call(extra_content={"google": {"thought_signature": "BBBB"}})),
        ],
        [("altered a thought signature", (1, 2))],
    ),
    (
        "a result of nothing",
        [entry(1, messages=[*HELLO, ASKS, RESULT | {"tool_call_id": "call-2"}])],
        [("mismatched tool_call ids", (1,))],
    ),
    (
        "a key in the headers",
        [entry(1, headers={b"authorization": b"Bearer AIza" + b"x" * 35})],
        [("leaked a key", (1,))],
    ),
    (
        "a key in the body",
        [entry(1, messages=[{"role": "user", "content": "sk-" + "a" * 40}])],
        [("leaked a key", (1,))],
    ),
    ("a key that means nothing", [entry(1, headers={b"authorization": b"Bearer emulator.default"})], []),
    ("a body that is no JSON", [entry(1, status(400), raw=b"{")], []),
]


@pytest.mark.parametrize(("entries", "found"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_findings(entries: list[Entry], found: list[tuple[str, tuple[int, ...]]]) -> None:
    findings = verdict(entries)
    assert [(finding.kind, finding.requests) for finding in findings] == found
    assert all(finding.message and finding.advice for finding in findings)


@pytest.mark.parametrize(
    ("pause", "found"), [(0.0, {"ignored retry-after", "stormed"}), (29.0, {"ignored retry-after"}), (31.0, set())]
)
def test_pauses_are_measured_with_a_frozen_clock(pause: float, found: set[str]) -> None:
    entries = [entry(number, status(429, 30), at=100.0) for number in range(1, 6)]
    assert {finding.kind for finding in verdict(entries)} == {"ignored retry-after", "stormed"}
    assert list(verdict(entries, clock_frozen=True)) == []  # without measured times there are no findings
    timed = [
        replace(one, finished=replace(one.finished, began=7.0 + pause * one.number))
        for one in entries
        if one.finished is not None
    ]
    assert {finding.kind for finding in verdict(timed, clock_frozen=True)} == found


def test_unfinished_answer_has_no_findings() -> None:
    running = replace(entry(1, status(429)), finished=None)
    assert list(verdict([running])) == []


def test_leak_header_contains_no_secret() -> None:
    kept = drop_secrets({b"authorization": b"Bearer AIza" + b"x" * 35})
    assert b"x" * 10 not in b"".join(kept.values())


@pytest.mark.parametrize("calls", [7, [{"extra_content": "x"}], [{"extra_content": {"google": [1]}}]])
def test_refused_request_may_have_any_tool_calls(calls: Any) -> None:
    messages = [*HELLO, {"role": "assistant", "tool_calls": calls}]
    assert not verdict([entry(0, status(400), messages=messages)])
