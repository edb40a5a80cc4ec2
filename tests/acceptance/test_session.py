"""Sessions in Python, without the pytest fixture."""

import ast
import inspect
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from gemulator import Emulator, Session
from gemulator.client.admin import Admin, AdminError
from gemulator.core.errors import ScenarioError
from gemulator.core.settings import SessionUnmatchedMode
from tests.acceptance.wire import ask


def post(session: Session | Emulator, text: str = "hi", **fields: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {session.token}"}
    return httpx.post(f"{session.base_url}/chat/completions", json=ask(text, **fields), headers=headers)


def said(session: Session | Emulator, text: str = "hi") -> Any:
    return post(session, text).json()


def words(session: Session | Emulator, text: str = "hi") -> str:
    return str(said(session, text)["choices"][0]["message"]["content"])


def living(family: Session) -> set[str]:
    """Return the sessions that have not ended."""
    names = [one["session"] for one in family.admin.sessions()]
    return {
        name
        for name in names
        if "belongs to the session of a finished test" not in post(Session(family.url, name)).text
    }


def test_an_emulator_is_its_default_session() -> None:
    with Emulator() as emulator:
        emulator.when(user="hi").reply("Hello!")
        assert words(emulator) == "Hello!"
        assert words(emulator.session("other")) != "Hello!"
        assert words(Session(emulator.url)) == "Hello!"
        emulator.assert_called(2, user="hi")


@pytest.mark.parametrize("name", ["plain", "with.dots", "tests/a.py::test_b[é 1]"])
def test_a_session_is_known_by_its_token(family: Session, name: str) -> None:
    session = family.session(name)
    session.when(user="hi").reply(f"I am {name}.")
    assert words(session) == f"I am {name}."
    assert len(session.requests) == 1
    session.close()
    assert words(session) != f"I am {name}."
    session.close()  # asking has made it anew


def test_a_session_has_choices_of_its_own(family: Session) -> None:
    strict = family.session(unmatched="error", clock="2030-01-01T00:00:00Z", seed="1")
    assert said(strict)["error"]["message"].startswith("gemulator: No turn matches")
    strict.when(user="lorem").reply({"lorem": 12})
    first = said(strict, "lorem")
    assert first["created"] == datetime(2030, 1, 1, tzinfo=UTC).timestamp()
    strict.seed = "2"
    assert words(strict, "lorem") != first["choices"][0]["message"]["content"]
    strict.seed = "1"
    strict.clock = datetime(2031, 1, 1, tzinfo=UTC)
    second = said(strict, "lorem")
    assert second["choices"] == first["choices"]
    assert second["created"] == datetime(2031, 1, 1, tzinfo=UTC).timestamp()
    assert said(strict)["error"]["code"] == 400


def test_what_was_asked(family: Session) -> None:
    session = family.session()
    session.when(user="hi").reply("Hello!", usage={"prompt_tokens": 7})
    post(session, "hi", max_tokens=7, tools=[{"type": "function", "function": {"name": "f"}}])
    post(session, "bye", stream=True)
    first, second = session.requests
    assert (first.user, first.system, first.tools, first.turn, first.source) == ("hi", "", ["f"], "stubs/1", "turn")
    assert (first.status, first.stream, first.body["max_tokens"]) == (200, False, 7)
    assert first.messages == [{"role": "user", "content": "hi"}]
    assert first.headers["content-type"] == "application/json"
    assert first.usage is not None
    assert first.usage["prompt_tokens"] == 7
    assert '"Hello!"' in first.answer
    assert (second.source, second.turn, second.stream) == ("generated", None, True)
    assert second.answer.endswith("data: [DONE]\n\n")
    assert session.last.user == "bye"
    session.reset()
    assert session.requests == []


def test_a_condition_that_is_nothing_does_not_hold_for_everything(family: Session) -> None:
    session = family.session()
    post(session)
    wanted: Any = None
    with pytest.raises(ScenarioError, match="assert_called: user: this key has no value"):
        session.assert_called(user=wanted)


GROUPS: dict[str, tuple[Any, Any]] = {  # what holds of "red apples", and what does not
    "all_": ([{"user": "red"}, {"user": "apple"}], [{"user": "red"}, {"user": "pear"}]),
    "any_": ([{"user": "pear"}, {"user": "apple"}], [{"user": "pear"}, {"user": "plum"}]),
    "not_": ({"user": "pear"}, {"user": "apple"}),
}


@pytest.mark.parametrize("group", GROUPS)
def test_groups_of_conditions_alone_are_checked(family: Session, group: str) -> None:
    session = family.session()
    post(session, "red apples")
    right, wrong = GROUPS[group]
    session.assert_called(1, **{group: right})
    session.assert_called(0, **{group: wrong})
    with pytest.raises(AssertionError, match=f"found 0 among 1\n  wanted:\n    {group[:3]}:(.|\n)*: expected "):
        session.assert_called(1, **{group: wrong})


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        (b"", []),
        (b"{", []),
        (b"[]", []),
        (b"5", []),
        (b"{}", []),
        (b'{"model": "google/m"}', []),
        (b'{"model": "google/m", "messages": []}', []),
        (b'{"model": "google/m", "messages": 5}', []),
        (b'{"model": "google/m", "messages": [5]}', []),
        (b'{"model": "google/m", "messages": {"role": "user"}}', []),
        (b'{"model": "google/m", "messages": [{"role": "user", "content": 5}]}', [{"role": "user", "content": 5}]),
        (b'{"model": 5, "tools": 5, "messages": [{"role": "x"}]}', [{"role": "x"}]),
    ],
)
def test_a_body_that_is_no_request(family: Session, body: bytes, messages: list[object]) -> None:
    session = family.session()
    headers = {"authorization": f"Bearer {session.token}"}
    httpx.post(f"{session.base_url}/chat/completions", content=body, headers=headers)
    asked = session.last
    assert (asked.status, asked.source) == (400, "refused")
    assert (asked.messages, asked.user, asked.system, asked.tools) == (messages, "", "", [])
    assert str(asked).startswith(f"{asked.entry['id']}: ")


