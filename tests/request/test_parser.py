"""A body is read by msgspec, and pydantic words what does not fit: both must know the same fields."""

import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemulator.core.errors import RequestError
from gemulator.core.invalid_field import invalid_field_in
from gemulator.request.body import ChatRequest
from gemulator.request.conversation import Conversation
from gemulator.request.parsed import ParsedRequest
from gemulator.request.parser import _parse_whole, parse, request_of
from gemulator.request.target import Target

ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -3, 2**63, 1.0, 0.5, "", "user", "tool", [], ["a"], [1], [None], {}, {"a": 1}, {"url": 1}]
)
EXTRA = st.fixed_dictionaries(
    {}, optional={"google": ODD | st.fixed_dictionaries({}, optional=dict.fromkeys(("thought", "parts", "mood"), ODD))}
)
CALL = st.fixed_dictionaries(
    {},
    optional={
        "id": ODD,
        "type": ODD,
        "extra_content": ODD | EXTRA,
        "function": ODD | st.fixed_dictionaries({}, optional={"name": ODD, "arguments": ODD}),
    },
)
PART = st.fixed_dictionaries(
    {},
    optional={
        "type": ODD,
        "text": ODD,
        "image_url": ODD | st.fixed_dictionaries({"url": ODD}, optional={"detail": ODD}),
        "input_audio": ODD | st.fixed_dictionaries({"data": ODD}, optional={"format": ODD}),
        "extra_content": ODD | EXTRA,
    },
)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool", "nobody"])},
    optional={
        "refusal": ODD,
        "content": ODD | st.lists(PART, max_size=2),
        "tool_calls": ODD | st.lists(CALL, max_size=2),
        "name": ODD,
        "extra_content": ODD | EXTRA,
    },
)
OTHERS = [name for name in ChatRequest.__struct_fields__ if name != "messages"]
BODY = st.fixed_dictionaries(
    {"messages": ODD | st.lists(ODD | MESSAGE, max_size=3)}, optional=dict.fromkeys(OTHERS, ODD)
)


@pytest.mark.slow
@given(BODY)
def test_both_accept_the_same_bodies(body: dict[str, Any]) -> None:
    pydantic = invalid_field_in(body, ChatRequest, "fits").message
    assert (pydantic == "fits") == _fits(body), pydantic


def _fits(body: dict[str, Any]) -> bool:
    try:
        return bool(request_of(body))
    except RequestError:
        return False


def test_what_is_beyond_the_fields() -> None:
    message = {"role": "user", "content": "Hi"}
    assert request_of({"messages": [message], "best_of": 2, "n": 1}).extra_fields == {"best_of": 2}
    assert request_of({"messages": [message], "n": 1}).extra_fields == {}


def test_the_field_is_named() -> None:
    with pytest.raises(RequestError) as caught:
        request_of({"messages": [{"role": "user", "content": [{"type": "text", "text": 3}]}]})
    assert caught.value.failure.field == "messages[0].content[0].text"


HELLO = {"role": "user", "content": "Hello"}
TARGET = Target("v1", "p", "global", "openapi")


def outcome(read: Callable[[bytes], ParsedRequest], raw: bytes) -> object:
    """What reading says of a body, and what is known of it then."""
    try:
        parsed = read(raw)
    except RequestError as error:
        return error.failure
    request, frame, history = parsed.request, parsed.envelope, parsed.history
    told = (
        frame.request,
        frame.body,
        frame.digest,
        history.messages,
        history.digest,
        history.features,
        parsed.newest.message,
    )
    return request, request.extra_fields, parsed.newest.digest, parsed.tree, told


def agree(raw: bytes) -> None:
    assert outcome(parse, raw) == outcome(_parse_whole, raw)


