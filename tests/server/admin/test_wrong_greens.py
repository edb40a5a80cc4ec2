"""Requests of the admin API that mean nothing: they are refused, instead of passing."""

from typing import Any

import pytest

from tests.admin_api import AdminCaller, app_with

NO_REQUEST: dict[str, Any] = {"entries": [{"count": 0}]}


@pytest.mark.parametrize("expected", [{}, {"entries": []}, {"none_unmatched": False, "times_used": False}])
async def test_verify_without_a_check_is_refused(call: AdminCaller, expected: dict[str, Any]) -> None:
    error = (await call("POST", "/verify", 422, json=expected))["error"]
    assert "nothing to check: set one of `entries`, `order`, `usage`, `none_unmatched`" in error["message"]


async def test_verify_of_a_session_that_never_was_names_the_one_meant(call: AdminCaller) -> None:
    await call.ask("weather", "checkout")
    error = (await call("POST", "/verify", 404, json={"session": "chekout", **NO_REQUEST}))["error"]
    assert (error["code"], error["message"]) == ("no_such_session", "there is no session 'chekout'")
    assert error["remedy"].startswith("Did you mean 'checkout'?")
    assert '{"session":"chekout"}' in error["remedy"]
    await call("POST", "/sessions", 201, json={"session": "chekout"})
    assert (await call("POST", "/verify", json={"session": "chekout", **NO_REQUEST}))["verified"]


async def test_default_session_needs_no_creation(call: AdminCaller) -> None:
    assert (await call("POST", "/verify", json=NO_REQUEST))["verified"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/verdict?session=nosuch", None),
        ("GET", "/verdict?session=nosuch&strictness=strict", None),
        ("POST", "/sessions/nosuch/counters", {"turn": "weather/1"}),
        ("POST", "/sessions/nosuch/counters", {}),
    ],
)
async def test_session_that_never_was_is_not_created(
    call: AdminCaller, method: str, path: str, body: dict[str, Any] | None
) -> None:
    assert (await call(method, path, 404, json=body))["error"]["code"] == "no_such_session"
    assert [one["session"] for one in (await call("GET", "/sessions"))["sessions"]] == []


async def test_reset_says_if_there_was_a_session(call: AdminCaller) -> None:
    assert await call("POST", "/sessions/nosuch/reset") == {"session": "nosuch", "reset": False}
    await call.ask("weather", "there")
    assert await call("POST", "/sessions/there/reset") == {"session": "there", "reset": True}


async def test_journal_of_a_session_that_never_was_is_incomplete(call: AdminCaller) -> None:
    page = await call("GET", "/journal?session=nosuch")
    assert page["missing"] == ["there is no session 'nosuch'"]
    assert (await call("GET", "/journal?session=default")).get("missing") == []


async def test_counter_above_times_is_refused(call: AdminCaller) -> None:
    change = {"turn": "weather/1", "used": 2}
    error = (await call("POST", "/sessions/default/counters", 422, json=change))["error"]
    assert error["message"] == "`used` is 2, but the turn 'weather/1' answers 1 time"
    assert error["remedy"] == "Use a number from 0 to 1."


async def test_bounds_that_no_number_meets_are_refused(call: AdminCaller) -> None:
    for entry in ({"at_least": 3, "at_most": 2}, {"count": 1, "at_least": 2}, {"count": 3, "at_most": 2}):
        error = (await call("POST", "/verify", 422, json={"entries": [entry]}))["error"]
        assert "no number of requests is both" in error["message"]


async def test_evicted_session_is_unknown_and_not_missing() -> None:
    call = AdminCaller(app_with(max_sessions=2))
    for session in ("one", "two", "three"):
        await call.ask("weather", session)
    answer = await call("POST", "/verify", 409, json={"session": "one", **NO_REQUEST})
    assert answer["failures"][0]["unknown"]


