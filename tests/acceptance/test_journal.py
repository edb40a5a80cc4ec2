"""Whoever runs a server can see what it was asked, while it runs, from another process."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from gemulator.cli import main
from gemulator.client.admin import Admin, AdminError
from gemulator.client.embedded import Emulator
from tests.waiting import PATIENCE

SCENARIO = """
turns:
  - when: { user: riddle }
    reply: A piano, of course.
    pacing: { first_token: 20ms, tokens_per_second: 200, tokens_per_chunk: 2 }
  - when: { user: once }
    times: 1
    reply: { error: 429 }
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder = tmp_path_factory.mktemp("scenarios")
    folder.joinpath("demo.yaml").write_text(SCENARIO, encoding="utf-8")
    with Emulator(scenarios=folder, clock="2026-02-11T22:54:21Z", grace=0) as emulator:
        yield emulator


@pytest.fixture
def admin(running: Emulator) -> Iterator[Admin]:
    with Admin(running.url) as admin:
        yield admin
        for session in admin.sessions():
            admin.drop(session["session"])


def ask(running: Emulator, text: str, session: str = "s", **body: Any) -> httpx.Response:
    message = {"role": "user", "content": text}
    whole = {"model": "google/gemini-2.5-flash", "messages": [message], **body}
    headers = {"authorization": f"Bearer emulator.{session}"}
    with httpx.Client(trust_env=False) as http:
        return http.post(f"{running.base_url}/chat/completions", json=whole, headers=headers)


def command(running: Emulator, *words: str) -> Result:
    return CliRunner(env={"GEMULATOR_URL": running.url, "COLUMNS": "160"}).invoke(main, words)


def test_events_arrive_while_an_answer_is_on_its_way(running: Emulator, admin: Admin) -> None:
    events = admin.events(after=0, session="s")
    asking = threading.Thread(target=ask, args=(running, "riddle"), kwargs={"stream": True})
    asking.start()
    first, second = next(events), next(events)
    asking.join()
    assert (first["event"], first["entry"]["outcome"]) == ("received", None)
    assert (second["event"], second["entry"]["outcome"]) == ("finished", "completed")
    assert second["entry"]["id"] == first["id"] < second["id"]
    assert second["entry"]["chunks"] == len(admin.entry(first["id"])["answer"]["steps"])
    events.close()  # type: ignore[attr-defined]


def test_a_client_that_goes_is_told_apart(running: Emulator, admin: Admin) -> None:
    body = {"model": "google/gemini-2.5-flash", "messages": [{"role": "user", "content": "riddle"}], "stream": True}
    headers = {"authorization": "Bearer emulator.gone", "x-emulator-speed": "0.001"}
    patience = httpx.Timeout(PATIENCE, read=0.3)
    with httpx.Client(trust_env=False) as http, pytest.raises(httpx.ReadTimeout):
        http.post(f"{running.base_url}/chat/completions", json=body, headers=headers, timeout=patience)
    events = admin.events(after=0, session="gone")
    outcomes = [next(events)["entry"]["outcome"], next(events)["entry"]["outcome"]]
    assert outcomes == [None, "client gone"]
    events.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("scenario", ["riddle", "anything"], ids=["a turn", "an invented answer"])
def test_looking_at_an_entry_changes_no_later_answer(running: Emulator, admin: Admin, scenario: str) -> None:
    body = {"model": "google/gemini-2.5-flash", "messages": [{"role": "user", "content": scenario}]}
    order = {"x-emulator-fault": "disconnect: {after_chunks: 0}"}
    ends = []
    with httpx.Client(trust_env=False, headers={"authorization": "Bearer emulator.looked", **order}) as http:
        for _ in range(4):
            with pytest.raises(httpx.RemoteProtocolError):
                http.post(f"{running.base_url}/chat/completions", json=body)
            (*_, last) = admin.entries(session="looked")
            ends.append([step.get("end") for step in admin.entry(last["id"])["answer"]["steps"]])
            admin.explain(body, "looked", headers=order)
            admin.explain(body, "looked")
    assert ends == [["cut"]] * 4


