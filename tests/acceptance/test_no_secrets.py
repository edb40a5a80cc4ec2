"""Real keys are shown and kept nowhere, whichever way they come in."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from redis.asyncio import Redis

from gemulator import Emulator, SettingError
from gemulator.cli import main
from gemulator.client.admin import AdminError
from tests.acceptance.wire import ask, post
from tests.client.pytest_project import run
from tests.redis_server import RedisServer, needs_redis
from tests.state.redis_api import emulator as redis_emulator

KEY = "AIza" + "SyD-secret_0123456789-abcdefghijklm"
PATTERN = "hunter2"
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("lead", ["", "word " * 17], ids=["whole", "cut within the key"])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("secret", [KEY, PATTERN])
def test_explain_shows_no_key(tmp_path: Path, lead: str, stream: bool, secret: str) -> None:
    parts = "[{ thinking: '{{ user }}' }, { text: '{{ user }}' }]"
    echo = f"turns: [{{ when: {{ user: echo }}, reply: {parts} }}, {{ reply: '{{{{ user }}}}' }}]"
    (tmp_path / "echo.yaml").write_text(echo)
    request = tmp_path / "request.json"
    request.write_text(json.dumps({**ask(f"echo {lead}{secret}"), "stream": stream}))
    options = ["--scenarios", str(tmp_path / "echo.yaml")]
    explained = CliRunner(env={"GEMULATOR_REDACT": PATTERN}).invoke(main, ["explain", str(request), *options])
    assert explained.exit_code == 0, explained.output
    assert lead or "(redacted: " in explained.output
    assert secret[:7] not in explained.output
    with Emulator(scenarios=tmp_path / "echo.yaml", redact=[PATTERN]) as server:
        found = server.admin.explain({**ask(f"echo {lead}{secret}"), "stream": stream})
    assert lead or "(redacted: " in found["text"]
    assert secret[:7] not in json.dumps(found)


@pytest.mark.parametrize("place", ["header", "source", "token"])
@pytest.mark.parametrize("secret", [KEY, PATTERN])
def test_session_is_not_named_by_a_key(place: str, secret: str) -> None:
    named: dict[str, Any] = {"header": {"x-emulator-session": secret}, "source": {"x-test-id": f"test-{secret}"}}
    named["token"] = {"authorization": f"Bearer emulator.{secret}"}
    with Emulator(session_from=["header:x-test-id"], redact=[PATTERN]) as server:
        server.when().reply("Hello!")
        answer = post(server, ask("hi"), **named[place])
        assert answer.status_code == 400
        assert "keeps no credentials" in answer.text
        assert secret not in answer.text
        shown = json.dumps([server.admin.sessions(), server.admin.entries(), server.admin.har()])
        assert secret not in shown


def test_admin_api_takes_no_key_as_the_name_of_a_session() -> None:
    with Emulator() as server:
        for call in (
            lambda: server.admin.create(KEY),
            lambda: server.admin.push("turns: [{ reply: x }]", KEY),
            lambda: server.admin.pin(None, KEY),
            lambda: server.admin.chaos(session=KEY, error=429),
            lambda: server.admin.end(KEY),
            lambda: server.admin.withdraw(session=KEY),
        ):
            with pytest.raises(AdminError) as refused:
                call()
            assert KEY not in str(refused.value)
        assert KEY not in json.dumps(server.admin.sessions())


@pytest.mark.parametrize(
    "source",
    [
        *("header:Authorization", "header:x-goog-api-key", "header:x-api-key", "header:x-auth-token", "query:key"),
        *("query:access_token", "query:api_key", "cookie:auth-token", "cookie:__Secure-access_token"),
        *("baggage:password", "query:auth", "query:sig", "query:X-Goog-Signature"),
    ],
)
def test_place_of_a_credential_names_no_session(source: str) -> None:
    with pytest.raises(SettingError, match="keeps no credentials"):
        Emulator(session_from=[source]).start()


def test_failed_assertions_show_no_key(tmp_path: Path) -> None:
    tests = f"""
    KEY = "AIza" + "{KEY[4:]}"

    @pytest.fixture(scope="session")
    def gemulator_settings():
        return {{"redact": ["{PATTERN}"]}}

    def test_called(gemulator):
        condition = KEY + " and {PATTERN}"
        gemulator.assert_called(user=condition)

    def test_used(gemulator):
        gemulator.when(user=KEY).reply(KEY)
        gemulator.when(user="{PATTERN}").reply("{PATTERN}")
        gemulator.assert_all_used()

    def test_pending(gemulator):
        gemulator.when(user=KEY + " {PATTERN}")
        gemulator.assert_all_used()

    def test_end(gemulator):
        gemulator.when(user=KEY).reply(KEY).times(3)

    def test_unmatched(gemulator):
        gemulator.when(user="other " + KEY + " {PATTERN}")
        with pytest.raises(BadRequestError):
            ask(gemulator, "some other " + KEY)
    """
    report = run(tmp_path, {"keys": tests}, "--tb=line", "-rN")
    text = report.str()
    assert "5 failed" in text
    assert "(redacted: a Google API key)" in text
    shown = [line for line in text.splitlines() if KEY in line or PATTERN in line]
    assert shown == []


@needs_redis
async def test_session_named_by_a_key_is_stored_nowhere(server: RedisServer) -> None:
    async with redis_emulator(server, "turns: [{ reply: x }]") as api, Redis(port=server.port) as redis:
        answer = await api.chat(KEY, "hi")
        assert answer.status_code == 400
        stored = b"".join([await redis.dump(key) + key async for key in redis.scan_iter("*")])
        assert KEY[:12].encode() not in stored


def test_keys_in_scenarios_are_warned_of(tmp_path: Path) -> None:
    scenario = f"turns: [{{ when: {{ user: {KEY} }}, reply: Hello. }}]"
    (tmp_path / "leak.yaml").write_text(scenario)
    checked = CliRunner().invoke(main, ["check", str(tmp_path / "leak.yaml")])
    assert checked.exit_code == 0
    assert "leak.yaml:1:25: warning: the text has a Google API key in it" in checked.output
    assert KEY not in checked.output
    with Emulator() as server:
        answer = server.admin._call("POST", "/scenarios", {"session": "default"}, content=scenario.encode())
        assert answer["warnings"][0].startswith("the scenario has a Google API key in it")
