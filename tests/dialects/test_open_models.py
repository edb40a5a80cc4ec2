"""Where the servers of open models put thoughts."""

import pytest

from gemulator.core.plan import Choice, Text, Thought
from gemulator.dialects.open_models import placed, thoughts_of, words_of
from gemulator.service.serving_profile import Placement

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
def test_thoughts_stand_where_the_server_puts_them(placement: Placement, words: str, thoughts: str | None) -> None:
    for finish in ("stop", "length"):
        found = placed(Choice((THOUGHT, WORDS), finish), placement)
        assert (words_of(found), thoughts_of(found)) == (words, thoughts)


@pytest.mark.parametrize(
    ("placement", "words"), [("field", None), ("tags", "<think>Let me see."), ("bare", "Let me see."), ("hidden", None)]
)
def test_a_thought_that_the_limit_cuts_has_no_end(placement: Placement, words: str | None) -> None:
    assert words_of(placed(Choice((THOUGHT,), "length"), placement)) == words


@pytest.mark.parametrize(
    ("fragments", "finish", "expected"),
    [
        (("Let", " me"), "stop", ("<think>Let", " me</think>")),
        (("Let me",), "stop", ("<think>Let me</think>",)),
        (("Let", " me"), "length", ("<think>Let", " me")),
        (("Let me",), "length", ("<think>Let me",)),
    ],
)
def test_tags_are_glued_to_an_author_s_fragments(
    fragments: tuple[str, ...], finish: str, expected: tuple[str, ...]
) -> None:
    found = placed(Choice((Thought("".join(fragments), fragments),), finish), "tags")
    assert found.parts == (Text("".join(expected), fragments=expected),)