def test_the_client_speaks_the_whole_api(running: Emulator, admin: Admin) -> None:
    session, token = admin.create("mine", seed="7")
    assert token.startswith("emulator.mine.")
    assert admin.push("turns: [{reply: pushed}]", session, name="p") == "p"
    admin.pin("p", session)
    assert ask(running, "riddle", session).json()["choices"][0]["message"]["content"] == "pushed"
    admin.pin(None, session)
    admin.verify(session=session, entries=[{"scenario": "p", "count": 1}])
    with pytest.raises(AdminError, match="expected exactly 2 such requests, found 1") as refused:
        admin.verify(session=session, entries=[{"scenario": "p", "count": 2}])
    assert refused.value.code == "not_verified"
    body = {"model": "google/gemini-2.5-flash", "messages": [{"role": "user", "content": "once"}]}
    assert admin.explain(body, session)["status"] == 429
    assert admin.withdraw("p", session) is True
    assert admin.withdraw(session=session) is False
    assert [entry["session"] for entry in admin.entries(session=session)] == ["mine"]
    admin.reset(session)
    assert admin.entries(session=session) == []
    assert admin.drop(session) is True


def test_nobody_answers() -> None:
    with Admin("http://127.0.0.1:9") as admin, pytest.raises(AdminError, match="Start it with `gemulator serve`"):
        admin.sessions()


# ---- commands


def test_the_journal_as_a_table(running: Emulator, admin: Admin) -> None:
    assert command(running, "journal").output == "No requests.\n"
    ask(running, "riddle")
    ask(running, "once", "[b]t")
    ask(running, "something [red]else")
    lines = command(running, "journal").output.splitlines()
    assert [line.split()[2:7] for line in lines[1:]] == [
        ["s", "google/gemini-2.5-flash", "demo/1", "200", "completed"],
        ["[b]t", "google/gemini-2.5-flash", "demo/2", "429", "completed"],
        ["s", "google/gemini-2.5-flash", "generated", "200", "completed"],
    ]
    assert len(command(running, "journal", "-n", "1", "--session", "s").output.splitlines()) == 2


def test_one_entry_with_its_timeline(running: Emulator, admin: Admin) -> None:
    ask(running, "riddle", stream=True)
    (entry,) = admin.entries()
    shown = command(running, "journal", str(entry["id"])).output
    assert "demo/1, attempt 0" in shown
    assert "demo/2  user: expected 'once' in it, saw 'riddle'" in shown
    timeline = [line.split() for line in shown.splitlines() if " ms " in line and "●" in line]
    assert [row[0] for row in timeline[:2]] == ["20", "30"]
    assert timeline[-1][-2:] == ["data:", "[DONE]"]


def test_whole_texts_are_one_command_away(running: Emulator, admin: Admin) -> None:
    prompt = " ".join(f"Sentence number {number}." for number in range(200))
    turns = [{"when": {"user": {"equals": prompt.replace("number 100.", "number 99.")}}, "reply": "x"}]
    admin.push(json.dumps({"turns": turns}), session="s", name="long")
    ask(running, prompt)
    number = admin.entries()[-1]["id"]
    shown = command(running, "journal", str(number), "--diff", "--turn", "long/1").output.splitlines()
    changed = [line for line in shown if line.startswith(("-", "+"))]
    assert changed == ["- Sentence number 99.", "+ Sentence number 100."]
    assert admin.diff(number, "long/1")["text"].splitlines() == shown
    assert "long/1: user" in command(running, "journal", str(number), "--diff").output
    assert "need the number of an entry" in command(running, "journal", "--diff").output


def test_table_and_entry_name_the_fault_and_the_quota(running: Emulator, admin: Admin) -> None:
    admin.chaos("[{html: {status: 503}}]", session="f")
    assert ask(running, "riddle", "f").status_code == 503
    admin.chaos(quota="requests_per_minute: 0", session="f")
    assert ask(running, "riddle", "f").status_code == 429
    lines = command(running, "journal", "--session", "f").output.splitlines()
    assert " ".join(lines[1].split()[5:8]) == "503 completed (html)"
    assert " ".join(lines[2].split()[5:9]) == "429 completed (quota requests_per_minute)"
    assert len(command(running, "journal", "--session", "f", "--status", "503").output.splitlines()) == 2
    shown = [
        [line.split() for line in command(running, "journal", str(entry["id"])).output.splitlines()]
        for entry in admin.entries(session="f")
    ]
    assert ["faults", "html"] in shown[0]
    assert ["quota", "requests_per_minute"] in shown[1]


