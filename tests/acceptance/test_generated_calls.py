"""Tool calls of generated answers: related to the prompt, one after another, each once."""

import json
from typing import Any, cast

import pytest

from gemulator import Emulator
from gemulator.client.admin import AdminError
from tests.acceptance.wire import ask
from tests.endpoint import Endpoint, user

TEXT, NUMBER, INTEGER = {"type": "string"}, {"type": "number"}, {"type": "integer"}


def described(name: str, description: str, **properties: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


WEATHER = described("get_weather_forecast", "Gets the current weather temperature for a given location.", location=TEXT)
THERMOSTAT = described("set_thermostat_temperature", "Sets the thermostat to a temperature.", temperature=NUMBER)
HOME = [WEATHER, THERMOSTAT]
MAIL = described("send_email", "Send an email", to=TEXT, subject=TEXT, body=TEXT)
ADD = described("my_adder_tool", "Take two integers, a and b, and return their sum.", a=INTEGER, b=INTEGER)
SEARCH = described("web_search", "Search the web", query=TEXT)
CUSTOMER = described("create_customer", "Create a customer", customer_name=TEXT)
FIND = described("find_order", "Find an order", customer=TEXT)
CANCEL = described("cancel_order", "Cancel an order", order_id=TEXT)

Call = tuple[str, dict[str, Any]]


def calls(message: dict[str, Any]) -> list[Call]:
    found = [call["function"] for call in message.get("tool_calls") or ()]
    return [(call["name"], json.loads(call["arguments"])) for call in found]


def called(prompt: str, *tools: dict[str, Any], **fields: Any) -> list[str]:
    return [name for name, _ in calls(Endpoint(tool_calls="related").ask(prompt, tools=list(tools), **fields).message)]


def run_loop(prompt: str, tools: list[dict[str, Any]], results: dict[str, Any]) -> tuple[list[Call], str]:
    """Answer calls as an app does until a text comes; return the calls and the text."""
    messages: list[dict[str, Any]] = [user(prompt)]
    made: list[Call] = []
    for _ in range(10):
        message = Endpoint(tool_calls="related").ask(messages=messages, tools=tools).message
        if not message.get("tool_calls"):
            return made, message["content"]
        made += calls(message)
        answers = [
            {
                "role": "tool",
                "tool_call_id": call["id"],
                "content": json.dumps(results.get(call["function"]["name"], "ok")),
            }
            for call in message["tool_calls"]
        ]
        messages += [message, *answers]
    raise AssertionError(f"the loop has no end: {made}")


@pytest.mark.parametrize(
    "prompt",
    [
        "Hello!",
        "Thanks!",
        "How are you?",
        "What is your name?",
        "Why is the sky blue?",
        "Tell me a joke",
        "Write a poem about Paris",
        "Hallo!",
        "Wie geht es dir?",
        "你好",
    ],
)
def test_unrelated_prompt_gets_a_text(prompt: str) -> None:
    message = Endpoint(tool_calls="related").ask(prompt, tools=HOME).message
    assert message["content"]
    assert "tool_calls" not in message


@pytest.mark.parametrize(
    ("prompt", "tool"),
    [
        ("What is the weather like?", WEATHER),
        ("How about Paris?", WEATHER),
        ("Wie warm ist es in Berlin?", WEATHER),
        ("今天东京天气怎么样?", WEATHER),
        ("Set the thermostat to 19", THERMOSTAT),
        ("What is 3 + 4", ADD),
        ("Who won the world cup in 2022?", SEARCH),
        ("Tell ann@example.org about it by email", MAIL),
        ("Use the tool", CUSTOMER),
    ],
)
def test_related_prompt_gets_a_call(prompt: str, tool: dict[str, Any]) -> None:
    others = [one for one in HOME if one is not tool] if tool in HOME else []
    assert called(prompt, *others, tool) == [tool["function"]["name"]]


def test_required_choice_calls_without_relation() -> None:
    assert called("Hello!", *HOME, tool_choice="required") == ["get_weather_forecast"]


def test_header_session_and_server_call_always() -> None:
    endpoint, always = Endpoint(tool_calls="related"), {"x_emulator_tool_calls": "always"}
    assert not calls(endpoint.ask("Hello!", tools=HOME).message)
    assert calls(endpoint.ask("Hello!", tools=HOME, headers=always).message)
    assert not calls(endpoint.ask("Hello!", tools=HOME).message)
    assert calls(Endpoint(tool_calls="always").ask("Hello!", tools=HOME).message)
    related = {"x_emulator_tool_calls": "related"}
    assert not calls(Endpoint(tool_calls="always").ask("Hello!", tools=HOME, headers=related).message)


@pytest.mark.slow
def test_session_calls_always() -> None:
    with Emulator(scenarios=()) as emulator, emulator.session(tool_calls="always") as session:
        client = session.openai()
        answer = client.chat.completions.create(**ask("Hello!", tools=HOME))
        assert answer.choices[0].message.tool_calls


@pytest.mark.slow
def test_unknown_choice_is_named() -> None:
    with Emulator(scenarios=()) as emulator, pytest.raises(AdminError, match="tool_calls"):
        emulator.session(tool_calls=cast(Any, "never")).openai()


@pytest.mark.parametrize("tools", [HOME, HOME[::-1]])
def test_second_tool_is_called_after_the_first_result(tools: list[dict[str, Any]]) -> None:
    prompt = "If it's warmer than 20°C in London, set the thermostat to 20°C, otherwise set it to 18°C."
    made, text = run_loop(prompt, tools, {"get_weather_forecast": {"location": "London", "temperature": 25}})
    assert made == [
        ("get_weather_forecast", {"location": "London"}),
        ("set_thermostat_temperature", {"temperature": 20}),
    ]
    assert "25" in text


def test_result_gives_arguments_of_the_next_call() -> None:
    made, _ = run_loop("Find the order of Maria and cancel it.", [CANCEL, FIND], {"find_order": {"order_id": "A-4711"}})
    assert made == [("find_order", {"customer": "Maria"}), ("cancel_order", {"order_id": "A-4711"})]


def test_text_of_a_mail_has_the_result() -> None:
    results = {"get_weather_forecast": {"summary": "sunny, 21 degrees"}}
    made, _ = run_loop("What is the weather in Rome? Then email it to bob@example.com.", [MAIL, WEATHER], results)
    assert [name for name, _ in made] == ["get_weather_forecast", "send_email"]
    assert made[1][1]["to"] == "bob@example.com"
    assert "sunny, 21 degrees" in made[1][1]["body"]


@pytest.mark.parametrize("result", ["again, please", {"temperature": None}, [[[[{"a": []}]]]], 1e308, ""])
def test_loop_ends_for_any_result(result: Any) -> None:
    prompt = "Weather in Rome, weather in Oslo, then set the thermostat, and the weather and the thermostat again."
    made, text = run_loop(prompt, HOME, dict.fromkeys(("get_weather_forecast", "set_thermostat_temperature"), result))
    assert {name for name, _ in made} == {"get_weather_forecast", "set_thermostat_temperature"}
    assert text


def test_always_gives_a_text_after_a_result() -> None:
    prompt = "Weather in Rome, then set the thermostat to 20"
    endpoint = Endpoint(tool_calls="always")
    message = endpoint.ask(prompt, tools=HOME).message
    (call,) = message["tool_calls"]
    result = {"role": "tool", "tool_call_id": call["id"], "content": "ok"}
    assert endpoint.ask(messages=[user(prompt), message, result], tools=HOME).message["content"]


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("Create a customer named '你好啊集团' (Hello Group) - a Chinese technology company", "你好啊集团"),
        ("Create a customer called “Müller & Söhne” for Anna Schmidt in Berlin.", "Müller & Söhne"),
        ("Create a customer named 'شركة النور'.", "شركة النور"),
        ("建立客户「你好啊集团」", "你好啊集团"),
        ("Lege den Kunden namens „Привет“ an.", "Привет"),
    ],
)
def test_quoted_name_of_any_script_is_the_argument(prompt: str, name: str) -> None:
    message = Endpoint(tool_calls="related").ask(prompt, tools=[CUSTOMER]).message
    assert calls(message) == [("create_customer", {"customer_name": name})]
