"""Request + scenario + seed = bytes: in any process, streamed or not."""

import os
import subprocess
import sys
from typing import Any

import pytest

from gemulator import Emulator
from tests.acceptance.test_openai_python import WEATHER
from tests.acceptance.wire import ask, content, events, post

FROZEN = "2026-02-11T22:54:21Z"

ASKED: list[dict[str, Any]] = [
    ask("Why is the sky blue?"),
    ask("Why is the sky blue?", stream=True),
    ask("The weather in Rome?", tools=[WEATHER]),
    ask("A cat.", modalities=["image"]),
    ask(
        "A recipe.",
        response_format={
            "type": "json_schema",
            "json_schema": {"schema": {"properties": {"n": {"type": "integer"}}, "required": ["n"]}},
        },
    ),
]

OTHER_PROCESS = """
import sys
from gemulator import Emulator
from tests.acceptance.test_determinism import ASKED, FROZEN
from tests.acceptance.wire import post
with Emulator(clock=FROZEN) as emulator:
    for body in ASKED:
        sys.stdout.buffer.write(post(emulator, body).content)
"""


def test_another_process_with_another_hash_seed_sends_the_same_bytes() -> None:
    with Emulator(clock=FROZEN) as emulator:
        here = b"".join(post(emulator, body).content for body in ASKED)
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}
    there = subprocess.run([sys.executable, "-c", OTHER_PROCESS], capture_output=True, check=True, env=environment)
    assert there.stdout == here


def test_another_seed_says_something_else() -> None:
    with Emulator(seed="1") as one, Emulator(seed="2") as two:
        words = [post(emulator, ASKED[0]).json()["choices"][0]["message"]["content"] for emulator in (one, two)]
        header = post(two, ASKED[0], x_emulator_seed="1").json()["choices"][0]["message"]["content"]
    assert words[0] != words[1]
    assert header == words[0]


def test_ids_are_unique_though_the_clock_stands_still() -> None:
    with Emulator(clock=FROZEN) as emulator:
        answers = [post(emulator, ASKED[2]).json() for _ in range(20)]
    assert len({answer["id"] for answer in answers}) == 20
    calls = [answer["choices"][0]["message"]["tool_calls"][0] for answer in answers]
    assert len({call["id"] for call in calls}) == 20
    assert len({call["function"]["arguments"] for call in calls}) == 1
    assert {answer["created"] for answer in answers} == {1770850461}


def test_stable_ids_repeat() -> None:
    with Emulator(clock=FROZEN, ids="stable") as emulator:
        assert post(emulator, ASKED[2]).content == post(emulator, ASKED[2]).content


def test_sessions_do_not_see_each_other() -> None:
    with Emulator(clock=FROZEN) as emulator:
        tokens = [emulator.session(name).token for name in ("a", "b")]
        first, second = (post(emulator, ASKED[0], authorization=f"Bearer {token}") for token in tokens)
        third = post(emulator, ASKED[0], x_emulator_session="b")
    assert first.content == second.content, "each counts its own repeats"
    assert third.json()["id"] != second.json()["id"], "the header names the same session"


@pytest.mark.parametrize("n", [1, 3])
def test_more_candidates_do_not_change_the_first(empty: Emulator, n: int) -> None:
    alone = post(empty, ask("Tell me a story.")).json()["choices"]
    several = post(empty, ask("Tell me a story.", n=n)).json()["choices"]
    assert several[0] == alone[0]
    assert len({choice["message"]["content"] for choice in several}) == n


def test_a_smaller_limit_gives_a_prefix(empty: Emulator) -> None:
    whole = post(empty, ask("Tell me a story.")).json()["choices"][0]["message"]["content"]
    short = post(empty, ask("Tell me a story.", max_tokens=8)).json()
    assert whole.startswith(short["choices"][0]["message"]["content"])
    assert short["choices"][0]["finish_reason"] == "length"
    assert short["usage"]["completion_tokens"] <= 8
    streamed = events(post(empty, ask("Tell me a story.", max_tokens=8, stream=True)))
    assert content(streamed) == short["choices"][0]["message"]["content"]
