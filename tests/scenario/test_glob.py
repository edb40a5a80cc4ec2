"""Globs of conditions."""

from fnmatch import fnmatchcase

from hypothesis import given
from hypothesis import strategies as st

from gemulator.scenario.conditions.glob import glob_matches


@given(st.text("ab*", max_size=8) | st.text("ab*?[]!-", max_size=8), st.text("ab[]\n", max_size=8))
def test_globs_match_as_those_of_the_standard_library(glob: str, text: str) -> None:
    assert glob_matches(glob, text) is fnmatchcase(text, glob)