def test_json_lines_and_archive(running: Emulator, admin: Admin, tmp_path: Path) -> None:
    ask(running, "riddle")
    (line,) = command(running, "journal", "--json").output.splitlines()
    assert json.loads(line)["request"]["body"]["messages"][0]["content"] == "riddle"
    file = tmp_path / "journal.har"
    assert command(running, "journal", "--har", str(file)).exit_code == 0
    assert json.loads(file.read_text())["log"]["entries"][0]["response"]["status"] == 200


def test_sessions_and_reset(running: Emulator, admin: Admin) -> None:
    assert ask(running, "once", "a").status_code == 429
    shown = command(running, "sessions").output.splitlines()
    assert (shown[1].split()[0], shown[1].split("  ")[-1].strip()) == ("a", "demo/2: 1")
    assert json.loads(command(running, "sessions", "--json").output)[0]["session"] == "a"
    assert command(running, "reset", "a").output == "Reset a.\n"
    assert ask(running, "once", "a").status_code == 429
    assert command(running, "reset", "--all").output == "Reset a.\n"
    assert admin.entries() == []


def test_following_begins_with_the_past(running: Emulator, admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(running, "riddle")
    given = Admin.events

    def one_event(self: Admin, after: int | None = None, **filters: Any) -> Iterator[Any]:
        ask(running, "once")
        for event in given(self, after, **filters):
            yield event
            if event["event"] == "finished" and event["entry"]["turn"] == 2:
                return

    monkeypatch.setattr(Admin, "events", one_event)
    shown = command(running, "journal", "--follow", "--session", "s").output.splitlines()
    assert [line.split()[4] for line in shown] == ["demo/1", "demo/2"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["sessions", "--url", "http://127.0.0.1:9"], "Start it with `gemulator serve`."),
        (["sessions", "--admin-key", "a\nb"], "--admin-key: a header value must be one line of printable ASCII"),
        (["sessions", "--admin-key", "ключ"], "--admin-key: a header value must be one line of printable ASCII"),
        (["journal", "--har", "/dev/null/x.har"], "/dev/null/x.har cannot be written: Not a directory"),
    ],
)
def test_what_a_command_says_that_cannot_go_on(running: Emulator, words: list[str], says: str) -> None:
    result = command(running, *words)
    assert result.exit_code > 0
    assert isinstance(result.exception, SystemExit)
    assert says in result.output


@pytest.mark.parametrize("levels", range(249, 253))
def test_a_body_that_is_nested_too_deeply_to_be_shown_is_text(running: Emulator, admin: Admin, levels: int) -> None:
    deep: Any = []
    for _ in range(levels - 2):  # and the body around them
        deep = [deep]
    assert ask(running, "riddle", "deep", foo=deep).status_code == 400
    assert ask(running, "riddle", "deep").status_code == 200
    lines = command(running, "journal", "--json", "--session", "deep")
    assert lines.exit_code == 0, lines.output
    first, second = map(json.loads, lines.stdout.splitlines())
    assert second["request"]["body"]["messages"][0]["content"] == "riddle"
    body = first["request"]["body"]
    assert (json.loads(body) if isinstance(body, str) else body)["foo"] == deep
    page = httpx.get(f"{running.url}/__emulator/journal?session=deep&full=1").json()
    assert page["entries"][0] == first == admin.entry(first["id"])
    assert command(running, "journal", str(first["id"])).exit_code == 0


def test_no_client_steers_the_terminal_on_which_its_requests_are_shown(running: Emulator, admin: Admin) -> None:
    url = f"{running.base_url}/chat/completions".replace("openapi/", "12%1b[2J/")
    httpx.post(url, content='{"model": "google/\x1b[31m"', headers={"authorization": "Bearer emulator.s"})
    assert ask(running, "riddle", model="google/\x1b[31mRED").status_code == 200
    first, second = admin.entries(session="s")
    told = [command(running, "journal", *words).output for words in ((), (str(first["id"]),), (str(second["id"]),))]
    assert "\x1b" not in "".join(told)
    assert r"google/\x1b[31mRED" in told[0]
    assert r"12\x1b[2J/chat" in told[1]
    assert r"google/\x1b[31mRED" in told[2]
