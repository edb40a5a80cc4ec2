"""How an app is tested that was not written for it: only its environment leads it to gemulator."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from assistant import ask, ask_all, stream
from openai import RateLimitError

from gemulator import Session

pytestmark = pytest.mark.gemulator(env=True)


def test_an_answer(gemulator: Session) -> None:
    gemulator.when(user="riddle").reply("A piano.")
    assert ask("Tell me a riddle.") == "A piano."
    assert gemulator.last.user == "Tell me a riddle."
    assert gemulator.last.tools == ["get_weather"]


def test_a_tool_is_called(gemulator: Session) -> None:
    gemulator.when(user="weather").call("get_weather", city="Oslo").reply("It is sunny.")
    assert ask("How is the weather?") == "It is sunny."
    assert [request.turn for request in gemulator.requests] == ["stubs/1", "stubs/2"]
    gemulator.assert_called(1, tool_result={"name": "get_weather", "json": {"city": "Oslo"}})
    gemulator.assert_all_used()


@pytest.mark.gemulator(scenario="weather.yaml")
def test_a_scenario_file() -> None:
    assert ask("How is the weather?") == "It is 21 °C in Paris."


def test_a_refusal_that_passes(gemulator: Session) -> None:
    gemulator.when(user="busy").fail(429, retry_after="10ms").reply("At last.")
    assert ask("Are you busy?") == "At last."
    assert [request.status for request in gemulator.requests] == [429, 200]


def test_a_refusal_that_stays(gemulator: Session) -> None:
    gemulator.when().fail(429, message="No more today.", retry_after="10ms")
    with pytest.raises(RateLimitError):
        ask("Are you busy?")


def test_a_stream(gemulator: Session) -> None:
    gemulator.when(stream=True).reply({"text": "One two three", "chunks": {"words": 1}}).pace(tokens_per_second=500)
    pieces = [piece for piece in stream("Count!") if piece]
    assert len(pieces) == 3
    assert "".join(pieces) == "One two three"


async def test_asyncio(gemulator: Session) -> None:
    gemulator.when(user="red").reply("Red.")
    gemulator.when(user="blue").reply("Blue.")
    assert await ask_all(["red?", "blue?"]) == ["Red.", "Blue."]


def test_threads(gemulator: Session) -> None:
    gemulator.when(user="count").reply("First.").reply("Then.")
    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(ask, ["count"] * 4))
    assert answers == ["First.", "Then.", "Then.", "Then."]


def test_a_process(gemulator: Session) -> None:
    gemulator.when(user="hello").reply("Hello, process.")
    app = Path(__file__).parent.parent / "assistant.py"
    said = subprocess.run([sys.executable, str(app), "hello"], capture_output=True, text=True, check=True)
    assert said.stdout == "Hello, process.\n"


@pytest.mark.gemulator(unmatched="generate", seed="7")
def test_an_invented_answer(gemulator: Session) -> None:
    assert ask("What is a lighthouse?") == ask("What is a lighthouse?")
    assert {request.source for request in gemulator.requests} == {"generated"}