def test_a_null_in_a_message_decides_no_words() -> None:
    """Client libraries send back what they were given, with nulls for what was not in it."""
    said = {"role": "assistant", "content": "Hi"}
    dumped = {**said, "refusal": None, "tool_calls": None, "annotations": None}
    plain, with_nulls = (
        Conversation(parse(orjson.dumps({"messages": [HELLO, one, HELLO, one]})), TARGET, {}).fingerprint
        for one in (said, dumped)
    )
    assert plain == with_nulls


def dense(tree: Any) -> bytes:
    return orjson.dumps(tree)


def spaced(tree: Any) -> bytes:
    return json.dumps(tree).encode()


def indented(tree: Any) -> bytes:
    return json.dumps(tree, indent=1).encode()


SPELLINGS = (dense, spaced, indented)


@pytest.mark.slow
@given(BODY | st.fixed_dictionaries({"messages": st.lists(MESSAGE, min_size=1)}, optional=dict.fromkeys(OTHERS, ODD)))
def test_a_body_is_read_in_parts_as_it_would_be_as_a_whole(body: dict[str, Any]) -> None:
    for spelled in SPELLINGS:
        agree(spelled(body))


HI = b'{"role": "user", "content": "Hi"}'
DEEP = [b"[" * depth + b"]" * depth for depth in (196, 197, 198, 300, 2000)]


@pytest.mark.parametrize(
    "raw",
    [
        b'{"messages": [%b], "messages": [%b, {"role": "user"}]}' % (HI, HI),
        b'{"messages": [%b], "messages": [%b]}' % (HI, HI),
        b'{"user": [%b], "messages": [%b]}' % (HI, HI),
        b'{"extra_body": {"x": [%b]}, "messages": [%b]}' % (HI, HI),
        b'{"messages": [{"role": "user", "content": "[{\\"role\\": \\"user\\"}]"}, %b ] }' % HI,
        b'{"messages": [%b, {"role": "user", "content": [{"role": 1, "text": "Hi", "type": "text"}]}]}' % HI,
        b'{"messages": [{"content": "Hi", "role": "user"}, {"content": "Ho", "role": "user"}]}',
        b'{"messages": [%b,]}' % HI,
        b'{"messages": [%b %b]}' % (HI, HI),
        b'{"messages": [%b], "n": NaN}' % HI,
        b'{"messages": [%b]} x' % HI,
        b'{"messages": [{"role": "user", "content": "\xff"}]}',
        b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
        b'{"messages": [%b], "user": "\\ud800"}' % HI,
        b'{"messages": [%b], "user": "\xff", "metadata": "\xff"}' % HI,
        b'{"messages": []}',
        b'{"messages": [ ]}',
        b'{"messages": {"role": "user"}}',
        b'{"messages": [%b, 3]}' % HI,
        b'[{"messages": [%b]}]' % HI,
        b"",
        *(b'{"messages": [%b], "metadata": %b}' % (HI, deep) for deep in DEEP),
        *(b'{"messages": [{"role": "user", "x": %b}, %b]}' % (deep, HI) for deep in DEEP),
        *(b'{"messages": [%b, {"role": "user", "x": %b}]}' % (HI, deep) for deep in DEEP),
        b'{"messages": [%b]}' % b",".join([HI] * 5_000),
    ],
    ids=lambda raw: raw[:60].decode("latin-1"),
)
def test_bodies_that_no_client_writes_are_read_alike(raw: bytes) -> None:
    agree(raw)


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_what_was_sent_before_is_not_read_again(spelled: Callable[[Any], bytes]) -> None:
    messages = [{"content": f"{number} and so on", "role": "user"} for number in range(4)]
    tools = [{"type": "function", "function": {"name": "look_up"}}]
    first, then = (parse(spelled({"messages": messages[:count], "tools": tools, "n": 1})) for count in (3, 4))
    assert then.envelope is first.envelope
    assert parse(spelled({"messages": messages, "tools": tools, "n": 1})).history is then.history
    assert all(mine is theirs for mine, theirs in zip(first.history.messages, then.history.messages, strict=False))
