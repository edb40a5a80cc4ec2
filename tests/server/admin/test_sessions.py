"""Sessions and the scenarios pushed to them."""

from typing import Any

import pytest

from gemulator.server.auth.tokens import Token, derive_key, verify
from tests.admin_api import CHAT, WEATHER, AdminCaller


async def test_created_session_has_a_valid_token(call: AdminCaller) -> None:
    made = await call("POST", "/sessions", 201, json={"session": "one", "ttl": 60})
    token = verify(made["token"], derive_key("0"), 0)
    assert isinstance(token, Token)
    assert token.session == "one"
    message = {"role": "user", "content": "weather"}
    body = {"model": "google/gemini-2.5-flash", "messages": [message]}
    await call.http.post(CHAT, json=body, headers={"authorization": f"Bearer {made['token']}"})
    (state,) = [one for one in (await call("GET", "/sessions"))["sessions"] if one["session"] == "one"]
    assert state["entries"] == 1
    assert list(state["counters"].values()) == [1]
    unnamed = [await call("POST", "/sessions", 201) for _ in range(2)]
    assert unnamed[0]["session"] != unnamed[1]["session"]


async def test_seed_clock_and_pin_of_a_session(call: AdminCaller) -> None:
    plain = (await call.ask("tell me", "a")).json()
    await call("POST", "/sessions", 201, json={"session": "b", "seed": "7", "clock": "2020-01-01T00:00:00Z"})
    other = (await call.ask("tell me", "b")).json()
    assert other["created"] == 1577836800
    assert (await call("GET", "/journal?session=b"))["entries"][0]["at"] == 1577836800.0
    assert other["choices"] != plain["choices"]
    await call("POST", "/scenarios/pin", json={"session": "b", "scenario": "weather"})
    assert (await call("GET", "/scenarios?session=b"))["pinned"] == "weather"
    assert (await call.ask("tell me", "b")).json()["created"] == 1577836800
    early = await call("POST", "/sessions", 422, json={"session": "b", "clock": "1969-07-20T20:17:40Z"})
    assert "from 1970-01-01 to 2106-02-07" in early["error"]["message"]
    missing = await call("POST", "/scenarios/pin", 404, json={"session": "b", "scenario": "wether"})
    assert missing["error"]["remedy"] == "Did you mean 'weather'?"


async def test_pushed_scenarios_precede_newest_first(call: AdminCaller) -> None:
    assert [(await call.ask("weather", "a")).status_code] == [429]
    for word in ("old", "new"):
        text = f"turns: [{{when: {{user: weather}}, reply: {word}}}]"
        await call("POST", f"/scenarios?session=a&name={word}", 201, content=text)
    assert (await call.ask("weather", "a")).json()["choices"][0]["message"]["content"] == "new"
    names = [one["name"] for one in (await call("GET", "/scenarios?session=a"))["scenarios"]]
    assert names == ["new", "old", "weather"]
    assert (await call.ask("weather", "b")).status_code == 429
    await call("DELETE", "/scenarios/new?session=a")
    assert (await call.ask("weather", "a")).json()["choices"][0]["message"]["content"] == "old"
    assert (await call("DELETE", "/scenarios?session=a"))["withdrawn"] is True
    assert (await call.ask("weather", "a")).json()["choices"][0]["message"]["content"] == "Sunny."


async def test_pushed_catch_all_hides_no_condition(call: AdminCaller) -> None:
    await call("POST", "/scenarios?name=all", 201, content="turns: [{reply: anything}]")
    assert (await call.ask("weather")).status_code == 429
    assert (await call.ask("else")).json()["choices"][0]["message"]["content"] == "anything"


async def test_pushed_scenario_replaces_file_of_its_name(call: AdminCaller) -> None:
    await call("POST", "/scenarios?name=weather", 201, content="turns: [{when: {user: rain}, reply: wet}]")
    assert (await call("GET", "/scenarios"))["scenarios"] == [
        {"name": "weather", "description": "", "turns": 1, "pushed": True}
    ]


