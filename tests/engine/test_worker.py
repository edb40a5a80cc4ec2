"""Answers that take long are made in the worker thread, others in the event loop."""

import asyncio
import json
import sys
import threading
from typing import Any

import pytest

from gemulator.core.budget import LOOP_STEPS, Budget, BudgetExceeded, WorkerNeeded
from gemulator.engine import prepare
from gemulator.engine.incoming import IncomingRequest
from gemulator.engine.worker import Worker
from gemulator.request.target import Caller, Target
from gemulator.state.store import DEFAULT
from tests.endpoint import GEMINI_3, Endpoint, tool, user
from tests.fuzz.test_hostile import doubling, of

pytestmark = pytest.mark.slow


def test_work_beyond_the_limit_is_begun_again_in_the_thread() -> None:
    threads: list[str] = []

    def work(budget: Budget) -> int:
        threads.append(threading.current_thread().name)
        budget.spend(LOOP_STEPS + 1)
        return budget.spent

    assert asyncio.run(Worker().run_within(10, work)) == LOOP_STEPS + 1
    assert threads[0] == threading.current_thread().name
    assert threads[1].startswith("gemulator worker")


def test_parts_of_a_budget_have_what_is_left() -> None:
    budget = Budget(loop_limit=100)
    budget.spend(60)
    with pytest.raises(WorkerNeeded):
        budget.part(1_000).spend(50)
    with pytest.raises(BudgetExceeded):
        budget.part(10).spend(11)
    with pytest.raises(WorkerNeeded):
        budget.expect(50)