def test_what_unmodified_code_reads(empty: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "corp.example")
    env = Session(empty.url, "s").env
    assert env["OPENAI_BASE_URL"] == empty.base_url
    assert env["OPENAI_API_KEY"] == "emulator.s"
    assert env["NO_PROXY"] == "corp.example,127.0.0.1,localhost"


async def test_it_starts_beside_a_running_loop() -> None:
    async with Emulator() as emulator:
        emulator.when(user="hi").reply("Hello!")
        client = emulator.async_openai()
        answer = await client.chat.completions.create(model="google/m", messages=[{"role": "user", "content": "hi"}])
    assert answer.choices[0].message.content == "Hello!"


def test_its_own_admin_key_is_known_to_it() -> None:
    with Emulator(admin_key="k") as emulator:
        emulator.when(user="hi").reply("Hello!")
        assert words(emulator) == "Hello!"


def test_the_server_hears_of_a_session_once_it_can_be_asked(family: Session) -> None:
    known = {one["session"] for one in family.admin.sessions()}
    session = family.session(unmatched="error", seed="1")
    session.when(user="hi").reply("One.").reply("Two.")
    session.seed = "2"
    assert {one["session"] for one in family.admin.sessions()} == known
    assert [words(session), words(session), words(session)] == ["One.", "Two.", "Two."]
    session.when(user="bye").reply("Bye!")
    assert words(session, "bye") == "Bye!"
    session.end_later()
    next_one = family.session()
    assert next_one.name != session.name
    assert {one["session"] for one in family.admin.sessions()} == {*known, session.name, next_one.name}
    next_one.close()
    family.end_pending()
    assert {one["session"] for one in family.admin.sessions()} == known


def test_clients_of_a_session_that_is_over_are_told_so(family: Session) -> None:
    known = {one["session"] for one in family.admin.sessions()}
    session = family.session()
    session.when().reply("Hello!")
    assert words(session) == "Hello!"
    session.end_later()
    with_next = family.session()
    assert words(with_next) != "Hello!"
    for answer in (post(session), post(session), post(session, stream=True)):
        assert answer.status_code == 400
        assert "this client belongs to the session of a finished test" in answer.text
    if family.admin.in_process:
        with pytest.raises(AssertionError, match="A client of an earlier test sent a request"):
            with_next.assert_done()
    family.admin.create(session.name)
    assert words(session) != "Hello!"
    for _ in range(101):
        with_next.end_later()
        with_next = family.session()
        assert with_next.name
    assert len(family.admin.sessions()) - len(known) <= 102
    with_next.close()
    session.close()
    family.end_pending()
    assert {one["session"] for one in family.admin.sessions()} == known


