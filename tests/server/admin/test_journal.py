"""Journal routes of the admin API."""

import threading
from typing import Any

import pytest

from gemulator.core.printable import printable_json
from gemulator.server.admin import chaos, journal
from gemulator.state.memory import MemoryStore
from gemulator.state.verdict import verdict
from tests.admin_api import CHAT, AdminCaller, app_with


async def test_entry_has_request_choice_and_delivery(call: AdminCaller) -> None:
    await call.ask("weather?")
    answer = await call.ask("weather?")
    page = await call("GET", "/journal")
    assert [(entry["status"], entry["turn"], entry["attempt"]) for entry in page["entries"]] == [
        (429, 1, 0),
        (200, 2, 1),
    ]
    assert page["next"] is None
    entry = await call("GET", f"/journal/{page['entries'][1]['id']}")
    assert (entry["session"], entry["scenario"], entry["source"]) == ("default", "weather", "turn")
    assert (entry["outcome"], entry["chunks"], entry["bytes"]) == ("completed", 1, len(answer.content))
    assert entry["usage"]["completion_tokens"] == answer.json()["usage"]["completion_tokens"]
    assert (entry["at"], entry["time"]) == (1770850461.0, "2026-02-11T22:54:21.000+00:00")
    assert entry["request"]["body"]["messages"][0]["content"] == "weather?"
    assert [step["text"] for step in entry["answer"]["steps"]] == [answer.text]


async def test_secrets_are_redacted(call: AdminCaller) -> None:
    store = call.http._transport.app.state.engine.store  # type: ignore[attr-defined]
    await call.ask("weather?")
    assert b"authorization" not in (await store.entry(1)).received.headers
    await call.http.post(
        CHAT, json={}, headers={"x-my-token": "s3cret", "cookie": "s3cret", "x-goog-api-key": "s3cret"}
    )
    lines = await call("GET", "/journal", headers={"accept": "application/x-ndjson"})
    assert "weather?" in lines
    assert "s3cret" not in lines
    assert "s3cret" not in str(await call("GET", "/journal.har"))


async def test_near_miss_redacts_secret_headers() -> None:
    api = AdminCaller(app_with(unmatched="error"))
    await api("POST", "/scenarios", 201, content="turns: [{when: {header: {authorization: right-k3y}}, reply: x}]")
    answer = await api.ask("hello")
    assert "header.authorization: expected (redacted), saw (redacted)" in answer.text
    for text in (answer.text, await api("GET", "/journal", headers={"accept": "application/x-ndjson"})):
        assert "s3cret" not in text
        assert "right-k3y" not in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("session=a", [0, 2]),
        ("scenario=weather", [0, 1]),
        ("status=429", [0, 1]),
        ("source=generated", [2]),
        ("model=flash", [0, 1]),
        ("model=pro", [2]),
        ("text=LIGHTHOUSE", [2]),
        ("since=2026-02-11T22:54:21Z", [0, 1, 2]),
        ("until=1770850460.5", []),
        ("limit=1", [0]),
    ],
)
async def test_filters(call: AdminCaller, query: str, found: list[int]) -> None:
    await call.ask("weather", "a")
    await call.ask("weather", "b")
    await call.ask("a lighthouse", "a", model="google/gemini-2.5-pro")
    everything = [entry["id"] for entry in (await call("GET", "/journal"))["entries"]]
    page = await call("GET", f"/journal?{query}")
    assert [everything.index(entry["id"]) for entry in page["entries"]] == found


async def test_pages_continue_at_next(call: AdminCaller) -> None:
    for number in range(5):
        await call.ask(f"number {number}")
    first = await call("GET", "/journal?limit=3&full=1")
    second = await call("GET", f"/journal?limit=3&full=1&after={first['next']}")
    texts = [entry["request"]["body"]["messages"][0]["content"] for entry in first["entries"] + second["entries"]]
    assert texts == [f"number {number}" for number in range(5)]
    assert second["next"] is None


async def test_single_entry_has_near_misses(call: AdminCaller) -> None:
    await call.ask("weather")
    await call.ask("weather")
    await call("POST", "/scenarios?name=other", 201, content="turns: [{when: {user: rain}, reply: x}]")
    entry = await call("GET", "/journal/1")
    assert entry["nearest"][0]["turn"] == "other/1"
    assert entry["nearest"][0]["mismatches"] == [{"name": "user", "expected": "'rain' in it", "actual": "'weather'"}]


async def test_large_bodies_are_truncated_and_hashed() -> None:
    api = AdminCaller(app_with(journal_body=400))
    await api.ask("word " * 1000)
    await api.ask("data:image/png;base64," + "iVBOR" * 1000)
    long, picture = [(await api("GET", f"/journal/{number}"))["request"] for number in (1, 3)]
    assert (len(long["body"]), len(long["sha256"])) == (400, 64)
    assert long["size"] > 5000
    assert "<image/png, 3750 bytes, sha256 " in str(picture["body"])


