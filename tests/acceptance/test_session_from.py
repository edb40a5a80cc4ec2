"""Sessions named by headers, cookies, query parameters and baggage."""

from collections.abc import Iterator

import httpx
import pytest

from gemulator import Emulator, SettingError

SOURCES = "header:x-test-id, cookie:sid, query:session, baggage:test"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(session_from=SOURCES, auth="any") as running:
        yield running


def session_of(emulator: Emulator, headers: dict[str, str], query: str = "") -> str:
    body = {"model": "google/gemini-2.5-flash", "messages": [{"role": "user", "content": "Hello."}]}
    url = f"{emulator.base_url}/chat/completions{query}"
    headers = {"authorization": "Bearer emulator.owner", **headers}
    with httpx.Client(trust_env=False) as http:
        answer = http.post(url, json=body, headers=headers)
    assert answer.status_code == 200
    session = answer.headers["x-emulator-session"]
    assert emulator.admin.entries(session=session)
    return session


@pytest.mark.parametrize(
    ("headers", "query", "session"),
    [
        ({}, "", "owner"),
        ({"x-test-id": "checkout"}, "", "checkout"),
        ({"X-Test-Id": "checkout", "cookie": "sid=other"}, "", "checkout"),
        ({"cookie": 'theme=dark; sid="tab%201"; x=y'}, "", "tab 1"),
        ({"cookie": "asid=no"}, "", "owner"),
        ({}, "?session=from%20query&x=1", "from query"),
        ({}, "?other=1", "owner"),
        ({"baggage": "user=ada, test=login;ttl=5"}, "", "login"),
        ({"x-test-id": "checkout", "x-emulator-session": "own"}, "?session=q", "own"),
        ({"x-test-id": "a" * 300}, "", "a" * 200),
    ],
)
def test_session_is_named_by_the_first_place(
    emulator: Emulator, headers: dict[str, str], query: str, session: str
) -> None:
    assert session_of(emulator, headers, query) == session


def test_turns_count_for_the_named_session(emulator: Emulator) -> None:
    emulator.admin.push("turns: [{ times: 1, reply: Once. }, { reply: Again. }]", session="one")
    body = {"model": "google/gemini-2.5-flash", "messages": [{"role": "user", "content": "Hello."}]}
    with httpx.Client(trust_env=False, headers={"authorization": "Bearer key-of-the-backend"}) as http:
        answers = [
            http.post(f"{emulator.base_url}/chat/completions", json=body, headers={"x-test-id": "one"})
            for _ in range(2)
        ]
    assert [answer.json()["choices"][0]["message"]["content"] for answer in answers] == ["Once.", "Again."]


@pytest.mark.parametrize("source", ["x-test-id", "header:", "form:x", "header:a b", "header:Authorization", "cookie:"])
def test_place_that_names_nothing_is_refused(source: str) -> None:
    with pytest.raises(SettingError, match="session_from"):
        Emulator(session_from=[source])
