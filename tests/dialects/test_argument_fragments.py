"""Fragments of streamed call arguments."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemulator.dialects.argument_fragments import json_fragments


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("{}", ["{}"]),
        ("", []),
        ("not json", ["not json"]),
        ('{"location":"Boston, MA","unit":"celsius"}', ['{"location":"Boston, MA', '"', ',"unit":"celsius', '"', "}"]),
        ('{"n":3,"ok":true}', ['{"n":3', ',"ok":true', "}"]),
        ('{"a":[1,"x"],"b":{}}', ['{"a":[1', ',"x', '"', '],"b":{}', "}"]),
        ('{"none":[],"empty":{ },"null":null}', ['{"none":[]', ',"empty":{ }', ',"null":null', "}"]),
        ('{"a":[{},[{}]]}', ['{"a":[{}', ",[{}", "]]}"]),
        ('{"s":""}', ['{"s":"', '"', "}"]),
        ('{"s":"a\\"b"}', ['{"s":"a\\"b', '"', "}"]),
        ('"alone"', ['"alone', '"']),
        ("7", ["7"]),
    ],
)
def test_fragments_of_arguments(arguments: str, expected: list[str]) -> None:
    assert json_fragments(arguments) == expected


def test_long_string_is_split_between_escapes() -> None:
    text = json.dumps({"s": "ab\n" * 100 + "😀" * 50})
    for piece in json_fragments(text)[:-3]:
        json.loads(f'"{piece.removeprefix(chr(123) + chr(34) + "s" + chr(34) + ": " + chr(34))}"')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.slow
@settings(deadline=None)
@given(JSON, st.sampled_from([(",", ":"), (", ", ": ")]), st.booleans())
def test_fragments_join_to_the_arguments(value: object, separators: tuple[str, str], ascii_only: bool) -> None:
    text = json.dumps(value, separators=separators, ensure_ascii=ascii_only)
    assert "".join(json_fragments(text)) == text
