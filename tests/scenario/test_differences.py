"""Differences of texts in near misses: several of them, look-alikes, case and marks within texts."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemulator.scenario.library import Library
from tests.asking import asked, read

PROMPT = (
    "You are asked to write a report for the customer Acme about the first quarter, with all of the figures, in plain"
    " words and without tables, please."
)


def nearest(test: object, prompt: str) -> str:
    found = Library([read(f"turns: [{{when: {json.dumps({'user': test})}, reply: x}}]")]).near_misses(asked(prompt))
    assert found, "the request matches"
    return str(found[0])


def marked(message: str) -> list[tuple[str, ...]]:
    """Return what stands between marks, of the expected text and of the seen one."""
    expected, seen = message.split(", saw ", 1)
    return [tuple(re.findall(r">>(.*?)<<", text)) for text in (expected, seen)]


@pytest.mark.parametrize(
    ("test", "prompt", "marks", "place"),
    [
        (
            {"equals": f"Report 7: {PROMPT} Total 12."},
            f"Report 8: {PROMPT} Total 13.",
            [("7", "12"), ("8", "13")],
            "first of 2 differences at character 8 of 166 expected, 8 of 166 seen; only dates, ids or numbers differ",
        ),
        (
            f"Report 7: {PROMPT} Total 12.",
            f"Hello. Report 8: {PROMPT} Total 13. Bye.",
            [("7", "12"), ("8", "13")],
            "first of 2 differences at character 8 of 166 expected, 15 of 178 seen; only dates, ids or numbers differ",
        ),
        (
            "the quick brown fox jumps over the lazy dog",
            "see the quick red fox jumps under the lazy cat now",
            [("brown", "over", "dog"), ("red", "under", "cat")],
            "first of 3 differences at character 11 of 43 expected, 15 of 50 seen",
        ),
        (
            "今天北京的天气怎么样明天上海的天气怎么样",
            "请问今天南京的天气怎么样明天广州的天气怎么样",
            [("北", "上海"), ("南", "广州")],
            "first of 2 differences at character 3 of 20 expected, 5 of 22 seen",
        ),
        (
            {"like": "Xeport of {date} for the customer {any} with all figures and {number} pages"},
            "Report of 2026-01-01 for the customer Acme with all figures and many pages",
            [("Xeport of {date} for", "{number} pages"), ("Report of 2026-01-01 for", "many pages")],
            "first of 2 differences at character 1 of 75 expected, 1 of 74 seen",
        ),
        ({"equals": "weather"}, "weather?", [("weather",), ("weather?",)], "at the end of 7 expected, 8 of 8 seen"),
        (
            {"equals": "weather?"},
            "weather",
            [("weather?",), ("weather",)],
            "at character 8 of 8 expected, the end of 7",
        ),
    ],
)
def test_each_difference_is_marked(test: object, prompt: str, marks: list[tuple[str, ...]], place: str) -> None:
    message = nearest(test, prompt)
    assert marked(message) == marks
    assert place in message


@pytest.mark.parametrize(
    ("test", "prompt", "expected", "seen"),
    [
        (
            {"equals": "café noir"},
            "cafe\u0301 noir",
            "U+00E9 LATIN SMALL LETTER E WITH ACUTE",
            "U+0301 COMBINING ACUTE",
        ),
        ("café noir", "a cafe\u0301 noir", "U+00E9 LATIN SMALL LETTER E WITH ACUTE", "U+0301 COMBINING ACUTE ACCENT"),
        ("pay", "p\u0430y the bill", "U+0061 LATIN SMALL LETTER A", "U+0430 CYRILLIC SMALL LETTER A"),
        (
            {"equals": "coco"},
            "\u0441\u043e\u0441\u043e",
            "U+0063 LATIN SMALL LETTER C",
            "U+0441 CYRILLIC SMALL LETTER ES",
        ),
        ({"contains": "pay it", "exact": True}, "pay\u00a0it now", "U+0020 SPACE", "U+00A0 NO-BREAK SPACE"),
        ({"equals": "pay it", "exact": True}, "pay\nit", "U+0020 SPACE", "U+000A LINE FEED"),
        ("pay the bill", "pay\u200b the bill", "nothing", "U+200B ZERO WIDTH SPACE"),
        ({"word": "contract"}, "the con\u00adtract", "nothing", "U+00AD SOFT HYPHEN"),
        ({"equals": "pay it"}, "\ufeffpay it", "nothing", "U+FEFF ZERO WIDTH NO-BREAK SPACE"),
        ("what's new", "what\u2019s new", "U+0027 APOSTROPHE", "U+2019 RIGHT SINGLE QUOTATION MARK"),
    ],
)
def test_characters_that_look_alike_are_named(test: object, prompt: str, expected: str, seen: str) -> None:
    message = nearest(test, prompt)
    assert f"they look alike: expected {expected}" in message
    assert seen in message.partition("they look alike")[2].partition(", saw ")[2]


@pytest.mark.parametrize(
    ("test", "prompt", "key", "marks"),
    [
        ({"equals": "Aa3 b"}, "aa3 b", "equals", [("Aa3",), ("aa3",)]),
        ({"equals": "Aa3 b"}, "aa3 B", "equals", [("Aa3", "b"), ("aa3", "B")]),
        ({"contains": "Rome", "exact": True}, "the weather in rome", "exact", [("Rome",), ("rome",)]),
        ({"word": "Rome", "exact": True}, "the weather in rome", "exact", [("Rome",), ("rome",)]),
        (
            {"like": "Report of {date}"},
            "report of 2026-01-01",
            "like",
            [("Report of {date}",), ("report of 2026-01-01",)],
        ),
    ],
)
def test_case_that_counts_is_told(test: object, prompt: str, key: str, marks: list[tuple[str, ...]]) -> None:
    message = nearest(test, prompt)
    assert marked(message) == marks
    assert f"only upper and lower case differ, which count in `{key}`" in message
    assert "only dates, ids" not in message


def test_marks_are_others_where_the_text_has_them() -> None:
    message = nearest({"equals": "cat a >> b << c"}, "cat a >> d << c")
    assert "'cat a >> [[b]] << c'" in message
    assert "'cat a >> [[d]] << c'" in message
    message = nearest({"equals": "if (a[[1]]) { >> b }"}, "if (a[[1]]) { >> d }")
    assert "{{{b}}}" in message


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.sets(st.integers(0, 19), min_size=1, max_size=3), st.booleans())
def test_changed_words_are_found_wherever_they_are(changed: set[int], whole: bool) -> None:
    words = [f"word{chr(97 + at)}" for at in range(20)]
    prompt = " ".join(f"w{at}{word[1:]}" if at in changed else word for at, word in enumerate(words))
    message = nearest({"equals": " ".join(words)} if whole else " ".join(words), prompt if whole else f"so {prompt} x")
    expected, seen = marked(message)
    for at in changed:
        assert any(words[at] in part for part in expected)
        assert any(f"w{at}{words[at][1:]}" in part for part in seen)


def test_diff_names_characters_that_look_alike() -> None:
    (_, (mismatch,)) = Library([read("turns: [{when: {user: pay}, reply: x}]")]).nearest(asked("p\u0430y"))[0]
    assert mismatch.diff().endswith("saw U+0430 CYRILLIC SMALL LETTER A")
