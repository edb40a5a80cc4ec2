"""Objects of generated answers: events, and lists of objects as agent libraries ask for them."""

import json
from typing import Any

import pytest

from tests.endpoint import Endpoint

TEXT = {"type": "string"}
EVENT = {
    "type": "object",
    "properties": {"name": TEXT, "date": TEXT, "participants": {"type": "array", "items": TEXT}},
    "required": ["name", "date", "participants"],
}
USER = {"type": "object", "properties": {"name": TEXT, "age": {"type": "integer"}}, "required": ["name", "age"]}
LIST = {"type": "array", "items": {"$ref": "#/$defs/User"}, "description": "Correctly segmented list of `User` tasks"}


def iterable(tasks: dict[str, Any], *required: str) -> dict[str, Any]:
    """Return a schema like instructor's for `Iterable[User]`."""
    return {"type": "object", "$defs": {"User": USER}, "properties": {"tasks": tasks}, "required": list(required)}


OPTIONAL = iterable({"anyOf": [LIST, {"type": "null"}], "default": None})


def answered(prompt: str, schema: dict[str, Any]) -> Any:
    response_format = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    return json.loads(Endpoint().ask(prompt, response_format=response_format).message["content"])


def argued(prompt: str, schema: dict[str, Any]) -> Any:
    function = {"name": "IterableUser", "parameters": schema}
    choice = {"type": "function", "function": {"name": "IterableUser"}}
    tools = [{"type": "function", "function": function}]
    (call,) = Endpoint().ask(prompt, tools=tools, tool_choice=choice).message["tool_calls"]
    return json.loads(call["function"]["arguments"])


def test_event_of_the_page_says_what_the_text_says() -> None:
    event = answered("Alice and Bob are going to a science fair on Friday.", EVENT)
    assert event == {"name": "science fair", "date": "Friday", "participants": ["Alice", "Bob"]}


def test_name_of_a_person_is_no_event() -> None:
    assert answered("Alice, who is 30, goes to a party.", USER) == {"name": "Alice", "age": 30}


@pytest.mark.parametrize("schema", [OPTIONAL, iterable(LIST), iterable(LIST, "tasks")], ids=["null", "left", "must"])
@pytest.mark.parametrize("ask", [answered, argued])
def test_list_of_objects_has_each_object_of_the_prompt(schema: dict[str, Any], ask: Any) -> None:
    users = ask("Jason is 20 years old, Sarah is 30 years old.", schema)
    assert users == {"tasks": [{"name": "Jason", "age": 20}, {"name": "Sarah", "age": 30}]}


@pytest.mark.parametrize("ask", [answered, argued])
def test_list_of_objects_without_names_in_the_prompt_has_some(ask: Any) -> None:
    users = ask("make up some users", OPTIONAL)["tasks"]
    assert users
    assert all(user.keys() == {"name", "age"} for user in users)


def test_bounds_of_a_list_are_kept() -> None:
    three = {**LIST, "minItems": 3, "maxItems": 3}
    assert len(answered("Jason is 20, Sarah is 30.", iterable(three, "tasks"))["tasks"]) == 3


@pytest.mark.parametrize("items", [True, {"$ref": "#/$defs/None"}, {"$ref": 3}, {}, {"properties": {}}])
def test_other_items_are_answered(items: Any) -> None:
    answer = answered("Jason is 20.", iterable({"type": "array", "items": items}))
    assert isinstance(answer, dict)


def test_list_that_must_be_empty_is_left_out() -> None:
    never = {"type": "object", "properties": {"name": {"type": "string", "enum": []}}, "required": ["name"]}
    assert not answered("Jason is 20.", iterable({"type": "array", "items": never})).get("tasks")