def test_module_that_takes_long_to_import_is_imported_in_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    budget = Budget(loop_limit=LOOP_STEPS)
    budget.expect_import("gemulator.core.budget")
    monkeypatch.delitem(sys.modules, "gemulator.core.budget")
    with pytest.raises(WorkerNeeded):
        budget.expect_import("gemulator.core.budget")
    Budget().expect_import("gemulator.core.budget")


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The work that was moved to the thread."""
    works: list[Any] = []
    moving = Worker._in_thread

    async def record(self: Worker, work: Any) -> Any:
        works.append(work)
        return await moving(self, work)

    monkeypatch.setattr(Worker, "_in_thread", record)
    return works


COUNTED = {"type": "string", "pattern": "^[a-z]{40000}$"}


@pytest.mark.parametrize(
    "fields",
    [
        {"structured_outputs": {"json": of(a=COUNTED)}},
        {"structured_outputs": {"json": doubling(40, "oneOf")}},
        {"structured_outputs": {"json": {"type": "object", "minProperties": 10**6}}},
        {"structured_outputs": {"grammar": 'root ::= "a"{30000}'}},
        {"structured_outputs": {"grammar": "root ::= " + " | ".join(['"a"'] * 1_500)}},
        {"guided_regex": "(a|b)" * 1_500},
        {"structured_outputs": {"json": of(a={"type": "string", "pattern": "word " * 1_500})}},
        {"n": 1_000},
        {"min_tokens": 131_072},
        {"messages": [user("word " * 10_000)], "response_format": {"type": "json_object"}},
    ],
)
def test_dear_answers_are_made_in_the_thread(fields: dict[str, Any], moved: list[Any]) -> None:
    body = {"messages": [user("Go.")], **fields}
    assert Endpoint().send(json.dumps(body).encode(), "123").status in (200, 400)
    assert len(moved) == 1


def test_new_requests_with_long_bodies_are_prepared_in_the_thread(moved: list[Any]) -> None:
    endpoint = Endpoint("turns: [{ reply: x }]")
    for _ in range(2):
        assert endpoint.ask("word " * 15_000).status == 200
    assert len(moved) == 2
    assert endpoint.ask("word " * 15_000).status == 200
    assert len(moved) == 2, "it is in the cache"


def test_streams_of_many_events_are_rendered_in_the_thread(moved: list[Any]) -> None:
    endpoint = Endpoint(f"turns: [{{ reply: '{'word ' * 20_000}' }}]")
    assert endpoint.ask("unary").status == 200
    assert endpoint.ask("usual stream", stream=True).status == 200
    assert len(moved) == 1
    paced = {"x_emulator_pacing": "tokens_per_chunk: 1"}
    assert endpoint.ask("an event a token", stream=True, headers=paced).status == 200
    assert len(moved) == 2
    assert Endpoint("turns: [{ reply: short }]").ask("short", stream=True).status == 200
    assert len(moved) == 2


@pytest.mark.parametrize(
    "fields",
    [{}, {"tools": [tool("get_weather", city={"type": "string"})]}, {"response_format": {"type": "json_object"}}],
)
def test_usual_answers_are_made_in_the_event_loop(fields: dict[str, Any], moved: list[Any]) -> None:
    Endpoint().ask(**fields)  # imports the generator
    moved.clear()
    assert Endpoint().ask(**fields).status == 200
    assert moved == []


GLOBS = [f"*order*{number}*" for number in range(1_000)]
COMPARISONS = {
    "alternatives": f"turns: [{{ when: {{ user: {json.dumps(GLOBS)} }}, reply: x }}]",
    "patterns": "turns:"
    + "".join(f"\n- {{ when: {{ user: {{ matches: 'number {n}' }} }}, reply: x }}" for n in range(99)),
    "literals": "turns:" + "".join(f"\n- {{ when: {{ user: 'number {n}' }}, reply: x }}" for n in range(99)),
    "groups": f"turns: [{{ when: {{ user: {{ matches: '{'(a)?' * 20}[bs]' }} }}, reply: '{{{{ match.0 }}}}' }}]",
}


MANY = "turns:" + "".join(f"\n- {{ when: {{ user: 'number {n}' }}, reply: x }}" for n in range(999))


@pytest.mark.parametrize("kind", ["alternatives", "patterns", "literals", "groups"])
def test_many_comparisons_of_long_prompts_are_made_in_the_thread(kind: str, moved: list[Any]) -> None:
    endpoint = Endpoint(COMPARISONS[kind])
    assert endpoint.ask("short").status == 200
    moved.clear()
    assert endpoint.ask("b " + "word, " * 30_000).status == 200
    assert moved
    moved.clear()
    assert endpoint.ask("short, too").status == 200
    assert moved == []


def test_nearest_of_many_turns_are_found_in_the_thread(moved: list[Any]) -> None:
    assert Endpoint(COMPARISONS["literals"], unmatched="error").ask("short").status == 400
    assert moved == []
    assert Endpoint(MANY, unmatched="error").ask("short").status == 400
    assert len(moved) == 1


def test_requests_are_explained_in_the_thread_if_there_are_many_turns(moved: list[Any]) -> None:
    target = Target("v1", "p", "global", "openapi")
    body = json.dumps({"model": GEMINI_3, "messages": [user("short")]}).encode()
    path = "/v1/projects/p/locations/global/endpoints/openapi/chat/completions"
    asked = IncomingRequest(body, path, target, {}, Caller(DEFAULT))
    for scenario, most in ((COMPARISONS["literals"], 0), (MANY, 1)):
        engine = Endpoint(scenario).engine
        assert len(asyncio.run(engine.near_misses(asked, answered=False))) == 3
        assert len(moved) == most
        moved.clear()
        assert asyncio.run(engine.explain(asked)).nearest
        assert len(moved) == most
        moved.clear()


def test_comparisons_that_take_too_long_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "MAX_MATCHING", 50_000_000)
    endpoint = Endpoint(COMPARISONS["alternatives"])
    assert endpoint.ask("short").status == 200
    refused = endpoint.ask("b " + "word, " * 30_000)
    assert refused.status == 400
    assert "compare a body of 180," in refused.error["message"]