def test_a_block_ends_its_session(family: Session) -> None:
    known = {one["session"] for one in family.admin.sessions()}
    with family.session(unmatched="error") as session:
        session.when(user="hi").reply("Hello!")
        client = session.openai()
        assert words(session) == "Hello!"
    assert client.is_closed()
    assert {one["session"] for one in family.admin.sessions()} == known
    with Session(family.url, "alone") as alone:
        assert words(alone)
    assert {one["session"] for one in family.admin.sessions()} == known


def test_many_threads_make_one_session(family: Session) -> None:
    known = {one["session"] for one in family.admin.sessions()}
    session = family.session()
    session.when(user="hi").reply("Hello!")
    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(lambda _: words(session), range(32))) == {"Hello!"}
    session.assert_called(32, user="hi")
    session.close()
    assert {one["session"] for one in family.admin.sessions()} == known


@pytest.fixture
def opening(family: Session, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Return an event set once a session is being created; the creation takes a while from then on."""
    begun, create = threading.Event(), family.admin.create

    def slowly(*arguments: Any, **choices: Any) -> tuple[str, str]:
        made = create(*arguments, **choices)
        begun.set()
        threading.Event().wait(0.1)
        return made

    monkeypatch.setattr(family.admin, "create", slowly)
    return begun


def test_what_is_said_while_another_thread_asks_counts(family: Session, opening: threading.Event) -> None:
    session = family.session(clock="2030-01-01T00:00:00Z")
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(words, session)
        opening.wait()
        session.when(user="bye").reply("Bye!")
        session.clock = "2031-01-01T00:00:00Z"
        asked.result()
    assert said(session, "bye")["choices"][0]["message"]["content"] == "Bye!"
    assert said(session)["created"] == datetime(2031, 1, 1, tzinfo=UTC).timestamp()


def test_threads_stub_one_session(family: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    push = family.admin.push
    monkeypatch.setattr(family.admin, "push", lambda *what: (threading.Event().wait(0.01), push(*what)))
    session = family.session()
    session.token.upper()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: session.when(user=f"<{number}>").reply(f"I am {number}."), range(8)))
    assert [words(session, f"<{number}>") for number in range(8)] == [f"I am {number}." for number in range(8)]


def test_a_session_is_left_while_another_thread_asks(family: Session, opening: threading.Event) -> None:
    session = family.session()
    with ThreadPoolExecutor() as pool:
        pool.submit(lambda: session.token)
        opening.wait()
        session.end_later()
    family.end_pending()
    assert session.name not in {one["session"] for one in family.admin.sessions()}


def test_the_server_hears_of_each_session_that_was_left(family: Session, opening: threading.Event) -> None:
    known = living(family)
    one, two, three, four = (family.session() for _ in range(4))
    assert one.name != two.name
    one.end_later()
    with ThreadPoolExecutor() as pool:
        opening.clear()
        first = pool.submit(lambda: three.name)
        opening.wait()
        second = pool.submit(lambda: four.name)
        first.result()
        two.end_later()
        second.result()
    last = family.session()
    left = {three.name, four.name, last.name}
    assert living(family) == {*known, *left}


def test_a_session_that_was_left_is_not_forgotten_where_the_next_is_refused(family: Session) -> None:
    known = living(family)
    session = family.session()
    session.name.upper()
    session.end_later()
    with pytest.raises(AdminError, match="clock"):
        family.session(clock="noon").name.upper()
    family.end_pending()
    assert living(family) == known


CELLS = """
from gemulator import Emulator
emulator = Emulator().start()
---
emulator.when(user="hi").reply("Hello!")
asked = {"model": "google/m", "messages": [{"role": "user", "content": "hi"}]}
first = emulator.openai().chat.completions.create(**asked)
---
second = await emulator.async_openai().chat.completions.create(**asked)
---
third = [chunk async for chunk in await emulator.async_openai().chat.completions.create(**asked, stream=True)]
---
emulator.assert_called(3, user="hi")
emulator.stop()
"""


async def test_cells_of_a_notebook() -> None:
    """Run cells as a notebook's kernel does: in a running loop, with `await` at the top level."""
    names: dict[str, Any] = {}
    for cell in CELLS.split("---\n"):
        code = compile(cell, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = eval(code, names)
        if inspect.isawaitable(result):
            await result
    said = [names[name].choices[0].message.content for name in ("first", "second")]
    assert said == ["Hello!", "Hello!"]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in names["third"]) == "Hello!"


def test_sessions_with_equal_stubs_count_apart(family: Session) -> None:
    """Prepared answers are shared between sessions, counters are not."""
    for _ in range(4):
        session = family.session(unmatched="error", seed="1")
        session.when(user="hi").reply("Hello!", times=1)
        assert post(session).json()["choices"][0]["message"]["content"] == "Hello!"
        assert post(session).status_code == 400
        assert [one.source for one in session.requests] == ["turn", "unmatched"]
        session.end_later()


def test_what_is_said_later_counts_from_then_on(family: Session) -> None:
    session = family.session(unmatched="error")
    assert post(session).status_code == 400
    session.when(user="hi").reply("Hello!", times=2)
    assert words(session) == "Hello!"
    with pytest.raises(
        AssertionError, match=r"1 of 2 requests matched no turn(.|\n)*turn stubs/1 answered 1 of 2 times"
    ):
        session.assert_done()
    with pytest.raises(AssertionError, match="1 of 2 requests matched no turn"):
        session.assert_all_matched()
    session.reset()
    assert [words(session), words(session)] == ["Hello!", "Hello!"]
    session.assert_done()
    session.assert_all_used()
    session.close()
    assert post(session).status_code == 200


@pytest.mark.parametrize("where", ["of the server", "of the session"])
def test_invented_answers_are_no_failure_where_they_are_wanted(where: str) -> None:
    with Emulator(unmatched="generate" if where == "of the server" else "error") as emulator:
        session = emulator.session(unmatched=None if where == "of the server" else "generate")
        assert words(session)
        session.assert_done()
        with pytest.raises(AssertionError, match=r"1 of 1 requests? matched no turn"):
            session.assert_all_matched()


def test_a_request_that_was_refused_is_one_whoever_wanted_it(family: Session) -> None:
    session = family.session(unmatched="error")
    assert post(session).status_code == 400
    with (
        Session(family.url, session.name) as same,
        pytest.raises(AssertionError, match=r"1 of 1 requests? matched no turn"),
    ):
        same.assert_done()


def test_a_stub_without_a_reply_is_named_where_it_was_missed(family: Session) -> None:
    session = family.session(unmatched="error")
    session.when(user="hi", not_={"n": 2})
    session.when(user="bye").reply("Bye!")
    assert post(session).status_code == 400
    where = r"when\(user='hi', not_=\{'n': 2\}\) at \S*test_session\.py:\d+"
    silent = rf"{where} has no answer: add \.reply\(…\), \.call\(…\) or \.fail\(…\)$"
    for check in (session.assert_done, session.assert_all_matched):
        with pytest.raises(AssertionError, match=silent):
            check()


def test_how_often_it_was_called(family: Session) -> None:
    session = family.session(unmatched="generate")
    assert words(session)
    session.assert_called(times=1, user="hi")
    session.assert_called(1, user="hi")
    with pytest.raises(ScenarioError) as wrong:
        session.assert_called(usr="hi")  # type: ignore[call-arg]
    assert str(wrong.value) == "assert_called: usr: unknown key `usr`\n    Did you mean `user`?"
    with pytest.raises(ValueError, match="user: a value of type set cannot be JSON"):
        session.assert_called(user={"hi"})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^assert_called: count: -1 is out of range"):
        session.assert_called(-1)


@pytest.mark.parametrize("scenario", ["stubs", "file"])
@pytest.mark.parametrize("unmatched", ["error", "generate"])
def test_of_turns_that_are_used_up_it_is_said_how_often_they_answered(
    family: Session, tmp_path: Path, scenario: str, unmatched: SessionUnmatchedMode
) -> None:
    session = family.session(unmatched=unmatched)
    if scenario == "stubs":
        session.when(user="hi").fail(429, times=2)
        session.when(user="ho").reply("Ho!")
    else:
        (tmp_path / "file.yaml").write_text(
            "turns:\n- { when: { user: hi }, times: 2, reply: { error: 429 } }\n- { when: { user: ho }, reply: Ho! }"
        )
        session.load(tmp_path / "file.yaml")
    answers = [post(session) for _ in range(3)]
    assert [one.status_code for one in answers] == [429, 429, 400 if unmatched == "error" else 200]
    first, second = session.last.entry["nearest"]
    assert (first["turn"], second["turn"]) == (f"{scenario}/1", f"{scenario}/2")
    assert first["mismatches"] == [
        {"name": "times", "expected": "fewer than 2 answers", "actual": "answered 2 of 2 times"}
    ]
    explained = session.admin.explain(ask("hi"), session.name)
    assert explained["nearest"] == [first, second]
    assert f"  {scenario}/1: answered 2 of 2 times\n" in explained["text"]
    if unmatched == "error":
        assert f"\n  {scenario}/1: answered 2 of 2 times\n" in answers[2].json()["error"]["message"]
    session.close()


WRONG: dict[str, Callable[[Admin], object]] = {
    "a clock": lambda admin: admin.create(clock="noon"),
    "a scenario of a new session": lambda admin: admin.create(scenarios={"a": "turns: 7"}),
    "a scenario that is not there": lambda admin: admin.create("one", scenario="missing"),
    "a scenario": lambda admin: admin.push("turns:\n- when: { usr: hi }\n  reply: x", "one"),
    "a text": lambda admin: admin.push("turns: [", "one", "a"),
    "an expectation": lambda admin: admin.verify(session="one", times_used=7),
    "an entry": lambda admin: admin.verify(session="one", entries=[{"status": 200}]),
}


@pytest.mark.parametrize("ask", WRONG.values(), ids=list(WRONG))
def test_what_is_wrong_is_said_alike(empty: Emulator, ask: Callable[[Admin], object]) -> None:
    with pytest.raises(AdminError) as indoors:
        ask(empty.admin)
    with Admin(empty.url) as admin, pytest.raises(AdminError) as over_http:
        ask(admin)
    assert str(indoors.value) == str(over_http.value)
    assert (indoors.value.code, indoors.value.failures) == (over_http.value.code, over_http.value.failures)


@pytest.mark.parametrize("stream", [False, True])
def test_what_was_asked_before_changes_no_words(stream: bool) -> None:
    def asked(session: Session, *numbers: int) -> list[bytes]:
        session.when(user="hi").reply("Hello, whoever you are!")
        return [post(session, f"hi {number}", stream=stream).content for number in numbers]

    alone: list[bytes] = []
    for number in (1, 2, 3):
        with Emulator(clock="2030-01-01T00:00:00Z") as emulator:
            alone += asked(emulator.session(seed="7"), number)
    with Emulator(clock="2030-01-01T00:00:00Z") as emulator:
        other = asked(emulator.session(seed="8"), 1, 2, 3)
        assert asked(emulator.session(seed="7"), 1, 2, 3) == alone
        assert asked(emulator.session(seed="7"), 1, 2, 3) == alone
    assert len({*alone, *other}) == 6


def test_what_was_not_seen_is_unknown() -> None:
    with Emulator(journal_body=400) as emulator:
        emulator.when().reply("Hello.")
        emulator.openai().chat.completions.create(
            model="google/m", messages=[{"role": "user", "content": f"{'x' * 1_000} hunter2"}]
        )
        with pytest.raises(
            AssertionError,
            match=r"unknown: .* cut at 400 bytes \(raise journal_body of Emulator",
        ):
            emulator.assert_called(0, user="hunter2")
        emulator.assert_called(1)


def test_requests_that_are_gone_are_unknown() -> None:
    with Emulator(journal_entries=2) as emulator:
        stub = emulator.when().reply("Hello.")
        for number in range(3):
            emulator.openai().chat.completions.create(
                model="google/m", messages=[{"role": "user", "content": f"number {number}"}]
            )
        assert stub.call_count == 3, "answers of turns are counted apart from their entries"
        reads: tuple[Callable[[], object], ...] = (lambda: emulator.requests, lambda: stub.calls)
        for read in reads:
            with pytest.raises(
                AssertionError, match=r"unknown: 1 entry was evicted .*\(raise journal_entries of Emulator"
            ):
                read()
        assert emulator.last.user == "number 2"
        emulator.assert_all_used()
        emulator.reset()
        assert emulator.requests == []
