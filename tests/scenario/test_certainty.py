"""Conditions on a request of which some texts are not known."""

import json
from typing import Any

import pytest

from gemulator.request.conversation import Conversation
from gemulator.request.parser import parse
from gemulator.request.target import Target
from gemulator.scenario.conditions.certainty import certainty
from gemulator.scenario.conditions.match import Match

HIDDEN = "(redacted: a Google API key)"
MEDIUM = f"data:image/png;base64,<900 bytes, sha256 {'0' * 64}>"
REQUEST = {
    "model": "google/gemini-2.5-flash",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": f"The weather? {HIDDEN}"},
                {"type": "image_url", "image_url": {"url": MEDIUM}},
            ],
        },
    ],
    "temperature": 1,
}
URL = "messages[1].content[1].image_url.url"


@pytest.mark.parametrize(
    ("when", "found"),
    [
        ({"user": "weather"}, True),
        ({"user": ["hail", "WEATHER"]}, True),
        ({"user": "hunter2"}, None),
        ({"user": "redacted"}, None),
        ({"user": {"equals": "The weather?"}}, None),
        ({"user": {"not": "hunter2"}}, None),
        ({"system": "brief"}, True),
        ({"system": "hunter2"}, False),
        ({"system": "hunter2", "user": "hunter2"}, False),
        ({"not": {"user": "hunter2"}}, None),
        ({"not": {"user": "weather"}}, False),
        ({"any": [{"user": "hunter2"}, {"temperature": 1}]}, True),
        ({"any": [{"user": "hunter2"}, {"temperature": 2}]}, None),
        ({"all": [{"user": "hunter2"}, {"temperature": 2}]}, False),
        ({"image": "image/png"}, True),
        ({"image": {"uri": "data:image/png"}}, True),
        ({"image": True, "audio": False}, True),
        ({"body": {URL: {"exists": True}}}, True),
        ({"body": {URL: "AAAA"}}, None),
        ({"body": {"messages": "brief"}}, None),
        ({"body": {"temperature": 2}}, False),
        ({"header": {"x-debug": "hunter2"}}, None),
        ({"header": {"x-plain": "hunter2"}}, False),
    ],
)
def test_hidden_texts_decide_nothing(when: dict[str, Any], found: object) -> None:
    headers = {"x-debug": HIDDEN, "x-plain": "words"}
    conversation = Conversation(parse(json.dumps(REQUEST).encode()), Target("v1", "p", "global", "openapi"), headers)
    assert certainty(Match.model_validate(when), conversation) is found
