"""Verify and explain."""

from typing import Any

import pytest

from tests.admin_api import AdminCaller, app_with


async def test_verify_holds(call: AdminCaller) -> None:
    await call.ask("weather", "v")
    await call.ask("weather again", "v")
    expected = {
        "session": "v",
        "entries": [{"when": {"user": "weather"}, "count": 2}, {"status": 429, "at_most": 1}, {"turn": 2}],
        "order": [{"status": 429}, {"when": {"user": "again"}, "outcome": "completed"}],
        "none_unmatched": True,
        "times_used": True,
    }
    assert await call("POST", "/verify", json=expected) == {"verified": True, "entries": 2}


@pytest.mark.parametrize(
    ("expected", "check_", "message", "mismatches"),
    [
        (
            {"entries": [{"when": {"user": "weather"}, "count": 3}]},
            "entries[0]",
            "expected exactly 3 such requests, found 1 among 2",
            [["user"]],
        ),
        (
            {"entries": [{"when": {"user": "snow"}}]},
            "entries[0]",
            "at least 1 such request, found 0",
            [["user"], ["user"]],
        ),
        ({"entries": [{"status": 200, "scenario": "weather"}]}, "entries[0]", "at least 1", [["status"], ["scenario"]]),
        ({"entries": [{"scenario": "weather", "turn": 2}]}, "entries[0]", "at least 1", [["turn"], ["user"]]),
        ({"entries": [{"status": 429, "at_most": 0}]}, "entries[0]", "at most 0 such requests, found 1", [[]]),
        (
            {"entries": [{"at_least": 0, "at_most": 1}]},
            "entries[0]",
            "at least 0 and at most 1 such request,",
            [[], []],
        ),
        ({"order": [{"status": 200}, {"status": 429}]}, "order[1]", "no matching entry after entry 3", []),
        (
            {"entries": [{"usage": {"total_tokens": {"at_least": 5000}}}]},
            "entries[0]",
            "found 0",
            [["usage.total_tokens"]],
        ),
        ({"usage": {"total_tokens": {"at_most": 2}}}, "usage", "expected at most 2 total_tokens in all, found ", []),
        ({"usage": {"prompt_tokens": [1000, 2000]}}, "usage", "expected 1000 or 2000 prompt_tokens in all, found ", []),
        ({"none_unmatched": True}, "none_unmatched", "no turn matched entry 3", [["user"]]),
    ],
)
async def test_verify_failure_lists_nearest_entries(
    call: AdminCaller, expected: dict[str, Any], check_: str, message: str, mismatches: list[list[str]]
) -> None:
    await call.ask("weather")
    await call.ask("something else")
    answer = await call("POST", "/verify", 409, json=expected)
    (failure,) = answer["failures"]
    assert failure["check"] == check_
    assert message in failure["message"]
    assert [[one["name"] for one in near["mismatches"]] for near in failure["nearest"]][: len(mismatches)] == mismatches


@pytest.mark.parametrize(
    ("expected", "message", "remedy"),
    [
        ({"entries": [{"when": {"usr": "a"}}]}, "entries[0].when.usr: unknown key `usr`", "Did you mean `user`?"),
        ({"entries": [{"times": 2}]}, "entries[0].times: unknown key `times`", "Known keys: when, scenario, "),
        ({"entries": [{"when": {"user": 7}}]}, "entries[0].when.user: expected a string or a mapping or a list", ""),
        ({"entries": [{"when": {"user": None}}]}, "entries[0].when: `user` is empty: give it a value", ""),
        (
            {"order": [{"when": {"any": [{"user": None}]}}]},
            "order[0].when: `any[0].user` is empty: give it a value",
            "",
        ),
        ({"entries": [{"count": -1}]}, "entries[0].count: -1 is out of range: at least 0", ""),
        ([], "body: expected a mapping, found a list", ""),
    ],
)
async def test_invalid_expectations_are_422(call: AdminCaller, expected: Any, message: str, remedy: str) -> None:
    await call.ask("weather")
    error = (await call("POST", "/verify", 422, json=expected))["error"]
    assert error["code"] == "invalid_body"
    assert error["message"].startswith(message)
    assert error["remedy"].startswith(remedy or "See /__emulator/openapi.json")


@pytest.mark.parametrize(("depth", "status"), [(200, 409), (300, 422), (400, 422)])
async def test_nesting_of_groups_is_limited(call: AdminCaller, depth: int, status: int) -> None:
    when: dict[str, Any] = {"user": "weather"}
    for _ in range(depth):
        when = {"any": [when]}
    answer = await call("POST", "/verify", status, json={"entries": [{"when": when}]})
    assert answer["error"]["code"] == ("not_verified" if status == 409 else "invalid_body")


