"""Arguments in fragments, as documented."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemulator.dialects.argument_fragments import fragments


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
def test_where_the_service_cuts(arguments: str, expected: list[str]) -> None:
    assert fragments(arguments) == expected


def test_a_long_text_is_cut_between_escapes() -> None:
    text = json.dumps({"s": "ab\n" * 100 + "😀" * 50})
    for piece in fragments(text)[:-3]:
        json.loads(f'"{piece.removeprefix(chr(123) + chr(34) + "s" + chr(34) + ": " + chr(34))}"')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON, st.sampled_from([(",", ":"), (", ", ": ")]), st.booleans())
def test_nothing_is_lost(value: object, separators: tuple[str, str], ascii_only: bool) -> None:
    text = json.dumps(value, separators=separators, ensure_ascii=ascii_only)
    assert "".join(fragments(text)) == text