async def test_json_scenario_may_have_any_character(call: AdminCaller) -> None:
    pushed = await call("POST", "/scenarios", 201, json={"name": "smile", "turns": [{"reply": "😀 \u2028"}]})
    assert pushed == {"session": "default", "name": "smile", "turns": 1}
    assert (await call.ask("x")).json()["choices"][0]["message"]["content"] == "😀 \u2028"


async def test_invalid_scenario_lists_problems(call: AdminCaller) -> None:
    answer = await call("POST", "/scenarios/validate", 422, content="turns:\n  - replay: x\n")
    assert answer["error"]["code"] == "invalid_scenario"
    assert {(one["line"], one["path"]) for one in answer["problems"]} >= {(2, "turns[0].replay")}
    assert await call("POST", "/scenarios/validate?name=ok", content=WEATHER) == {"name": "ok", "turns": 2}
    assert len((await call("GET", "/scenarios"))["scenarios"]) == 1


async def test_reset_and_drop(call: AdminCaller) -> None:
    assert (await call.ask("weather", "a/b")).status_code == 429
    await call("POST", "/sessions/a%2Fb/reset")
    assert (await call.ask("weather", "a/b")).status_code == 429
    assert await call("DELETE", "/sessions/a%2Fb") == {"session": "a/b", "dropped": True}
    assert (await call("DELETE", "/sessions/a%2Fb"))["dropped"] is False


async def test_counter_of_one_turn_is_set(call: AdminCaller) -> None:
    assert [(await call.ask("weather")).status_code for _ in range(2)] == [429, 200]
    changed = await call("POST", "/sessions/default/counters", json={"turn": "weather/1"})
    assert changed == {"session": "default", "turn": "weather/1", "used": 0}
    assert [(await call.ask("weather")).status_code for _ in range(2)] == [429, 200]
    await call("POST", "/sessions/default/counters", json={})
    await call("POST", "/sessions/default/counters", json={"turn": "weather/1", "used": 1})
    assert (await call.ask("weather")).status_code == 200
    assert len((await call("GET", "/journal"))["entries"]) == 5


@pytest.mark.parametrize(
    ("body", "status", "code", "says"),
    [
        ({"turn": "wether/1"}, 404, "no_such_turn", "Did you mean 'weather/1'?"),
        ({"turn": "?"}, 404, "no_such_turn", "like `weather/2`"),
        ({"turn": "weather/2"}, 422, "not_counted", "Give the turn `times`"),
        ({"used": 3}, 422, "invalid_body", "Name the turn"),
        ({"turn": "weather/1", "used": -1}, 422, "invalid_body", ""),
    ],
)
async def test_wrong_counter_is_refused(call: AdminCaller, body: Any, status: int, code: str, says: str) -> None:
    error = (await call("POST", "/sessions/default/counters", status, json=body))["error"]
    assert error["code"] == code
    assert says in error["remedy"]


async def test_session_created_with_scenarios_and_settings(call: AdminCaller) -> None:
    assert (await call.ask("weather", "old")).status_code == 429
    wanted = {"session": "new", "unmatched": "error", "drop": ["old", "never"]}
    texts = {"one": "turns: [{reply: one}]", "two": '{"turns": [{"when": {"user": "weather"}, "reply": "two"}]}'}
    await call("POST", "/sessions", 201, json={**wanted, "scenarios": texts, "scenario": "two"})
    assert (await call.ask("weather", "new")).json()["choices"][0]["message"]["content"] == "two"
    listed = await call("GET", "/scenarios?session=new")
    assert (listed["pinned"], [one["name"] for one in listed["scenarios"]]) == ("two", ["two", "one", "weather"])
    assert {one["session"] for one in (await call("GET", "/sessions"))["sessions"]} == {"new"}


async def test_session_with_invalid_scenario_is_not_created(call: AdminCaller) -> None:
    await call.ask("weather", "old")
    wanted = {"session": "new", "drop": ["old"], "scenarios": {"right": WEATHER, "wrong": "turns: 7"}}
    answer = await call("POST", "/sessions", 422, json=wanted)
    assert answer["error"]["message"].startswith("wrong:1:8: turns: ")
    assert {one["session"] for one in (await call("GET", "/sessions"))["sessions"]} == {"old"}
