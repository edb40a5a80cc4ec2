"""`Emulator`: the server inside a Python process."""

import inspect
import threading
from collections.abc import Callable
from pathlib import Path
from typing import get_type_hints

import httpx
import pytest
from openai import OpenAI

from gemulator import Emulator, Session
from gemulator.client.admin import AdminError
from gemulator.client.in_process_admin import InProcessAdmin
from gemulator.client.options import Options
from gemulator.core.errors import ScenarioError
from gemulator.core.setting_error import SettingError
from gemulator.core.settings import Settings
from tests.acceptance.wire import ask, post


def said(session: Session | Emulator) -> str:
    answer = post(session, ask("hi"))
    return str(answer.json()["choices"][0]["message"]["content"])


def test_a_client_talks_to_it(tmp_path: Path) -> None:
    (tmp_path / "hi.yaml").write_text("turns: [{ when: { user: hi }, reply: Hello! }]")
    with (
        Emulator(scenarios=str(tmp_path)) as emulator,
        OpenAI(base_url=emulator.base_url, api_key=emulator.token) as client,
    ):
        answer = client.chat.completions.create(model="google/m", messages=[{"role": "user", "content": "hi"}])
    assert answer.choices[0].message.content == "Hello!"


def test_its_addresses() -> None:
    with Emulator(project="mine", location="europe-west4") as emulator:
        assert emulator.base_url == f"{emulator.url}/v1/projects/mine/locations/europe-west4/endpoints/openapi"
        assert emulator.endpoint_url("mg-endpoint-1").endswith("/locations/us-central1/endpoints/mg-endpoint-1")
        assert httpx.get(f"{emulator.url}/__emulator/health").json()["status"] == "ok"


def test_it_has_the_members_of_its_default_session() -> None:
    of_sessions_alone = {"clients", "end_later", "folders", "of", "share_loaded"}
    members = {name for name in dir(Session) if not name.startswith("_")} - of_sessions_alone
    assert members <= set(dir(Emulator))
    for name in members:
        session, emulator = getattr(Session, name), getattr(Emulator, name)
        if callable(session) and name != "close":
            assert inspect.signature(emulator) == inspect.signature(session)
            assert emulator.__doc__ == session.__doc__


def test_what_is_done_with_it_is_done_with_its_default_session() -> None:
    with Emulator(unmatched="error") as emulator:
        session = emulator.default_session
        emulator.when(user="hi").reply("Hello!")
        emulator.seed, emulator.clock = 7, "2030-01-01T00:00:00Z"
        assert said(emulator) == said(session) == "Hello!"
        assert [one.user for one in session.requests] == [one.user for one in emulator.requests] == ["hi", "hi"]
        assert (session.to_yaml(), session.seed, session.clock) == (emulator.to_yaml(), "7", "2030-01-01T00:00:00Z")
        session.assert_called(2, user="hi")
        emulator.reset()
        assert session.requests == []
        with pytest.raises(ScenarioError, match="unknown key `usr`"):
            emulator.when(usr="hi").reply("Hello!")  # type: ignore[call-arg]
        with pytest.raises(AssertionError, match="turn stubs/1 has never answered"):
            emulator.assert_all_used()


def test_a_stopped_one_that_nobody_asked_says_that_it_is_gone() -> None:
    emulator = Emulator().start()
    emulator.stop()
    with pytest.raises(AdminError, match="cannot reach gemulator"):
        emulator.session(seed="1").name.upper()


def test_it_is_nowhere_before_it_listens() -> None:
    emulator = Emulator()
    asked: list[Callable[[], object]] = [
        lambda: emulator.url,
        lambda: emulator.base_url,
        lambda: emulator.endpoint_url("1"),
        lambda: emulator.env,
        emulator.openai,
        lambda: emulator.when(user="hi").reply("Hello!"),
        lambda: emulator.session(seed="1"),
        lambda: emulator.requests,
    ]
    for ask_early in asked:
        with pytest.raises(RuntimeError, match=r"`with Emulator\(\) as emulator:` or `emulator\.start\(\)`"):
            ask_early()
    with emulator:
        emulator.when(user="hi").reply("Hello!")
        assert post(emulator, ask("hi")).json()["choices"][0]["message"]["content"] == "Hello!"


