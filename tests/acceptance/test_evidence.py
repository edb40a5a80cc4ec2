"""Assertions about requests: yes, no, or unknown with what is missing."""

import base64
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from gemulator import Emulator, Session
from tests.acceptance.test_command import run, serving, url_of
from tests.acceptance.wire import ask
from tests.client.pytest_project import run as run_project
from tests.redis_server import RedisServer, needs_redis, redis_server
from tests.waiting import until

KEY = "AIza" + "Sy0123456789abcdefghijklmnopqrstuvwx"[:35].ljust(35, "X")
LONG = "lorem ipsum " * 17_000  # 204 kB


def picture(side: int) -> str:
    """Return a data URL of a picture that does not compress."""
    out = io.BytesIO()
    Image.effect_noise((side, side), 90).convert("RGB").save(out, "PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


PICTURE = picture(700)
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": f"tool_{number}",
            "description": "d" * 900,
            "parameters": {"type": "object", "properties": {}},
        },
    }
    for number in range(50)
]


def post(session: Session | Emulator, content: Any = "hi", **fields: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {session.token}", **fields.pop("headers", {})}
    body = {"model": "google/gemini-2.5-flash", "messages": [{"role": "user", "content": content}], **fields}
    return httpx.post(f"{session.base_url}/chat/completions", json=body, headers=headers, timeout=60)


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def session(shared: Emulator) -> Iterator[Session]:
    with shared.session() as one:
        yield one


# ---- what is judged


def test_pictures_tools_and_long_prompts_are_judged_by_default(session: Session) -> None:
    parts = [{"type": "text", "text": f"{LONG} hunter2"}, {"type": "image_url", "image_url": {"url": PICTURE}}]
    assert post(session, parts, tools=TOOLS).status_code == 200
    session.assert_called(1, user="hunter2", tools="tool_49", image="image/png")
    session.assert_called(0, user="hunter3")
    session.assert_called(0, tools="tool_50")
    session.assert_called(1, body={"tools[49].function.description": "ddd"})
    with pytest.raises(AssertionError, match=r"expected exactly 0 such requests, found 1 among 1"):
        session.assert_called(0, user="hunter2")
    assert session.last.user.endswith("hunter2")
    assert "<image/png, " in str(session.last.body)


def test_the_bytes_of_a_picture_are_unknown(session: Session) -> None:
    post(session, [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": PICTURE}}])
    url = "messages[0].content[1].image_url.url"
    session.assert_called(1, body={url: {"exists": True}})
    with pytest.raises(AssertionError, match=r"unknown: .*entry \d+ has <\d+ bytes, sha256 [0-9a-f]{64}>"):
        session.assert_called(0, body={url: "AAAA"})


def test_long_words_are_no_pictures(session: Session) -> None:
    post(session, "x" * 100_000 + "hunter2")
    session.assert_called(1, user="xhunter2")
    session.assert_called(0, user="hunter3")


def test_texts_of_a_cut_request_are_unknown() -> None:
    with Emulator(journal_body=300) as emulator:
        post(emulator, "x " * 400)
        last = emulator.last
        for read in (lambda: last.user, lambda: last.system, lambda: last.tools, lambda: last.messages):
            with pytest.raises(AssertionError, match=r"unknown: .* cut at 300 bytes \(raise journal_body of Emulator"):
                read()
        assert last.status == 200


def test_unread_bodies_are_unknown() -> None:
    with Emulator(auth="token") as emulator:
        post(emulator, "hunter2", headers={"authorization": "Bearer wrong"})
        with pytest.raises(AssertionError, match=r"unknown: .*was refused before its body was read"):
            emulator.assert_called(0, user="hunter2", refused=True)
        emulator.assert_called(0, user="hunter2")


# ---- sessions whose evidence is gone


def test_evicted_session_is_unknown(tmp_path: Path) -> None:
    with Emulator(max_sessions=2) as emulator:
        first = emulator.session("first")
        first.when(user="hi").reply("Hello.")
        post(first, "hunter2")
        for name in ("second", "third"):
            post(emulator.session(name))
        lost = r"unknown: .*the session was evicted with its entries \(raise max_sessions and session_age of Emulator\("
        for check in (
            lambda: first.assert_called(0, user="hunter2"),
            lambda: first.requests,
            lambda: first.last,
            first.assert_all_matched,
        ):
            with pytest.raises(AssertionError, match=lost):
                check()
        post(first, "again")  # the name begins anew, and its earlier requests are still missing
        with pytest.raises(AssertionError, match=lost):
            first.assert_called(0, user="hunter2")
        assert [one["kind"] for one in first.verdict()] == ["not judged"]
        first.reset()
        first.assert_called(0, user="hunter2")


def test_all_used_is_unknown_in_an_evicted_session() -> None:
    with Emulator(max_sessions=2) as emulator:
        first = emulator.session("first")
        first.when(user="hi").reply("Hello.")
        post(first, "hi")
        for name in ("second", "third"):
            post(emulator.session(name))
        with pytest.raises(AssertionError, match=r"unknown: .*evicted with its entries"):
            first.assert_all_used()


def test_counted_turns_of_evicted_entries_are_checked(tmp_path: Path) -> None:
    (tmp_path / "twice.yaml").write_text("turns: [{ when: { user: hi }, times: 2, reply: Hello. }]")
    with Emulator(scenarios=tmp_path, journal_entries=1) as emulator:
        post(emulator, "hi")
        post(emulator, "other")
        with pytest.raises(AssertionError, match="turn twice/1 answered 1 of 2 times"):
            emulator.assert_all_used()


@needs_redis
def test_answers_without_the_store_are_unknown_until_a_reset(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server, Emulator(store=server.url) as emulator:
        assert post(emulator, "before").status_code == 200
        server.kill()
        assert post(emulator, "hunter2").status_code == 200
        server.start()
        until(lambda: httpx.get(f"{emulator.url}/__emulator/ready").status_code == 200)
        away = r"unknown: .*1 answer was given while the store was away \(reset the session"
        for check in (lambda: emulator.assert_called(0, user="hunter2"), lambda: emulator.last):
            with pytest.raises(AssertionError, match=away):
                check()
        emulator.reset()
        emulator.assert_called(0, user="hunter2")


# ---- ends


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("store", ["memory", pytest.param("redis", marks=needs_redis)])
def test_end_is_recorded_when_the_client_has_the_last_byte(
    tmp_path_factory: pytest.TempPathFactory, store: str, *, stream: bool
) -> None:
    folder = tmp_path_factory.mktemp("store")
    server = RedisServer(folder) if store == "redis" else None
    try:
        if server is not None:
            server.start()
        with Emulator(store=server.url if server else "memory") as emulator:
            emulator.when(user="paced").reply("One two three.").pace(first_token=0.01, tokens_per_second=500)
            emulator.when(user="cut").reply("One two three.").fault("disconnect", after_chunks=1)
            for number in range(12):
                session = emulator.session()
                session.when(user="paced").reply("One two three.").pace(first_token=0.01, tokens_per_second=500)
                post(session, ("paced", "plain")[number % 2], stream=stream)
                assert session.last.outcome == "completed"
    finally:
        if server is not None:
            server.kill()


# ---- credentials


def test_credentials_of_prompts_are_kept_and_shown_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    with Emulator(log_format="plain", unmatched="error", auth="open") as emulator:
        emulator.when(user={"contains": f"echo {KEY}"}).reply("You said: {{ user }}")
        emulator.when(user="sunshine and a very long text that does not match").reply("x")
        assert KEY in post(emulator, f"echo {KEY}").text  # the client gets what the author wrote
        assert KEY in "".join(re.findall('"content":"(.*?)"', post(emulator, f"echo {KEY}", stream=True).text))
        unmatched = post(emulator, f"{'words ' * 11} {KEY}")
        assert unmatched.status_code == 400
        post(emulator, "hi", headers={"x-debug": f"key={KEY}"})
        post(emulator, f"{KEY}", n=0)
        httpx.post(f"{emulator.base_url}/chat/completions?key={KEY}", json=ask("hi"))
        shown = json.dumps([emulator.admin.entries(), emulator.admin.har(), emulator.admin.verdict()])
        shown += unmatched.text + str(emulator.admin.explain(ask(f"{'words ' * 11} {KEY}")))
        with pytest.raises(AssertionError) as failed:
            emulator.assert_called(1, user="sunshine")
        shown += str(failed.value)
        kinds = [one["kind"] for one in emulator.verdict()]
    shown += "".join(capfd.readouterr())
    assert not re.search(KEY[:12], shown)
    assert "(redacted: a Google API key)" in shown
    assert kinds.count("leaked a key") == 6


def test_redacted_text_decides_nothing(session: Session) -> None:
    post(session, f"my key is {KEY}, and the weather?")
    session.assert_called(1, user="weather")
    session.assert_called(0, system="weather")
    with pytest.raises(AssertionError, match=r"unknown: .*has \(redacted: a Google API key\) in place of what was"):
        session.assert_called(0, user="hunter2")
    with pytest.raises(AssertionError, match="unknown: "):
        session.assert_called(1, not_={"user": "hunter2"})


def test_redacted_key_decides_nothing(session: Session) -> None:
    post(session, metadata={KEY: "b", "ok": "c"})
    for conditions in ({f"metadata.{KEY}": "b"}, {f"metadata.{KEY}": {"exists": True}}, {"metadata.other": "c"}):
        with pytest.raises(AssertionError, match="unknown"):
            session.assert_called(0, body=conditions)
    session.assert_called(1, body={"metadata.ok": "c"})
    session.assert_called(0, body={"metadata.ok": "d"})


def test_refused_client_is_recorded_in_the_session_that_it_names() -> None:
    with Emulator(scenarios="none", auth="token") as emulator:
        session = emulator.session()
        refused = httpx.post(
            f"{emulator.base_url}/chat/completions",
            json=ask("hello"),
            headers={"authorization": "Bearer wrong", "x-emulator-session": session.name},
        )
        assert refused.status_code == 401
        session.assert_called(1, refused=True)
        with pytest.raises(AssertionError, match="unknown"):
            session.assert_called(0, refused=True, user="hello")


def test_redact_adds_patterns(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("turns: [{ when: { user: 'customer 4711, please' }, reply: 'Hello {{ user }}' }]")
    options = (
        "--redact",
        r"customer \d{2,}",
        "--redact",
        "hunter[0-9]",
        "--log-format",
        "json",
        "--unmatched",
        "error",
    )
    with serving("--port", "0", "--scenarios", str(tmp_path), *options) as (greeting, process):
        url = url_of(greeting)
        headers = {"authorization": "Bearer x"}
        for text in ("customer 4711, please", "the word hunter2"):
            answer = httpx.post(f"{url}/chat/completions", json=ask(text), headers=headers)
        assert answer.status_code == 400
        with Session(url.partition("/v1")[0]) as session:
            entries = session.admin.entries()
            with pytest.raises(AssertionError, match=r"unknown: .*has \(redacted: --redact 2\)"):
                session.assert_called(0, user="swordfish", refused=True)
        process.terminate()
        log = process.communicate()[1]
    assert entries[0]["scenario"] == "s"
    assert "Hello (redacted: --redact 1), please" in str(entries[0])
    assert not re.search("4711|hunter2", str(entries) + log + answer.text)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [("(?=x)", "invalid regular expression (RE2 syntax)"), ("x*", "matches an empty text")],
)
def test_unusable_pattern_is_refused_at_the_start(pattern: str, reason: str) -> None:
    refused = run("serve", "--redact", pattern)
    assert refused.returncode == 2
    assert "--redact" in refused.stderr
    assert reason in refused.stderr


# ---- knobs


def test_pytest_names_the_fixture(tmp_path: Path) -> None:
    conftest = """
        @pytest.fixture(scope="session")
        def gemulator_settings():
            return {"journal_body": 500, "journal_entries": 2}
        def test_cut(gemulator):
            gemulator.when().reply("Hello.")
            ask(gemulator, "x " * 800 + "hunter2")
            gemulator.assert_called(0, user="hunter2")
        def test_evicted(gemulator):
            gemulator.when().reply("Hello.")
            for text in ("hunter2", "two", "three"):
                ask(gemulator, text)
            gemulator.assert_called(0, user="hunter2")
    """
    report = run_project(tmp_path, {"one": conftest})
    report.fnmatch_lines_random(
        [
            "*unknown:*is cut at 500 bytes (raise journal_body in the fixture gemulator_settings)*",
            "*unknown:*1 entry was evicted*(raise journal_entries in the fixture gemulator_settings)*",
            "*2 failed*",
        ]
    )


def test_serve_names_its_options() -> None:
    with serving("--port", "0", "--journal-body", "300") as (greeting, _):
        url = url_of(greeting)
        httpx.post(f"{url}/chat/completions", json=ask("x " * 400), headers={"authorization": "Bearer x"})
        origin = url.partition("/v1")[0]
        assert "Raise --journal-body of gemulator serve" in run("verdict", "--url", origin).stdout
        with (
            Session(origin) as session,
            pytest.raises(AssertionError, match=r"cut at 300 bytes \(raise --journal-body of gemulator serve\)"),
        ):
            session.assert_called(0, user="hunter2")


# ---- for each request that was sent, some assertion about it fails when negated

CONTENTS = st.one_of(
    st.text('ab \n"\\é', max_size=30),
    st.sampled_from([LONG, "x" * 70_000, f"a key {KEY}", PICTURE, "", "A" * 600]),
    st.sampled_from([[{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": PICTURE}}]]),
)
REQUEST = st.tuples(CONTENTS, st.sampled_from([{}, {"tools": TOOLS}, {"stream": True}, {"n": 0}]), st.booleans())


def with_marker(content: Any, marker: str) -> Any:
    return [*content, {"type": "text", "text": marker}] if isinstance(content, list) else f"{content} {marker}"


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    requests=st.lists(REQUEST, min_size=1, max_size=5),
    bounds=st.sampled_from(
        [{}, {"journal_entries": 2}, {"journal_bytes": 60_000}, {"journal_body": 300}, {"max_sessions": 2}]
    ),
)
def test_no_request_can_be_denied(requests: list[tuple[Any, dict[str, Any], bool]], bounds: dict[str, Any]) -> None:
    with Emulator(**bounds, auth="token") as emulator:
        sessions = [emulator.session("one"), emulator.session("two")]
        sent = []
        for number, (content, fields, second) in enumerate(requests):
            session, marker = sessions[second], f"marker-{number}."
            post(session, with_marker(content, marker), **fields)
            sent.append((session, marker))
        post(emulator.session("three"))
        for session, marker in sent:
            with pytest.raises(AssertionError, match=r"found 1 among|unknown: "):
                session.assert_called(0, refused=True, user=marker)
            with pytest.raises(AssertionError, match=r"found 1 among|unknown: "):
                session.assert_called(at_most=0, refused=True, user=marker)