@pytest.mark.parametrize(
    ("entry", "message", "remedy"),
    [
        ({"scenario": "wether", "count": 0}, "unknown scenario 'wether'", "Did you mean 'weather'?"),
        ({"scenario": "snow", "count": 0}, "unknown scenario 'snow'", "GET /__emulator/scenarios lists"),
        ({"scenario": "weather", "turn": 3, "count": 0}, "'weather' has 2 turns, not 3", "Use a number from 1 to 2."),
        ({"turn": 0, "count": 0}, "0 is out of range: at least 1", ""),
    ],
)
@pytest.mark.parametrize("field", ["entries", "order"])
async def test_turn_that_does_not_exist_is_refused(
    call: AdminCaller, entry: dict[str, Any], message: str, remedy: str, field: str
) -> None:
    wanted = entry if field == "entries" else {name: value for name, value in entry.items() if name != "count"}
    error = (await call("POST", "/verify", 422, json={field: [wanted]}))["error"]
    assert message in error["message"]
    assert error["message"].startswith(f"{field}[0].")
    assert error["remedy"].startswith(remedy)


async def test_withdrawn_scenario_that_has_answered_is_known(call: AdminCaller) -> None:
    await call("POST", "/scenarios?name=own", 201, content=b"turns: [{ reply: Hi. }]")
    await call.ask("hello")
    await call("DELETE", "/scenarios/own")
    assert (await call("POST", "/verify", json={"entries": [{"scenario": "own", "turn": 1, "count": 1}]}))["verified"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"fault": ""}, "fault: the line is empty: write `none` to switch it off, or null to leave it to scenarios"),
        ({"fault": "[]"}, "fault: the line is empty: write `none` to switch it off, or null to leave it to scenarios"),
        ({"error": 200}, "error: 200 is out of range: at least 400"),
        ({"error": "429", "lasts": "-1s"}, "lasts: '-1s' is negative: use a duration like 800ms, 1.5s or 2m"),
        ({"pacing": "load: 3"}, "pacing: load: expected a string, found 3 (Use a percentage: `load: 3%`)"),
        ({"quota": "requests_per_minute: x"}, "quota: requests_per_minute: expected a whole number, found 'x'"),
    ],
)
async def test_wrong_chaos_is_told_in_words(call: AdminCaller, line: dict[str, Any], message: str) -> None:
    assert (await call("POST", "/chaos", 422, json=line))["error"]["message"] == message


@pytest.mark.parametrize(
    ("check_", "message"),
    [
        ({"usage": {}}, "usage: no count is expected: set one of `prompt_tokens`"),
        ({"entries": [{"usage": {}}]}, "entries[0].usage: no count is expected"),
        (
            {"usage": {"total_tokens": {"at_least": 5, "at_most": 2}}},
            "usage.total_tokens: no number is both at least 5 and at most 2",
        ),
        (
            {"entries": [{"when": {"temperature": {"at_least": 1, "at_most": 0.5}}, "count": 0}]},
            "entries[0].when.temperature: no number is both at least 1 and at most 0.5",
        ),
        (
            {"entries": [{"when": {"body": {"n": {"at_least": 2, "at_most": 1}}}, "count": 0}]},
            "no number is both at least 2 and at most 1",
        ),
        (
            {"entries": [{"when": {"body": {"n": {"exists": False, "equals": 1}}}, "count": 0}]},
            "`exists: false` and another comparison never hold both",
        ),
    ],
)
async def test_comparison_that_never_holds_is_refused(call: AdminCaller, check_: dict[str, Any], message: str) -> None:
    assert message in (await call("POST", "/verify", 422, json=check_))["error"]["message"]


@pytest.mark.parametrize(("turn", "meant"), [("weather/3", "weather/1"), ("weather/0", "weather/1"), ("w", "")])
async def test_only_turns_with_counters_are_suggested(call: AdminCaller, turn: str, meant: str) -> None:
    error = (await call("POST", "/sessions/default/counters", 404, json={"turn": turn}))["error"]
    assert error["remedy"].startswith(f"Did you mean {meant!r}?" if meant else "A turn is named by")


async def test_unknown_source_of_answers_is_refused(call: AdminCaller) -> None:
    error = (await call("GET", "/journal?source=turns", 422))["error"]
    assert error["message"] == "query parameter source: 'turns' is unknown"
    assert error["remedy"].startswith("Use one of turn, generated, forwarded, recorded, unmatched")
