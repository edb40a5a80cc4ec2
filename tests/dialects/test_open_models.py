"""Position of thoughts on open-model servers."""

import pytest

from gemulator.core.plan import Choice, Text, Thought
from gemulator.dialects.open_models import place_thoughts, text_of, thoughts_of
from gemulator.service.serving_profile import ThoughtPlacement

THOUGHT, WORDS = Thought("Let me see."), Text("Yes.")


@pytest.mark.parametrize(
    ("placement", "words", "thoughts"),
    [
        ("field", "Yes.", "Let me see."),
        ("tags", "<think>Let me see.</think>Yes.", None),
        ("bare", "Let me see.</think>Yes.", None),
        ("hidden", "Yes.", None),
    ],
)
def test_thoughts_are_placed_as_configured(placement: ThoughtPlacement, words: str, thoughts: str | None) -> None:
    for finish in ("stop", "length"):
        found = place_thoughts(Choice((THOUGHT, WORDS), finish), placement)
        assert (text_of(found), thoughts_of(found)) == (words, thoughts)


@pytest.mark.parametrize(
    ("placement", "words"), [("field", None), ("tags", "<think>Let me see."), ("bare", "Let me see."), ("hidden", None)]
)
def test_truncated_thought_has_no_closing_tag(placement: ThoughtPlacement, words: str | None) -> None:
    assert text_of(place_thoughts(Choice((THOUGHT,), "length"), placement)) == words


@pytest.mark.parametrize(
    ("fragments", "finish", "expected"),
    [
        (("Let", " me"), "stop", ("<think>Let", " me</think>")),
        (("Let me",), "stop", ("<think>Let me</think>",)),
        (("Let", " me"), "length", ("<think>Let", " me")),
        (("Let me",), "length", ("<think>Let me",)),
    ],
)
def test_tags_are_joined_to_written_fragments(
    fragments: tuple[str, ...], finish: str, expected: tuple[str, ...]
) -> None:
    found = place_thoughts(Choice((Thought("".join(fragments), fragments),), finish), "tags")
    assert found.parts == (Text("".join(expected), fragments=expected),)
