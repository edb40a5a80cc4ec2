"""Limits on the structure of a request."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from gemulator.core.errors import RequestError
from gemulator.request.limits import RequestLimits, check_bytes
from gemulator.service.refusals import refuse
from tests.endpoint import Endpoint, schema, tool, user

LIMITED: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "max_values": ({"max_values": 1_000}, {"metadata": [1] * 1_000}),
    "max_depth": ({"max_depth": 10}, {"metadata": json.loads("[" * 10 + "]" * 10)}),
    "max_messages": ({"max_messages": 3}, {"messages": [user("x")] * 4}),
    "max_parts": ({"max_parts": 3}, {"messages": [user([{"type": "text", "text": "x"}] * 4)]}),
    "max_enum": ({"max_enum": 3}, {"response_format": schema({"type": "string", "enum": list("abcd")})}),
}
SMALLER: Mapping[str, dict[str, Any]] = {
    "max_values": {"metadata": [1] * 900},
    "max_depth": {"metadata": json.loads("[" * 9 + "]" * 9)},
    "max_messages": {"messages": [user("x")] * 3},
    "max_parts": {"messages": [user([{"type": "text", "text": "x"}] * 3)]},
    "max_enum": {"response_format": schema({"type": "string", "enum": list("abc")})},
}


@pytest.mark.parametrize("name", LIMITED)
@pytest.mark.parametrize("endpoint", ["openapi", "1234567890"])
def test_request_beyond_a_limit_is_refused_with_the_option(name: str, endpoint: str) -> None:
    settings, fields = LIMITED[name]
    answer = Endpoint(**settings).ask(endpoint=endpoint, **fields)
    assert answer.status == 400
    assert f"--{name.replace('_', '-')}" in answer.text
    assert Endpoint(**settings).ask(endpoint=endpoint, **SMALLER[name]).status == 200


def test_tools_beyond_the_limit_get_the_words_of_the_service() -> None:
    many = [tool(f"f{number}") for number in range(513)]
    # The limit; the rule, which counts the functions of all tools.
    for endpoint in (Endpoint(max_tools=512), Endpoint()):
        answer = endpoint.ask(tools=many)
        assert answer.status == 400
        assert answer.error["message"] == refuse("too-many-functions").message
    assert Endpoint(max_tools=512).ask(tools=many[:512]).status == 200
    assert Endpoint(max_tools=512).ask(endpoint="1234567890", tools=many).status == 200


def test_default_limit_leaves_more_tools_than_512_to_strictness() -> None:
    many = [tool(f"f{number}") for number in range(600)]
    answer = Endpoint(strictness="lenient").ask(tools=many, tool_choice="none")
    assert answer.status == 200
    assert "more than 512 functions" in answer.headers["x-emulator-notes"]
    scripted = Endpoint(scenario="turns: [{ reply: { error: 429 } }]").ask(tools=many)
    assert scripted.status == 429


@pytest.mark.parametrize(
    ("raw", "counted"),
    [
        (b"[1,2,3,4,5,6,7,8,9,10,11]", True),
        (b'["1","2","3","4","5","6","7","8","9","10","11"]', True),
        (b"[[],[],[],[],[],[],[],[],[],[],[]]", True),
        (b'["a,b,c,d,e,f,g,h,i,j,k,l,m,n"]', False),
        (rb'["a\",\",\",\",\",\",\",\",\",\",\",\""]', False),
        (rb'["\\",1,2,3,4,5,6,7,8,9,10,11]', True),
        (b"[1,2,3,4,5,6,7,8,9]                       ", False),
    ],
)
def test_values_are_counted_outside_of_texts(raw: bytes, counted: bool) -> None:
    limits = RequestLimits(values=10)
    if not counted:
        check_bytes(raw, limits)
        return
    with pytest.raises(RequestError, match="JSON values"):
        check_bytes(raw, limits)
