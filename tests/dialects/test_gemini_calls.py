"""Calls in streams and bodies; test ids name the row of wire-facts §3.2 or §4.2."""

from typing import Any

import pytest

from tests.endpoint import GEMINI_2, GEMINI_3, Answer, Endpoint, calling, google, result, rows, tool, user

PARALLEL = """
turns:
  - reply:
      - { call: get_weather, with: { city: Boston } }
      - { call: get_weather, with: { city: New Delhi } }
"""
FRAGMENTS: dict[str, Any] = {"extra_body": google(stream_function_call_arguments=True), "stream": True}


def calls_of(answer: Answer) -> list[tuple[int | None, str]]:
    calls = [call for delta in answer.deltas for call in delta.get("tool_calls", ())]
    return [(call.get("index"), call["function"]["arguments"]) for call in calls]


def named(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name}}


WHOLE = ('{"city":"Boston"}', '{"city":"New Delhi"}')
INDEXES = [
    ("§4.2 documented", "documented", [0, 1], [1, 0, 0]),
    ("sequential", "sequential", [0, 1], [0, 0, 0]),
    ("all-zero", "all-zero", [0, 0], [0, 0, 0]),
    ("gap", "gap", [1, 3], [1, 1, 1]),
    ("missing", "missing", [None, None], [None, None, None]),
]


@pytest.mark.parametrize(("mode", "whole", "fragments"), rows(INDEXES))
def test_tool_index(mode: str, whole: list[int | None], fragments: list[int | None]) -> None:
    endpoint = Endpoint(PARALLEL, tool_index=mode)
    assert calls_of(endpoint.ask(stream=True)) == list(zip(whole, WHOLE, strict=True))
    assert [index for index, _ in calls_of(endpoint.ask(**FRAGMENTS))[:3]] == fragments


@pytest.mark.parametrize(
    ("fragment", "first"),
    [
        ("json", ['{"city":"Boston', '"', "}"]),
        ("whole", ['{"city":"Boston"}']),
        ("size:7", ['{"city"', ':"Bosto', 'n"}']),
    ],
)
def test_fragment_sizes(fragment: str, first: list[str]) -> None:
    sent = [text for _, text in calls_of(Endpoint(PARALLEL, fragment=fragment).ask(**FRAGMENTS))]
    assert sent[1 : 1 + len(first)] == first


def test_token_fragments_join_to_the_arguments() -> None:
    sent = [text for _, text in calls_of(Endpoint(PARALLEL, fragment="token").ask(**FRAGMENTS))]
    assert "".join(sent) == "".join(WHOLE)
    assert len(sent) > 8


TWO: dict[str, Any] = {"tools": [tool("get_weather"), tool("send_mail", to={"type": "string"})]}
CHOICES: list[tuple[str, Any, str | None]] = [
    ("auto", {"type": "auto"}, "get_weather"),
    ("none", {"type": "none"}, None),
    ("required", {"type": "required"}, "get_weather"),
    ("one by name", {"type": "function", "function": {"name": "send_mail"}}, "send_mail"),
    (
        "a few",
        {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [named("send_mail")]}},
        "send_mail",
    ),
    ("a few, demanded", {"type": "allowed_tools", "mode": "required", "tools": [{"name": "send_mail"}]}, "send_mail"),
]


@pytest.mark.parametrize(("choice", "called"), rows(CHOICES))
def test_tool_choice_object_uses_its_type(choice: Any, called: str | None) -> None:
    message = Endpoint().ask("Weather in Paris?", tool_choice=choice, **TWO).message
    assert [call["function"]["name"] for call in message.get("tool_calls", ())] == ([called] if called else [])


@pytest.mark.parametrize("scenario", ["", "turns: [{ reply: { call: f } }]"])
@pytest.mark.parametrize("parameters", [{}, {"description": "None."}, {"required": []}, None])
def test_arguments_are_always_an_object(scenario: str, parameters: Any) -> None:
    """The service refuses other arguments when they return in the history."""
    spec = {"type": "function", "function": {"name": "f", "parameters": parameters}}
    lenient = {"x-emulator-strictness": "lenient"}  # the service refuses parameters without the type object
    (call,) = Endpoint(scenario).ask("Do it.", tools=[spec], headers=lenient).message["tool_calls"]
    assert call["function"]["arguments"] == "{}"


def test_only_allowed_functions_are_called() -> None:
    """The only allowed function was called already, so no call is required."""
    history = [user(), calling("send_mail", signature="c2ln"), result("send_mail")]
    choice = {"type": "allowed_tools", "mode": "required", "tools": [named("send_mail")]}
    answer = Endpoint().ask(messages=history, tool_choice=choice, **TWO)
    assert "tool_calls" not in answer.message


def test_only_the_first_of_parallel_calls_is_signed() -> None:
    signed = ["extra_content" in call for call in Endpoint(PARALLEL).ask().message["tool_calls"]]
    assert signed == [True, False]


@pytest.mark.parametrize("model", ["google/gemini-2.5-flash-lite", "google/gemini-2.0-flash"])
def test_models_that_do_not_think_have_no_signatures(model: str) -> None:
    endpoint = Endpoint()
    assert "extra_content" not in endpoint.ask(model=model).message
    assert all("extra_content" not in c for c in endpoint.ask(model=model, tools=[tool()]).message["tool_calls"])


@pytest.mark.parametrize(("model", "candidates"), [(GEMINI_3, 3), ("google/gemini-3.7-flash", 1)])
def test_n(model: str, candidates: int) -> None:
    one, many = Endpoint().ask(model=model), Endpoint().ask(model=model, n=3)
    assert [choice["index"] for choice in many.body["choices"]] == list(range(candidates))
    assert many.message["content"] == one.message["content"]


def test_logprobs_are_null_if_supported() -> None:
    answer = Endpoint().ask(model=GEMINI_2, logprobs=True)
    assert answer.body["choices"][0]["logprobs"] is None
