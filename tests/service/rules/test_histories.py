"""Histories: each kind refused, and its neighbour accepted; test ids name the row of wire-facts."""

from typing import Any

import pytest

from gemulator.service.rules.signatures import SKIP
from tests.endpoint import Endpoint, asked, calling, result, rows, user

FLASH = "google/gemini-3.5-flash"
LITE = "google/gemini-3.5-flash-lite"
PREFILL = "Requests ending with a model turn are not supported."
ORDER = "Please ensure that function call turn comes immediately after a user turn or after a function response turn."
COUNT = "the number of function response parts is equal to the number of function call parts of the function call turn."
PARTS = "it must include at least one parts field, which describes the prompt input."
NAME = "function_response.name: Name cannot be empty."
SYSTEM = {"role": "system", "content": "Be brief."}
DEVELOPER = {"role": "developer", "content": "Be brief."}


def said(content: Any, **fields: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **fields}


def calls(*names: str, content: Any = None) -> dict[str, Any]:
    return {**calling(*names, signature=SKIP), "content": content}


REFUSED: list[tuple[str, str, list[dict[str, Any]], str]] = [
    ("§16.1", LITE, asked(calls("a", content="Well."), result("a")), "Request contains an invalid argument."),
    (
        "§16.1 parts, earlier",
        "google/gemini-3.6-flash",
        asked(calls("a", content=[{"type": "text", "text": "Well."}]), result("a"), said("Done."), user()),
        "Request contains an invalid argument.",
    ),
    ("§16.2", LITE, asked(said("I")), PREFILL),
    ("§16.2 model", "google/gemini-3.8-flash", asked({"role": "model", "content": "I"}), PREFILL),
    ("§16.2 developer last", "google/gemini-3.6-flash", asked(said("I"), DEVELOPER), PREFILL),
    ("§16.3 text", FLASH, asked(said(""), user()), PARTS),
    ("§16.3 null", FLASH, asked(said(None), user()), PARTS),
    ("§16.3 list", FLASH, asked(said([]), user()), PARTS),
    ("§16.3 user", FLASH, [user("")], PARTS),
    ("§16.3 no calls", FLASH, asked(said("", tool_calls=[]), user()), PARTS),
    (
        "§16.3 empty part",
        FLASH,
        [user([{"type": "text", "text": "x"}, {"type": "text", "text": ""}])],
        "Model input canno",
    ),
    ("§16.4 first", FLASH, [calls("a"), result("a"), user()], ORDER),
    ("§16.4 behind system", FLASH, [SYSTEM, calls("a"), result("a")], ORDER),
    ("§16.4 after a text", FLASH, asked(said("Well."), calls("a"), result("a")), ORDER),
    ("§16.4 after calls", FLASH, asked(calls("a"), calls("b"), result("a"), result("b")), ORDER),
    ("§16.5 fewer", FLASH, asked(calls("a", "b"), result("a")), COUNT),
    ("§16.5 more", FLASH, asked(calls("a"), result("a"), result("a")), COUNT),
    ("§16.5 at the end", FLASH, asked(calls("a")), COUNT),
    ("§16.5 user between", FLASH, asked(calls("a", "b"), result("a"), user(), result("b")), COUNT),
    ("§16.5 before §16.6", FLASH, asked(calls("a", "b"), result("zz")), COUNT),
    ("§16.6", FLASH, asked(calls("a"), result("zz")), f"* contents[2].parts[0].{NAME}"),
    (
        "§16.6 second",
        FLASH,
        [SYSTEM, *asked(calls("a", "b"), result("a"), result("zz"))],
        f"contents[2].parts[1].{NAME}",
    ),
    ("§16.6 no id", FLASH, asked(calls("a"), {"role": "tool", "content": "{}"}), NAME),
    (
        "§16.6 later call",
        FLASH,
        asked(calls("a"), result("b"), calls("b"), result("b")),
        f"contents[2].parts[0].{NAME}",
    ),
]

ACCEPTED: list[tuple[str, str, list[dict[str, Any]]]] = [
    ("§16.1 tolerant", "google/gemini-3.1-pro-preview", asked(calls("a", content="Well."), result("a"))),
    ("§16.1 empty text", LITE, asked(calls("a", content=""), result("a"))),
    ("§16.1 text before", LITE, asked(said("Well."), user(), calls("a"), result("a"))),
    ("§16.2 tolerant", FLASH, asked(said("I"))),
    ("§16.2 tolerant, 2.5", "google/gemini-2.5-flash", asked(said("I"), SYSTEM)),
    ("§16.2 results last", LITE, asked(calls("a"), result("a"))),
    ("§16.3 blank", FLASH, [user(" ")]),
    ("§16.3 empty system", FLASH, [{"role": "system", "content": ""}, user()]),
    ("§16.3 empty result", FLASH, asked(calls("a"), result("a", ""))),
    ("§16.4 after results", FLASH, asked(calls("a"), result("a"), calls("b"), result("b"))),
    ("§16.4 system between", FLASH, [user(), SYSTEM, calls("a"), result("a")]),
    ("§16.5 system between results", FLASH, asked(calls("a", "b"), result("a"), SYSTEM, result("b"))),
    ("§16.6 other order", FLASH, asked(calls("a", "b"), result("b"), result("a"))),
    (
        "§16.6 deprecated form",
        "google/gemini-2.5-flash",
        asked(
            said(None, function_call={"name": "f", "arguments": "{}"}),
            {"role": "function", "name": "f", "content": "{}"},
        ),
    ),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("model", "messages", "says"), rows(REFUSED))
def test_faulty_history_is_refused(model: str, messages: list[dict[str, Any]], says: str, stream: bool) -> None:
    answer = Endpoint().ask(model=model, messages=messages, stream=stream)
    assert answer.status == 400
    assert says in answer.error["message"]
    lenient = Endpoint(strictness="lenient").ask(model=model, messages=messages, stream=stream)
    assert (lenient.status, says in lenient.headers["x-emulator-notes"]) == (200, True)


@pytest.mark.parametrize(("model", "messages"), rows(ACCEPTED))
def test_sound_history_passes_without_a_note(model: str, messages: list[dict[str, Any]]) -> None:
    answer = Endpoint().ask(model=model, messages=messages)
    assert answer.status == 200, answer.text
    assert "x-emulator-notes" not in answer.headers


def test_partners_do_not_mind() -> None:
    messages = asked(said("I"), calls("a"), result("zz"), said(""))
    assert Endpoint().ask(model="zai-org/glm-4.7-maas", messages=messages).status == 200
