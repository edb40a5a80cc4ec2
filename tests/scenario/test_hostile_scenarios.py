"""Hostile scenarios are refused when they are read, or answer a request by a refusal: in bounded time and memory."""

import json
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from gemulator.scenario import library as libraries
from tests.endpoint import Endpoint
from tests.scenario.hostile_scenarios import REFUSED, REQUESTS

_MEMORY = 4 * 2**30  # bytes of address space
_HANG = 300.0  # seconds for all scenarios together on a busy machine: they take ten seconds of CPU time


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def run(*arguments: str) -> Any:
    """Return what a process of its own prints, which may neither hang nor take all memory."""
    command = [sys.executable, "-m", "tests.scenario.hostile_scenarios", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_HANG, preexec_fn=_limit_memory)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def problems() -> Mapping[str, str]:
    found: Mapping[str, str] = run(*REFUSED)
    return found


@pytest.fixture(scope="module")
def answers() -> Mapping[str, Sequence[str]]:
    found: Mapping[str, Sequence[str]] = run(*REQUESTS)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSED)
def test_hostile_scenario_is_refused_in_few_words(problems: Mapping[str, str], name: str) -> None:
    assert REFUSED[name][0] in problems[name]
    assert len(problems[name]) < 300_000


@pytest.mark.slow
@pytest.mark.parametrize("name", REQUESTS)
def test_answer_that_grows_is_refused(answers: Mapping[str, Sequence[str]], name: str) -> None:
    for given in answers[name]:
        assert given.startswith("400 ")
        assert REQUESTS[name][0] in given
        assert "gemulator: test.yaml:1: " in given
        assert len(given) < 3_000


@pytest.mark.slow
def test_includes_are_bounded_together(tmp_path: Path) -> None:
    long, broken = run("includes", str(tmp_path))
    assert "more than 400,000 values once its includes are inserted" in long
    assert "_broken.yaml:300002:1: a key has no `:`" in broken


def test_first_mapping_of_a_merge_has_precedence() -> None:
    endpoint = Endpoint("turns: [{ <<: [{ reply: first }, { reply: second, times: 9 }] }]")
    assert endpoint.ask().message["content"] == "first"


@pytest.mark.slow
def test_twenty_thousand_turns_fit_one_file() -> None:
    turns = "".join(f"  - {{ when: {{ user: question {n}! }}, times: 3, reply: answer {n} }}\n" for n in range(20_000))
    assert Endpoint(f"turns:\n{turns}").ask("my question 19998!").message["content"] == "answer 19998"


def test_large_request_is_compared_with_the_first_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "_MAX_COMPARING", 100 * 110_000)
    turns = "".join(f"  - {{ when: {{ user: question {n}! }}, reply: x }}\n" for n in range(500))
    near, far = "question 50?", "question 400?"
    endpoint = Endpoint(f"turns:\n{turns}", unmatched="error")
    nearest = {text: endpoint.ask(text + " " * 10_000).error["message"] for text in (near, far)}
    assert "test/51: " in nearest[near]
    assert "test/401: " not in nearest[far]


def test_alternatives_are_listed_in_part() -> None:
    endpoint = Endpoint(f"turns: [{{ when: {{ user: {[f'a{n}' for n in range(30)]} }}, reply: x }}]", unmatched="error")
    message = endpoint.ask("b").error["message"]
    assert "'a19' in it or 10 more" in message
    assert "a20" not in message
