"""A body is searched for credentials in the parts that may have them."""

import json
from typing import Any

import pytest

from gemulator.request.parser import parse

KEY = "AIza" + "x" * 35
BODY: dict[str, Any] = {
    "model": "google/gemini-3.5-flash",
    "messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}],
    "user": "me",
}
NEWEST = {"role": "user", "content": "Bye"}


def test_body_without_beginnings_of_keys_is_not_searched() -> None:
    assert not parse(json.dumps({**BODY, "messages": [*BODY["messages"], NEWEST]}).encode()).suspect


@pytest.mark.parametrize("place", ["envelope", "history", "newest", "escaped", "other layout"])
def test_key_is_found_in_each_part_of_a_body(place: str) -> None:
    messages = [dict(message) for message in (*BODY["messages"], NEWEST)]
    fields = {**BODY, "messages": messages}
    if place == "envelope":
        fields["user"] = KEY
    elif place == "history":
        messages[0]["content"] = KEY
    else:
        messages[-1]["content"] = KEY
    text = json.dumps(fields)
    if place == "escaped":
        text = text.replace("AIza", "\\u0041Iza")
    if place == "other layout":
        text = json.dumps({**fields, "messages": []})[:-1] + f', "messages": {json.dumps(messages)}}}'
    assert parse(text.encode()).suspect
