"""How code is tested that is given a client; what is stubbed can be kept as a scenario."""

from datetime import UTC, datetime

import pytest
from openai import APIConnectionError

from gemulator import Session

MODEL = "google/gemini-3.5-flash"


def said(gemulator: Session, text: str) -> str | None:
    answer = gemulator.openai().chat.completions.create(model=MODEL, messages=[{"role": "user", "content": text}])
    return answer.choices[0].message.content


def test_it_has_a_client(gemulator: Session) -> None:
    gemulator.when(user="hi", model="google/*").reply("Hello!")
    assert said(gemulator, "hi") == "Hello!"


async def test_and_one_for_asyncio(gemulator: Session) -> None:
    gemulator.when(user="hi").reply("Hello!")
    answer = await gemulator.async_openai().chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "hi"}]
    )
    assert answer.choices[0].message.content == "Hello!"


def test_its_clock_stands_still(gemulator: Session) -> None:
    gemulator.when().reply("Tick.")
    gemulator.clock = datetime(2027, 5, 1, 12, tzinfo=UTC)
    answer = gemulator.openai().chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "hi"}])
    assert answer.created == datetime(2027, 5, 1, 12, tzinfo=UTC).timestamp()


def test_a_stream_that_breaks(gemulator: Session) -> None:
    gemulator.when(stream=True).reply({"text": "one two three", "chunks": {"words": 1}}).fault(
        "disconnect", after_chunks=2
    )
    stream = gemulator.openai().chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "count"}], stream=True
    )
    with pytest.raises(APIConnectionError):
        list(stream)
    assert gemulator.last.turn == "stubs/1"
    assert gemulator.verdict() == []


def test_stubs_become_a_scenario(gemulator: Session) -> None:
    gemulator.when(user="invoice").fail(429, times=2).reply("It is on its way.")
    assert gemulator.to_yaml() == (
        "turns:\n"
        "- when:\n"
        "    user: invoice\n"
        "  times: 2\n"
        "  reply:\n"
        "    error: 429\n"
        "- when:\n"
        "    user: invoice\n"
        "  reply: It is on its way.\n"
    )
    client = gemulator.openai(max_retries=2)
    answer = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "invoice"}])
    assert answer.choices[0].message.content == "It is on its way."


@pytest.mark.parametrize("number", range(8))
def test_no_test_sees_another(gemulator: Session, number: int) -> None:
    gemulator.when(user="same words").reply(f"Answer {number}.")
    assert said(gemulator, "same words") == f"Answer {number}."
    assert len(gemulator.requests) == 1
