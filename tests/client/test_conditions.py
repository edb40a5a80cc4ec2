"""Compiled patterns as conditions."""

import re
from typing import Any

import pytest

from gemulator.client.conditions import conditions_as_dict


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (re.compile("rain"), {"matches": "rain"}),
        (re.compile("rain", re.I), {"matches": "(?i)rain"}),
        (re.compile("^a.b$", re.I | re.M | re.S), {"matches": "(?ims)^a.b$"}),
        (re.compile("(?i)rain"), {"matches": "(?i)rain"}),
        (re.compile(r"\w+", re.A), {"matches": r"\w+"}),
        ({"matches": re.compile("rain", re.I)}, {"matches": "(?i)rain"}),
        ({"not": re.compile("rain")}, {"not": {"matches": "rain"}}),
        ([re.compile("rain"), "snow"], [{"matches": "rain"}, "snow"]),
    ],
)
def test_pattern_becomes_matches_with_its_flags(given: Any, expected: object) -> None:
    assert conditions_as_dict({"user": given}) == {"user": expected}


def test_patterns_are_found_in_groups_of_conditions() -> None:
    pattern = re.compile("rain")
    nested = {"not_": {"user": pattern}, "any_": [{"system": pattern}, {"n": 2}], "header": {"x-a": pattern}}
    assert conditions_as_dict(nested) == {  # type: ignore[arg-type]
        "not": {"user": {"matches": "rain"}},
        "any": [{"system": {"matches": "rain"}}, {"n": 2}],
        "header": {"x-a": {"matches": "rain"}},
    }


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (re.compile(b"rain"), r"user: a pattern of bytes matches no text: write re\.compile\('rain'\)"),
        (re.compile("rain  # and snow", re.X), r"user: RE2 has no flag re\.VERBOSE: write 'rain"),
    ],
)
def test_pattern_that_re2_cannot_have_is_refused(pattern: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        conditions_as_dict({"user": pattern})
