"""Checks that an incomplete journal cannot decide: they fail as unknown, and name what is missing."""

from typing import Any

import pytest

from tests.admin_api import AdminCaller, app_with

LONG = "x" * 2_000


async def failures(call: AdminCaller, **expected: Any) -> list[dict[str, Any]]:
    """Return the failed checks of a request for verification."""
    return list((await call("POST", "/verify", 409, json=expected))["failures"])


@pytest.mark.parametrize(
    ("bounds", "unknown"),
    [({"count": 0}, True), ({"at_most": 0}, True), ({"count": 1}, True), ({}, True), ({"count": 2}, False)],
)
async def test_cut_body_decides_nothing(bounds: dict[str, int], unknown: bool) -> None:
    call = AdminCaller(app_with(journal_body=400))
    await call.ask(f"{LONG} hunter2")
    (failure,) = await failures(call, entries=[{"when": {"user": "hunter2"}, **bounds}])
    assert failure.get("unknown", False) is unknown
    if unknown:
        assert "unknown: expected " in failure["message"]
        assert "cut at 400 bytes (raise journal_body of create_app(Settings(" in failure["message"]


async def test_cut_body_of_another_answer_is_no_doubt() -> None:
    call = AdminCaller(app_with(journal_body=400))
    await call.ask(f"{LONG} hunter2")
    entries = [{"when": {"user": "hunter2"}, "status": 503, "count": 0}]
    assert (await call("POST", "/verify", json={"entries": entries}))["verified"]


async def test_bounds_that_hold_either_way_hold() -> None:
    call = AdminCaller(app_with(journal_body=400))
    await call.ask("hunter2")
    await call.ask(f"{LONG} hunter2")
    entries = [{"when": {"user": "hunter2"}, "at_least": 1}, {"when": {"user": "hunter2"}, "at_most": 2}]
    assert (await call("POST", "/verify", json={"entries": entries}))["verified"]


async def test_evicted_entries_decide_nothing() -> None:
    call = AdminCaller(app_with(journal_entries=2))
    for text in ("hunter2", "two", "three"):
        await call.ask(text)
    (failure,) = await failures(call, entries=[{"when": {"user": "hunter2"}, "count": 0}])
    assert failure["unknown"]
    assert "1 entry was evicted from the journal (raise journal_entries of create_app(Settings(" in failure["message"]
    (failure,) = await failures(call, order=[{"when": {"user": "hunter2"}}, {"when": {"user": "two"}}])
    assert failure["unknown"]
    ordered = {"order": [{"when": {"user": "two"}}, {"when": {"user": "three"}}]}
    assert (await call("POST", "/verify", json=ordered))["verified"]


async def test_answers_of_turns_are_counted_after_their_entries_are_gone() -> None:
    call = AdminCaller(app_with(journal_entries=1))
    for _ in range(3):
        await call.ask("weather")
    turn = {"scenario": "weather", "turn": 1}
    assert (await call("POST", "/verify", json={"entries": [{**turn, "count": 1}]}))["verified"]
    (failure,) = await failures(call, entries=[{"scenario": "weather", "turn": 2, "count": 1}])
    assert "unknown" not in failure
    assert failure["found"] == 2


async def test_evicted_unmatched_requests_are_counted() -> None:
    call = AdminCaller(app_with(unmatched="error", journal_entries=1))
    await call.ask("something else")
    await call.ask("weather")
    (failure,) = await failures(call, none_unmatched=True)
    assert failure["found"] == 1
    assert failure["message"] == "1 more request that no turn matched was evicted from the journal"


async def test_reset_completes_the_evidence() -> None:
    call = AdminCaller(app_with(journal_entries=1))
    for text in ("hunter2", "two"):
        await call.ask(text)
    await call("POST", "/sessions/default/reset")
    assert (await call("POST", "/verify", json={"entries": [{"when": {"user": "hunter2"}, "count": 0}]}))["verified"]
