"""Errors of turns before refusals of the service, and requests that are refused and not counted."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from gemulator import Emulator, Session
from gemulator.core.errors import RequestError
from gemulator.request.parser import parse
from gemulator.service.refusals import refuse
from tests.acceptance.wire import ask, post
from tests.endpoint import Endpoint, schema

HOT: dict[str, Any] = {"temperature": 9}  # refused by a rule: 0 to 2
IMPOSSIBLE = schema({"type": "string", "enum": []})
ROLES = "'assistant', 'developer', 'function', 'model', 'system', 'tool', 'user'"
STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(unmatched="error") as running:
        yield running


@pytest.fixture
def session(emulator: Emulator) -> Iterator[Session]:
    with emulator.session() as one:
        yield one


def send(session: Session, text: str = "hi", **fields: Any) -> tuple[int, str]:
    """Ask with the OpenAI SDK; return the status and the message or text."""
    client = session.openai(max_retries=0)
    try:
        answer = client.chat.completions.create(**ask(text, **fields))
    except openai.APIStatusError as error:
        tree = error.response.json()
        return error.status_code, (tree[0] if isinstance(tree, list) else tree)["error"]["message"]
    if fields.get("stream"):
        return 200, "".join(chunk.choices[0].delta.content or "" for chunk in answer)
    return 200, answer.choices[0].message.content


def explain(session: Session, **fields: Any) -> Any:
    return session.admin.explain(ask("hi", **fields), session=session.name)


@STREAMS
def test_error_of_a_turn_wins_over_a_rule(session: Session, stream: bool) -> None:
    stub = session.when(user="hi").fail(429, times=1).reply("Hello!")
    assert send(session, stream=stream, **HOT)[0] == 429
    status, message = send(session, stream=stream, **HOT)
    assert (status, "temperature" in message) == (400, True)
    assert send(session, stream=stream) == (200, "Hello!")
    assert stub.call_count == 2
    session.assert_done()


@STREAMS
@pytest.mark.parametrize(
    "fields",
    [{"model": "gemini-2.5-flash"}, {"model": "google/gemini-2.5-flash", "messages": []}],
    ids=["model", "none"],
)
def test_error_wins_over_what_can_be_read_only(session: Session, fields: dict[str, Any], stream: bool) -> None:
    session.when().fail("unavailable")
    answer = post(session, {**ask("hi", stream=stream), **fields})
    assert answer.status_code == (503 if "messages" not in fields else 400)


def test_refused_request_leaves_the_turn_to_the_next(session: Session) -> None:
    stub = session.when(user="hi").reply("First.").times(1).reply("Second.").times(1)
    assert [send(session, **HOT)[0] for _ in range(3)] == [400] * 3
    assert [send(session)[1] for _ in range(2)] == ["First.", "Second."]
    assert stub.call_count == 2
    assert [request.refusal for request in session.requests] == ["out-of-range"] * 3 + [None] * 2
    session.assert_done()


def test_repeat_numbers_do_not_count_refused_requests(emulator: Emulator) -> None:
    def ids(session: Session, refused: int) -> str:
        session.when(user="hi").fail(429, times=1).reply("Hello!")
        for _ in range(refused):
            post(session, ask("hi", **HOT))
        return str(post(session, ask("hi")).json()["id"])

    # Ids carry the clock.
    fixed = "2026-01-01T00:00:00Z"
    with emulator.session(clock=fixed) as one, emulator.session(clock=fixed) as other:
        one.when(user="never").reply("")
        assert post(one, ask("hi", **HOT)).status_code == 400
        assert ids(other, 3) == ids(one, 1)


def test_unsatisfiable_answer_gives_its_claim_back(session: Session) -> None:
    stub = session.when(user="hi").reply({"json": {"a": "{{ tool_result.a }}"}}).times(1).reply("Second.")
    assert send(session)[0] == 400
    assert not stub.called
    with pytest.raises(AssertionError, match=r"answered 0 of 1 times; 1 request was refused in all \(400\)"):
        session.assert_done()
    session.reset()


def test_assert_called_counts_refused_requests_if_asked(session: Session) -> None:
    session.when(user="hi").reply("Hello!")
    send(session)
    send(session, **HOT)
    send(session, "other", n=99)
    session.assert_called(1, user="hi")
    session.assert_called(2, user="hi", refused=True)
    with pytest.raises(AssertionError) as failed:
        session.assert_called(2, user="hi")
    assert "found 1 among 3; 1 request was refused that would match (400 out-of-range): not counted" in str(
        failed.value
    )
    assert "refused: expected a request that is answered, saw 400 out-of-range" in str(failed.value)
    with pytest.raises(AssertionError, match=r"2 requests were refused in all \(400 out-of-range \(2\)\): not counted"):
        session.assert_called(user="nobody asked this")


def test_order_skips_refused_requests(session: Session) -> None:
    session.when(user="hi").reply("Hello!")
    send(session, **HOT)
    send(session)
    session.checks.verify(order=[{"when": {"user": "hi"}}], entries=[{"status": 400, "refused": True, "count": 1}])
    with pytest.raises(AssertionError, match="no matching entry; 1 request was refused that would match"):
        session.checks.verify(order=[{"status": 400}])


def test_refused_requests_are_not_charged(emulator: Emulator) -> None:
    with emulator.session() as session:
        emulator.admin.chaos(session=session.name, quota="requests_per_minute: 1")
        session.when(user="hi").fail("unavailable").times(2).reply("Hello!")
        assert [send(session, **HOT)[0] for _ in range(3)] == [503, 503, 400]
        assert send(session)[0] == 200
        assert send(session)[0] == 429


def test_explain_tells_which_error_comes_first(session: Session) -> None:
    session.when(user="hi").fail("unavailable", times=1)
    explained = [explain(session, **HOT)]
    assert send(session, **HOT)[0] == 503
    explained += [explain(session, **HOT)]
    assert [(one["source"], one["status"]) for one in explained] == [("turn", 503), ("refused", 400)]
    assert "Only an error of a turn comes first" in explained[1]["text"]


def test_choice_of_an_error_is_the_same_as_without_a_refusal() -> None:
    scenario = "turns: [{ reply: { choose: [Hello!, { error: 503 }] } }]"
    texts = [f"question {number}" for number in range(12)]
    plain = [Endpoint(scenario).ask(text).status for text in texts]
    refused = [Endpoint(scenario).ask(text, max_tokens=0).status for text in texts]
    assert {200, 503} == set(plain)
    assert {400, 503} == set(refused)


@STREAMS
def test_values_of_an_error_are_filled(session: Session, stream: bool) -> None:
    session.when(user="time").fail("missing-signature", with_={"function": "{{ user }}", "position": 4})
    status, message = send(session, "time", stream=stream)
    expected = refuse("missing-signature", function="time", position=4)
    assert (status, message) == (400, expected.message)


def test_error_equals_the_refusal_of_the_rule() -> None:
    rule = Endpoint().ask(**HOT)
    values = "field: temperature, value: 9, low: 0, high: 2, end: inclusive"
    author = Endpoint(f"turns: [{{ reply: {{ error: out-of-range, with: {{ {values} }} }} }}]").ask()
    assert author.body == rule.body
    missing = Endpoint().ask(tools=[{"type": "function"}])
    field = missing.error["details"][0]["fieldViolations"][0]["field"]
    written = f"{{ error: missing-field, with: {{ field: '{field}' }}, field: '{field}' }}"
    assert Endpoint(f"turns: [{{ reply: {written} }}]").ask().body == missing.body


@pytest.mark.parametrize(
    ("body", "name", "values"),
    [
        (b"[]", "malformed-json", {"reason": "Root element must be a message"}),
        (b"{", "malformed-json", {"reason": "Unexpected end of data"}),
        ({"messages": "x"}, "invalid-value", {"field": "messages", "type": "TYPE_MESSAGE", "value": '"x"'}),
        ({"messages": []}, "no-entries", {"field": "messages"}),
        ({}, "missing-field", {"field": "messages"}),
        (
            {"messages": [{"role": "x"}]},
            "not-one-of",
            {"field": "messages[0].role", "allowed": ROLES, "value": "'x'"},
        ),
    ],
)
def test_refusals_of_the_parser_have_the_words_of_their_name(body: Any, name: str, values: dict[str, Any]) -> None:
    with pytest.raises(RequestError) as refused:
        parse(body if isinstance(body, bytes) else json.dumps({"model": "google/g", **body}).encode())
    failure = refused.value.failure
    assert failure.name == name
    assert failure.message == refuse(name, **values).message
