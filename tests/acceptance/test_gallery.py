"""Each shipped scenario answers its own question, with the whole folder loaded."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from gemulator import Emulator
from gemulator.core.folders import shipped_scenarios
from gemulator.scenario.library import load
from tests.acceptance.wire import ask, content, events, post
from tests.asking import PRO, WEATHER, called, result, user

TIME = {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "any", "schema": {"type": "object"}}}
PAINTER = "google/gemini-3-pro-image-preview"
UMBRELLA = "Should I take an umbrella?"
TRIP = "Plan my trip step by step."
FLIGHTS = result("search_flights", {"flights": [{"number": "LH 1166"}]})
RESERVED = result("reserve_flight", {"reservation": "R-7"})


def talk(*messages: Any, **fields: Any) -> dict[str, Any]:
    return {"model": PRO, "messages": [user(m) if isinstance(m, str) else m for m in messages], **fields}


def dealt(*results: dict[str, Any]) -> list[dict[str, Any]]:
    """Call and result in turn."""
    return [message for one in results for message in (called(one["tool_call_id"]), one)]


# The turn, a question that is its own, and what the answer must have in it.
QUESTIONS: list[tuple[str, dict[str, Any], str]] = [
    (
        "plain-chat/1",
        talk("Plain chat, please. I am Ada Lovelace.", {"role": "assistant", "content": "Hello!"}, "What is my name?"),
        "Your name is Ada Lovelace.",
    ),
    ("plain-chat/2", talk("Plain chat, please."), "Hello!"),
    ("long-markdown/1", talk("Show me long Markdown."), "| Merge | n log n |"),
    ("thinking/1", talk("Tell me a riddle and think!"), "What has keys"),
    (
        "one-tool/1",
        talk("One tool: weather in Paris", tools=[WEATHER]),
        '\\"city\\":\\"Paris\\",\\"unit\\":\\"celsius\\"',
    ),
    (
        "parallel-tools/1",
        talk(
            "Parallel tools!",
            called("get_weather", "get_time"),
            result("get_weather", {"temp": 3}),
            result("get_time", {"time": "9:41"}),
        ),
        "It is 9:41 and 3 °C in Oslo.",
    ),
    ("parallel-tools/2", talk("Parallel tools!", tools=[WEATHER, TIME]), '"name":"get_time"'),
    (
        "tool-then-answer/1",
        talk(UMBRELLA, *dealt(result("get_forecast", {"rain": 80}))),
        "Yes. The chance of rain is 80 %.",
    ),
    (
        "tool-then-answer/2",
        talk(UMBRELLA, *dealt(result("get_forecast", "dry"))),
        "No need to. The chance of rain is low %.",
    ),
    ("tool-then-answer/3", talk(UMBRELLA), '"name":"get_forecast"'),
    ("agent-loop/4", talk(TRIP), '"name":"search_flights"'),
    ("agent-loop/3", talk(TRIP, *dealt(FLIGHTS)), '\\"flight\\":\\"LH 1166\\",\\"seats\\":1'),
    ("agent-loop/2", talk(TRIP, *dealt(FLIGHTS, RESERVED)), "Reservation R-7"),
    ("agent-loop/1", talk(TRIP, *dealt(FLIGHTS, RESERVED, result("send_email"))), "Done."),
    ("image/1", talk("Draw me a lighthouse at dusk.", modalities=["image"], model=PAINTER), '"mime_type":"image/png"'),
    ("image/2", talk("Draw me a lighthouse at dusk."), "I can draw"),
    ("structured-output/1", talk("Read this invoice as JSON.", response_format=FORMAT), '\\"total\\":129.5'),
    ("structured-output/2", talk("Read this invoice as JSON."), "129.50 EUR"),
    ("refusal/1", talk("Show me a blocked prompt."), '"refusal":"The prompt could not be submitted.'),
    (
        "refusal/2",
        talk("Show me a blocked answer."),
        '"finish_reason":"content_filter: SAFETY","index":0,"logprobs":null}',
    ),
    ("refusal/3", talk("Show me an answer that is cut for safety."), '"finish_reason":"content_filter: SAFETY"'),
    ("rate-limit/1", talk("Am I over the limit?"), "RESOURCE_EXHAUSTED"),
    ("slow-stream/1", talk("Tell me slowly."), "Once upon a time"),
    ("unicode/1", talk("Unicode torture!"), "👨‍👩‍👧‍👦"),
    ("errors/1", talk("Give me error 401."), "UNAUTHENTICATED"),
    ("errors/2", talk("Give me error 403."), "PERMISSION_DENIED"),
    ("errors/3", talk("Give me error 404."), "NOT_FOUND"),
    ("errors/4", talk("Give me error 500."), "INTERNAL"),
    ("errors/5", talk("Give me error 503."), "UNAVAILABLE"),
    ("cut-short/1", talk("Cut this answer short."), '"finish_reason":"length"'),
    ("cut-short/2", talk("Make a malformed call."), "function_call_filter: MALFORMED_FUNCTION_CALL"),
    ("cut-short/3", talk("Call with broken arguments."), '{\\"city\\": \\"Par'),
]


@pytest.mark.parametrize(("turn", "body", "said"), QUESTIONS, ids=[turn for turn, _, _ in QUESTIONS])
def test_an_example_answers_its_own_question(shipped: Emulator, turn: str, body: dict[str, Any], said: str) -> None:
    answer = post(shipped, body, x_emulator_speed="0", x_emulator_session="gallery")
    assert answer.headers["x-emulator-turn"] == turn
    assert said in answer.text


def test_every_turn_of_the_gallery_is_asked() -> None:
    places = {str(place) for place in load([shipped_scenarios()]).located_turns if "google-examples" not in str(place)}
    # The second try of a limited turn is asked below.
    assert places - {"rate-limit/2"} == {turn for turn, _, _ in QUESTIONS}
    assert len({place.partition("/")[0] for place in places}) >= 12


@pytest.mark.parametrize("turn", sorted({turn for turn, _, _ in QUESTIONS if not turn.startswith(("errors", "rate"))}))
def test_a_stream_says_the_same(shipped: Emulator, turn: str) -> None:
    body = next(body for own, body, _ in QUESTIONS if own == turn)
    whole = orjson.loads(post(shipped, body, x_emulator_speed="0").content)
    chunks = events(post(shipped, {**body, "stream": True}, x_emulator_speed="0"))
    message = whole["choices"][0].get("message", {})
    assert content(chunks) == (message.get("content") or "")
    assert chunks[-1]["choices"][0]["finish_reason"] == whole["choices"][0]["finish_reason"]


def test_429_twice_then_success(shipped: Emulator) -> None:
    tries = [post(shipped, ask("Am I over the limit?"), x_emulator_session="limit") for _ in range(3)]
    assert [answer.status_code for answer in tries] == [429, 429, 200]
    assert tries[0].headers["retry-after"] == "1"
    assert "third try" in tries[2].text


def test_every_example_has_a_description() -> None:
    for scenario in load([shipped_scenarios()]).scenarios:
        assert 20 < len(scenario.description) < 130, scenario.name
        assert "\n" not in scenario.description


def test_unicode_survives_the_cutting_of_its_stream(shipped: Emulator) -> None:
    chunks = events(post(shipped, ask("Unicode torture!", stream=True)))
    text = content(chunks)
    assert max(len(chunk["choices"][0]["delta"]["content"]) for chunk in chunks) == 3
    source = (Path(shipped_scenarios()) / "unicode.yaml").read_text()
    assert all(line.strip() in source for line in text.strip().split("\n"))