async def test_truncated_body_matches_no_condition() -> None:
    call = AdminCaller(app_with(journal_body=50_000))
    await call.ask("weather " * 10_000)
    answer = await call("POST", "/verify", 409, json={"entries": [{"when": {"user": "weather"}}]})
    assert "unknown: expected at least 1 such request, found 0 among 1" in str(answer["failures"])
    assert (await call("POST", "/verify", json={"entries": [{"count": 1}]}))["entries"] == 1


async def test_verify_finds_unused_times(call: AdminCaller) -> None:
    assert (await call("POST", "/verify", json={"times_used": True}))["verified"] is True
    await call("POST", "/scenarios?name=mine", 201, content="turns: [{when: {user: a}, times: 2, reply: b}]")
    await call.ask("a")
    answer = await call("POST", "/verify", 409, json={"times_used": True})
    assert "turn mine/1 answered 1 of 2 times" in answer["error"]["message"]
    assert answer["failures"] == [
        {
            "check": "times_used",
            "kind": "times_used",
            "scenario": "mine",
            "turn": 1,
            "used": 1,
            "times": 2,
            "asked": True,
            "message": "turn mine/1 answered 1 of 2 times",
            "nearest": [],
        }
    ]


async def test_verify_failures_are_data(call: AdminCaller) -> None:
    await call("POST", "/sessions", 201, json={"over": ["ended"]})
    await call.ask("weather", "ended")
    await call.ask("something else", "v")
    expected = {
        "session": "v",
        "entries": [{"count": 1}, {"count": 2}],
        "order": [{"status": 200}, {"status": 429}],
        "none_late": 0,
        "none_unmatched": True,
    }
    answer = await call("POST", "/verify", 409, json=expected)
    late, mine = [entry["id"] for entry in (await call("GET", "/journal"))["entries"]]
    assert [{**one, "message": "", "nearest": []} for one in answer["failures"]] == [
        {"message": "", "nearest": [], **data}
        for data in (
            {"check": "entries[1]", "kind": "entries", "index": 1, "found": 1},
            {"check": "order[1]", "kind": "order", "index": 1},
            {"check": "none_late", "kind": "none_late", "entry": late},
            {"check": "none_unmatched", "kind": "none_unmatched", "entry": mine},
        )
    ]


async def test_explain_changes_no_counter(call: AdminCaller) -> None:
    body = {"model": "google/gemini-2.5-flash", "messages": [{"role": "user", "content": "weather"}]}
    for _ in range(2):
        explained = await call("POST", "/explain", json={"body": body})
        assert (explained["source"], explained["scenario"], explained["turn"], explained["attempt"]) == (
            "turn",
            "weather",
            1,
            0,
        )
    assert (await call("GET", "/journal"))["entries"] == []
    answer = await call.ask("weather")
    assert explained["steps"][0]["text"] == answer.text


QUESTION = {"model": "google/gemini-2.5-flash", "messages": [{"role": "user", "content": "a lighthouse"}]}


async def test_explain_applies_request_headers(call: AdminCaller) -> None:
    headers = {"X-Emulator-Fault": "disconnect: {after_chunks: 0}", "x-emulator-pacing": "first_token: 2s"}
    explained = await call("POST", "/explain", json={"body": QUESTION, "headers": headers})
    assert explained["steps"] == [{"at": 2.0, "end": "cut"}]


@pytest.mark.parametrize("name", ["wire", "speed", "fault", "pacing", "quota"])
async def test_explain_rejects_invalid_header(call: AdminCaller, name: str) -> None:
    headers = {f"x-emulator-{name}": "bogus"}
    error = (await call("POST", "/explain", 422, json={"body": QUESTION, "headers": headers}))["error"]
    assert error["code"] == "unusable_header"
    assert error["message"].startswith(f"x-emulator-{name}")


async def test_message_names_requests_prompts_and_turns(call: AdminCaller) -> None:
    await call.ask("the wether in Rome")
    expected = {"entries": [{"when": {"user": "the weather in Rome"}}], "none_unmatched": True}
    message = (await call("POST", "/verify", 409, json=expected))["error"]["message"]
    lines = message.split("\n")
    assert lines[0] == "1 of 1 request matched no turn. Nearest turns first:"
    assert lines[1].endswith("'the wether in Rome'")
    assert lines[2].startswith("    weather/1: user: expected ")
    assert "entries[0]: expected at least 1 such request, found 0 among 1" in lines
    assert "user: expected 'the >>weather<< in Rome' in it, saw 'the >>wether<< in Rome'" in lines[-1]