def test_a_stopped_one_is_gone() -> None:
    before = set(threading.enumerate())
    emulator = Emulator().start()
    emulator.stop()
    emulator.stop()
    assert set(threading.enumerate()) <= before
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{emulator.url}/__emulator/health")


def test_one_that_is_started_again_begins_anew() -> None:
    emulator = Emulator().start()
    emulator.when(user="hi").reply("Hello!")
    emulator.seed = "7"
    emulator.stop()
    with pytest.raises(AdminError, match="cannot reach gemulator"):
        _ = emulator.requests
    with emulator:
        assert (emulator.requests, emulator.to_yaml(), emulator.seed) == ([], "", None)
        assert said(emulator) != "Hello!"
        emulator.when(user="hi").reply("Hello again!")
        assert said(emulator) == "Hello again!"
        assert type(emulator.admin) is InProcessAdmin


def test_one_that_is_started_twice_is_one() -> None:
    before = set(threading.enumerate())
    with Emulator().start() as emulator:
        assert emulator.start() is emulator
        url = emulator.url
    assert set(threading.enumerate()) <= before
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/__emulator/health")


def test_a_setting_of_python_is_one_of_the_command_line() -> None:
    """Types differ only for settings that Python takes in more forms."""
    python, settings = get_type_hints(Options), get_type_hints(Settings)
    assert python.keys() == settings.keys() - {"project"}
    written = {name for name in python if python[name] != settings[name]}
    assert written == {
        *("scenarios", "policy", "state", "catalog", "tokens", "token_key", "admin_key", "allow_host", "tls_names"),
        *("seed", "proxy_port", "signatures", "strict_media", "strict_params", "session_from", "redact"),
        *("upstream", "upstream_model", "forward_limit", "record"),
    }


def test_a_seed_is_a_text_or_a_number() -> None:
    with Emulator(seed=7) as emulator, Emulator(seed="7") as other:
        session, third = emulator.session(seed=8), other.session(seed="8")
        assert said(emulator) == said(other)
        assert said(session) == said(third) != said(emulator)
        session.seed = 9
        assert session.seed == "9"


def test_two_at_once_do_not_share_anything(tmp_path: Path) -> None:
    (tmp_path / "once.yaml").write_text("turns: [{ times: 1, reply: First }, { reply: Then }]")
    with Emulator(scenarios=tmp_path) as one, Emulator(scenarios=tmp_path) as two:
        said = [post(emulator, ask("x")).json()["choices"][0]["message"]["content"] for emulator in (one, two, one)]
    assert said == ["First", "First", "Then"]


def test_wrong_settings_and_scenarios_are_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"^unmatchd: unknown setting: did you mean `unmatched`\?$"):
        Emulator(unmatchd="error")  # type: ignore[call-arg]
    with pytest.raises(SettingError, match=r"^bogus: unknown setting$"):
        Emulator(bogus=1)  # type: ignore[call-arg]
    with pytest.raises(SettingError, match="port: Input should be"):
        Emulator(port=-1)
    with pytest.raises(SettingError, match="quota: x: unknown key"):
        Emulator(quota="x").start()
    (tmp_path / "a.yaml").write_text("turns: 7")
    with pytest.raises(ScenarioError, match=r"a\.yaml:1:"):
        Emulator(scenarios=tmp_path).start()


def test_a_repeated_request_heeds_its_headers(tmp_path: Path) -> None:
    """Requests are kept ready by their bytes; what headers say must still decide."""
    (tmp_path / "a.yaml").write_text("turns: [{ reply: From a }]")
    (tmp_path / "b.yaml").write_text("turns: [{ reply: From b }]")
    with Emulator(scenarios=tmp_path) as emulator:
        said = [
            post(emulator, ask("x"), **headers).json()["choices"][0]["message"]["content"]
            for headers in ({}, {"x_emulator_scenario": "b"}, {}, {"x_emulator_scenario": "b"})
        ]
    assert said == ["From a", "From b", "From a", "From b"]


@pytest.mark.parametrize("headers", [{"x_emulator_wire": "odd"}, {"x_emulator_speed": "fast"}])
def test_headers_of_its_own_that_mean_nothing_are_refused(empty: Emulator, headers: dict[str, str]) -> None:
    answer = post(empty, ask("x"), **headers)
    assert answer.status_code == 400
    assert "gemulator: x-emulator-" in answer.json()["error"]["message"]
