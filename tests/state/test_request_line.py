"""Requests in one line of a message: texts, media and tool calls in words."""

from typing import Any

import pytest

from gemulator.state.journal.request_line import request_line

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
CALL = {"id": "1", "type": "function", "function": {"name": "book", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ({"role": "user", "content": "Hello."}, "'Hello.'"),
        ({"role": "user", "content": [{"type": "text", "text": "Look:"}, IMAGE]}, "'Look: [image]'"),
        ({"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}, "'[audio]'"),
        (
            {"role": "user", "content": [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]},
            "'One. Two.'",
        ),
        ({"role": "assistant", "content": None, "tool_calls": [CALL]}, "'[calls book]'"),
        ({"role": "user", "content": [{"odd": 1}]}, "'{\"odd\":1}'"),
        ({"role": "user", "content": [3]}, "'[3]'"),
        ({"role": "user", "content": []}, "'[]'"),
        ({"role": "user"}, "'null'"),
        (7, "'7'"),
    ],
)
def test_prompt_is_shown_as_text(message: Any, shown: str) -> None:
    assert request_line(4, "google/m", {"messages": [message]}) == f"4: google/m {shown}"
