"""Strings for patterns, checked with Python's engine or the validator's."""

import re

import pytest

from gemulator import value_for
from gemulator.core.seed import Seed
from gemulator.generate.regex import BadPattern, find_text, matcher, sample_texts
from gemulator.generate.regex.charset import of, property_class, union

READ = [
    "abc", "a|b|", "^$", "^[a-c]{2,3}$", "[^a-z]", "^[^\\x00-\\x7F]$", "\\d{3}", "^\\D\\W\\S$", "a{,}",
    "(?:ab)+", "(?P<n>a)(?P=n)", "([ab])\\1", "^a.c$", "\\u0041\\t", "^[\\w.-]+@[\\w-]+\\.com$", "(?i)^abc$",
    "^(?i:a)b$", "[]a]", "[a-]", "^\\$\\{\\w+\\}$", "a??b*?c+?", "{", "}", "a{b}", "^(?=a)[ab]+$",
    "^(?!a)[ab]$", "\\/", "[\\]]", "[\\b]", "^(a|(b|c))d$",
]  # fmt: skip


@pytest.mark.parametrize("pattern", READ)
def test_sampled_texts_match(pattern: str) -> None:
    texts = list(sample_texts(pattern, 0, Seed.root(pattern)))
    assert any(re.search(pattern, text) for text in texts)


ECMA = {
    "^\\p{Lu}\\p{Ll}+$": "[A-Z][a-z]+", "^\\P{L}$": "[^A-Za-z]", "^\\p{Script=Greek}$": "[Ͱ-ώ]",
    "^(?<y>a)\\k<y>$": "aa",
    "^\\u{1F600}$": "😀", "^\\cA$": "\x01",
}  # fmt: skip


@pytest.mark.parametrize("pattern", ECMA)
def test_ecma_syntax_that_python_lacks(pattern: str) -> None:
    text = next(sample_texts(pattern, 0, Seed.root(1)))
    assert re.fullmatch(ECMA[pattern], text)


SEARCHED: list[tuple[tuple[str, ...], tuple[str, ...], int, int | None]] = [
    (("^hello.*", "cruel", "^.{10}dark", ".*world$", "stuff"), (), 0, None),
    (("^[ab]+$",), ("a",), 3, 3),
    (("^(?=.*\\d)(?=.*[A-Z])(?!.*x)[a-zA-Z\\d]{8,}$",), (), 0, 8),
    (("(^|,)x(,|$)", "^.{5}$"), ("^x",), 0, None),
    (("^(?:(?!ab).)*$", "a", "b"), (), 4, None),
    ((), ("^.?$", "^a"), 0, 5),
    (("^$|^b",), ("^$",), 0, None),
    (("^[a-z]*$",), ("^[a-y]*$",), 2, 2),
]


@pytest.mark.parametrize(("wanted", "barred", "low", "high"), SEARCHED)
def test_find_text_meets_all_conditions(
    wanted: tuple[str, ...], barred: tuple[str, ...], low: int, high: int | None
) -> None:
    text, _ = find_text(wanted, barred, low, high)
    assert text is not None
    assert all(re.search(pattern, text) for pattern in wanted)
    assert not any(re.search(pattern, text) for pattern in barred)
    assert low <= len(text) <= (high or 99)


@pytest.mark.parametrize(
    ("wanted", "barred", "low", "high"),
    [
        (("^a+$",), ("a",), 0, None),
        (("^a$", "^b$"), (), 0, None),
        (("^a{3}$",), (), 4, None),
        (("^(?!a)a",), (), 0, None),
    ],
)
def test_find_text_without_solution_is_none(
    wanted: tuple[str, ...], barred: tuple[str, ...], low: int, high: int | None
) -> None:
    assert find_text(wanted, barred, low, high)[0] is None


@pytest.mark.parametrize("pattern", ["(", "a)", "[b-a]", "\\p{Nonsense}", "(" * 200 + ")" * 200, "[a", "\\u0"])
def test_invalid_pattern_raises(pattern: str) -> None:
    with pytest.raises(BadPattern):
        list(sample_texts(pattern, 0, Seed.root(1)))


@pytest.mark.parametrize("pattern", ["", "a", "two words", "naïve", "a-b_c 1"])
@pytest.mark.parametrize("text", ["", "a", "has two words in it", "naïve", "A", "x a-b_c 1"])
def test_literal_pattern_matches_as_a_part(pattern: str, text: str) -> None:
    assert matcher(pattern)(text) == bool(re.search(pattern, text))


def test_values_of_long_patterns_are_valid() -> None:
    value = value_for({"type": "string", "pattern": "ab" * 2_000, "minLength": 4_100})
    assert isinstance(value, str)
    assert "ab" * 2_000 in value
    assert len(value) >= 4_100


def test_matcher_is_bounded_and_accepts_anything() -> None:
    assert not matcher("^(a+)+$")("a" * 40 + "b")
    assert matcher(5)("x")
    assert matcher("(")("x")


def test_character_set_algebra() -> None:
    letters = of("az", "AZ")
    assert letters.complement().complement() == letters
    assert not letters.intersection(of("09")).ranges
    assert union([of("ac"), of("df")]) == of("af")
    greek = property_class("Greek")
    assert greek is not None
    assert greek.has("α")
    assert not greek.has("a")
