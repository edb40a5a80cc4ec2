"""A body is read by msgspec, and pydantic words what does not fit: both must know the same fields."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import RequestError
from emulator.misfit import misfit_in
from emulator.reading import request_of
from emulator.request import ChatRequest

ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -3, 2**63, 1.0, 0.5, "", "user", "tool", [], ["a"], [1], [None], {}, {"a": 1}, {"url": 1}]
)
CALL = st.fixed_dictionaries(
    {},
    optional={
        "id": ODD,
        "type": ODD,
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
        "extra_content": ODD,
    },
)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool", "nobody"])},
    optional={"content": ODD | st.lists(PART, max_size=2), "tool_calls": ODD | st.lists(CALL, max_size=2), "name": ODD},
)
OTHERS = [name for name in ChatRequest.__struct_fields__ if name != "messages"]
BODY = st.fixed_dictionaries(
    {"messages": ODD | st.lists(ODD | MESSAGE, max_size=3)}, optional=dict.fromkeys(OTHERS, ODD)
)


@given(BODY)
def test_both_accept_the_same_bodies(body: dict[str, Any]) -> None:
    pydantic = misfit_in(body, ChatRequest, "fits").says
    assert (pydantic == "fits") == _fits(body), pydantic


def _fits(body: dict[str, Any]) -> bool:
    try:
        return bool(request_of(body))
    except RequestError:
        return False


def test_what_is_beyond_the_fields() -> None:
    message = {"role": "user", "content": "Hi"}
    assert request_of({"messages": [message], "best_of": 2, "n": 1}).further == {"best_of": 2}
    assert request_of({"messages": [message], "n": 1}).further == {}


def test_the_field_is_named() -> None:
    with pytest.raises(RequestError) as caught:
        request_of({"messages": [{"role": "user", "content": [{"type": "text", "text": 3}]}]})
    assert caught.value.failure.field == "messages[0].content[0].text"
