"""Sessions from Python, outside pytest's fixture."""

import ast
import inspect
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from emulator import Emulator, Session
from tests.acceptance.wire import ask


def post(session: Session, text: str = "hi", **fields: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {session.token}"}
    return httpx.post(f"{session.base_url}/chat/completions", json=ask(text, **fields), headers=headers)


def said(session: Session, text: str = "hi") -> Any:
    return post(session, text).json()


def words(session: Session, text: str = "hi") -> str:
    return str(said(session, text)["choices"][0]["message"]["content"])


def test_an_emulator_is_its_default_session() -> None:
    with Emulator() as emulator:
        emulator.when(user="hi").reply("Hello!")
        assert words(emulator) == "Hello!"
        assert words(emulator.session("other")) != "Hello!"
        assert words(Session(emulator.url)) == "Hello!"
        emulator.assert_called(2, user="hi")


@pytest.mark.parametrize("name", ["plain", "with.dots", "tests/a.py::test_b[é 1]"])
def test_a_session_is_known_by_its_token(empty: Emulator, name: str) -> None:
    session = empty.session(name)
    session.when(user="hi").reply(f"I am {name}.")
    assert words(session) == f"I am {name}."
    assert len(session.requests) == 1
    session.close()
    assert words(session) != f"I am {name}."


def test_a_session_has_choices_of_its_own(empty: Emulator) -> None:
    strict = empty.session(unmatched="error", clock="2030-01-01T00:00:00Z", seed="1")
    assert said(strict)[0]["error"]["message"].startswith("gemulator: No turn fits")
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
    assert said(strict)[0]["error"]["code"] == 400


def test_what_was_asked(empty: Emulator) -> None:
    session = empty.session()
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


def test_a_body_that_is_no_request(empty: Emulator) -> None:
    session = empty.session()
    headers = {"authorization": f"Bearer {session.token}"}
    httpx.post(f"{session.base_url}/chat/completions", content=b"{", headers=headers)
    assert (session.last.body, session.last.messages, session.last.source) == ("{", [], "refused")


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


def test_the_server_hears_of_a_session_once_it_can_be_asked(empty: Emulator) -> None:
    known = {one["session"] for one in empty.admin.sessions()}
    session = empty.session(unmatched="error", seed="1")
    session.when(user="hi").reply("One.").reply("Two.")
    session.seed = "2"
    assert {one["session"] for one in empty.admin.sessions()} == known
    assert [words(session), words(session), words(session)] == ["One.", "Two.", "Two."]
    session.when(user="bye").reply("Bye!")
    assert words(session, "bye") == "Bye!"
    session.leave()
    next_one = empty.session()
    assert next_one.name != session.name
    assert {one["session"] for one in empty.admin.sessions()} == {*known, next_one.name}
    next_one.close()


def test_many_threads_make_one_session(empty: Emulator) -> None:
    known = {one["session"] for one in empty.admin.sessions()}
    session = empty.session()
    session.when(user="hi").reply("Hello!")
    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(lambda _: words(session), range(32))) == {"Hello!"}
    session.assert_called(32, user="hi")
    session.close()
    assert {one["session"] for one in empty.admin.sessions()} == known


CELLS = """
from emulator import Emulator
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
    """As a notebook's kernel runs them: in a loop that runs, with `await` at the top."""
    names: dict[str, Any] = {}
    for cell in CELLS.split("---\n"):
        code = compile(cell, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = eval(code, names)
        if inspect.isawaitable(result):
            await result
    said = [names[name].choices[0].message.content for name in ("first", "second")]
    assert said == ["Hello!", "Hello!"]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in names["third"]) == "Hello!"


def test_sessions_with_equal_stubs_count_apart(empty: Emulator) -> None:
    """What is made ready for one serves the next: what is counted does not."""
    for _ in range(4):
        session = empty.session(unmatched="error", seed="1")
        session.when(user="hi").reply("Hello!", times=1)
        assert post(session).json()["choices"][0]["message"]["content"] == "Hello!"
        assert post(session).status_code == 400
        assert [one.source for one in session.requests] == ["turn", "unmatched"]
        session.leave()


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