async def test_refusals_are_journaled(call: AdminCaller) -> None:
    assert (await call.http.post(CHAT, content=b"{}")).status_code == 401
    assert (await call.http.post(CHAT, content=b"no json", headers={"authorization": "Bearer x"})).status_code == 400
    entries = (await call("GET", "/journal"))["entries"]
    assert [(entry["status"], entry["source"]) for entry in entries] == [(401, "refused"), (400, "refused")]


async def test_har(call: AdminCaller) -> None:
    answer = await call.ask("weather?")
    (entry,) = (await call("GET", "/journal.har"))["log"]["entries"]
    assert entry["request"]["url"] == f"http://127.0.0.1:8089{CHAT}"
    assert '"weather?"' in entry["request"]["postData"]["text"]
    assert (entry["response"]["status"], entry["response"]["content"]["text"]) == (429, answer.text)


async def test_entry_exists_before_the_answer_is_sent() -> None:
    app = app_with()
    store = app.state.engine.store
    assert isinstance(store, MemoryStore)
    seen: list[tuple[bool, bool]] = []

    async def send(message: Any) -> None:
        entry = await store.entry(1)
        seen.append((entry is not None, entry is not None and entry.finished is None))

    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    scope = {"type": "http", "method": "POST", "path": CHAT, "headers": [(b"authorization", b"Bearer x")], "app": app}
    await app(scope, receive, send)
    assert seen == [(True, True)] * 2
    entry = await store.entry(1)
    assert entry is not None
    assert entry.finished is not None
    assert entry.finished.outcome == "completed"


async def test_archive_is_written_in_a_thread(call: AdminCaller, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []

    def recorded(text: str) -> str:
        threads.append(threading.current_thread().name)
        return printable_json(text)

    monkeypatch.setattr(journal, "printable_json", recorded)
    await call.ask("a\u202eb" * 10_000)
    assert "\\u202e" in (await call.http.get("/__emulator/journal.har")).text
    assert threads
    assert threading.current_thread().name not in threads


async def test_many_entries_are_judged_in_a_thread(call: AdminCaller, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []

    def recorded(entries: Any, *, clock_frozen: bool) -> Any:
        threads.append(threading.current_thread().name)
        return verdict(entries, clock_frozen=clock_frozen)

    monkeypatch.setattr(chaos, "verdict", recorded)
    for _ in range(101):
        await call.ask("weather?")
    assert (await call("GET", "/verdict"))["entries"] == 101
    assert threads
    assert threading.current_thread().name not in threads


async def test_diff_shows_whole_texts(call: AdminCaller) -> None:
    prompt = "\n".join(f"line {number}" for number in range(300))
    scenario = {"turns": [{"when": {"user": {"equals": prompt.replace("line 150", "line 15")}}, "reply": "x"}]}
    await call("POST", "/scenarios?session=d&name=long", 201, json=scenario)
    await call.ask(prompt, "d")
    (entry,) = (await call("GET", "/journal?session=d"))["entries"]
    found = await call("GET", f"/journal/{entry['id']}/diff?turn=long/1")
    (turn,) = found["turns"]
    lines = turn["conditions"]["user"].split("\n")
    assert [line for line in lines if line[0] != " "] == ["- line 15", "+ line 150"]
    assert len(lines) == 301
    assert found["text"].startswith(f"request {entry['id']}: ")
    assert "long/1: user" in found["text"]
    nearest = await call("GET", f"/journal/{entry['id']}/diff")
    assert nearest["turns"][0] == turn


async def test_diff_is_refused_with_the_reason(call: AdminCaller) -> None:
    await call.ask("hello")
    (entry,) = (await call("GET", "/journal"))["entries"]
    assert (await call("GET", f"/journal/{entry['id']}/diff?turn=no/1", 404))["error"]["code"] == "no_such_turn"
    assert (await call("GET", "/journal/999/diff", 404))["error"]["code"] == "no_such_entry"
    short = AdminCaller(app_with(journal_body=100))
    await short.ask("sunny " * 100)
    (cut,) = (await short("GET", "/journal"))["entries"]
    assert (await short("GET", f"/journal/{cut['id']}/diff", 409))["error"]["code"] == "incomplete"


async def test_diff_of_a_redacted_body_is_refused(call: AdminCaller) -> None:
    await call.ask(f"the key is AIza{'Sy' * 17}x, and the weathr")
    (entry,) = (await call("GET", "/journal"))["entries"]
    assert (await call("GET", f"/journal/{entry['id']}/diff", 409))["error"]["code"] == "redacted"
