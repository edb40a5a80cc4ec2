"""Stubs in Python: the same turns as in YAML."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.errors import ScenarioError
from emulator.scenario import yaml
from emulator.scenario.match import Match
from emulator.scenario.model import Turn
from emulator.scenario.reader import read_scenario
from emulator.scenario.timing import PacingFields
from emulator.shelf import read_pushed
from emulator.stores.store import Published
from emulator.stubs import NAME, Conditions, Pace, Stub, Stubs, TurnFields, written


def keys(kind: type[Any]) -> set[str]:
    return {field.alias or name for name, field in kind.model_fields.items()}


def test_a_condition_of_yaml_is_one_of_python() -> None:
    assert {name.rstrip("_") for name in Conditions.__annotations__} == keys(Match)
    assert set(TurnFields.__annotations__) == keys(Turn) - {"when", "reply"}
    assert set(Pace.__annotations__) == keys(PacingFields)


When = Callable[[Any], Stub]
Write = Callable[[When], object]
SAME: dict[str, tuple[Write, str]] = {
    "a text": (lambda when: when({"user": "hi"}).reply("Hello!"), "[{ when: { user: hi }, reply: Hello! }]"),
    "always": (lambda when: when({}).reply(""), '[{ reply: "" }]'),
    "parts": (
        lambda when: when({}).reply({"thinking": "Hm."}, "Hello!", {"image": "a cat", "size": "64x64"}),
        "[{ reply: [{ thinking: Hm. }, { text: Hello! }, { image: a cat, size: 64x64 }] }]",
    ),
    "a call without arguments": (lambda when: when({}).call("f"), "[{ reply: { call: f } }]"),
    "a call of nothing": (lambda when: when({}).call("f", {}), "[{ reply: { call: f, with: {} } }]"),
    "a call": (
        lambda when: when({}).call("f", {"class": "x"}, city="Oslo"),
        "[{ reply: { call: f, with: { class: x, city: Oslo } } }]",
    ),
    "what comes next": (
        lambda when: when({"user": "hi"}).reply("One.").reply("Two.").times(2).reply("Three."),
        "[{ when: { user: hi }, times: 1, reply: One. }, { when: { user: hi }, times: 2, reply: Two. },"
        " { when: { user: hi }, reply: Three. }]",
    ),
    "a call makes way by itself": (
        lambda when: when({}).call("f").reply("Done."),
        "[{ reply: { call: f } }, { reply: Done. }]",
    ),
    "a refusal": (
        lambda when: when({}).fail(429, times=2, message="No.", retry_after="1s"),
        "[{ times: 2, reply: { error: 429, message: No., retry_after: 1s } }]",
    ),
    "a pace": (
        lambda when: when({}).reply("Slow.", finish="length").pace(first_token="1s", jitter="10%"),
        "[{ reply: Slow., finish: length, pacing: { first_token: 1s, jitter: 10% } }]",
    ),
    "faults": (
        lambda when: when({}).reply("Hi.").fault("disconnect", after_chunks=2).fault("garble"),
        "[{ reply: Hi., fault: [{ disconnect: { after_chunks: 2 } }, garble] }]",
    ),
    "a fault on top of one": (
        lambda when: when({}).reply("Hi.", fault="disconnect").fault("reset"),
        "[{ reply: Hi., fault: [disconnect, reset] }]",
    ),
    "a fault on top of one with fields": (
        lambda when: when({}).reply("Hi.", fault={"disconnect": {"after_chunks": 2}}).fault("reset"),
        "[{ reply: Hi., fault: [{ disconnect: { after_chunks: 2 } }, reset] }]",
    ),
    "a fault on top of several": (
        lambda when: when({}).reply("Hi.", fault=("disconnect", "garble")).fault("reset"),
        "[{ reply: Hi., fault: [disconnect, garble, reset] }]",
    ),
    "all, any, not": (
        lambda when: when({"not_": {"user": "a"}, "any_": [{"user": "b"}, {"n": 2}]}).reply("c"),
        "[{ when: { not: { user: a }, any: [{ user: b }, { n: 2 }] }, reply: c }]",
    ),
}


@pytest.mark.parametrize(("write", "turns"), SAME.values(), ids=list(SAME))
def test_python_and_yaml_make_the_same_turns(write: Write, turns: str) -> None:
    stubs = Stubs()
    published: list[str] = []
    write(lambda conditions: stubs.when(conditions, published.append))
    expected = read_scenario(f"turns: {turns}", Path("x.yaml"), "x").turns
    again = read_scenario(stubs.to_yaml(), Path("y.yaml"), "y").turns
    assert list(read_pushed(Published(NAME, published[-1])).turns) == list(again) == list(expected)


def test_a_wrong_stub_changes_nothing() -> None:
    published: list[str] = []
    stubs = Stubs()
    stub = stubs.when({"user": "hi"}, published.append).reply("Hello!")
    before = stubs.to_yaml()
    with pytest.raises(ScenarioError, match="no regular expression"):
        stub.reply("{{ match.city }}")
    assert [yaml.read(text, Path("stubs")).data for text in published] == [yaml.read(before, Path("stubs")).data]
    assert stubs.to_yaml() == before
    assert Stubs().to_yaml() == ""


@pytest.mark.parametrize(
    "value",
    ["no", "12:30", "0o17", "0x1F", "1e5", "1_000", "=", "<<", "~", "", " a", "a: b", "# c", "é 🎉", "a\nb\n", 1e-7],
)
def test_what_is_written_as_yaml_is_read_as_it_was(value: object) -> None:
    text = yaml.write({"value": value, "list": [value]})
    assert yaml.read(text, Path("x.yaml")).data == {"value": value, "list": [value]}


@pytest.mark.parametrize(
    "text",
    [
        '{"turns": [{"when": {"user": "hi", "n": {"at_least": 2}}, "reply": [{"text": "é \\u2028"}, {"image": "a"}]}]}',
        '{"name": "own", "turns": [{"reply": {"call": "f", "with": {"a": [1, 2.5, true], "b": {}}}, "times": 2}]}',
        '{"turns": [{"reply": {"call": "f", "with": {"a": null}}}]}',
    ],
)
def test_json_is_read_as_the_yaml_that_it_is(text: str) -> None:
    published = Published("x", text)
    assert read_pushed(published) == read_scenario(text, Path("x"), "x")
    assert read_pushed(published).line(1) == 1


@pytest.mark.parametrize(
    "text",
    [
        '{"turns": [{"when": {"user": null}, "reply": "x"}]}',
        '{"turns": [{"reply": {"include": "piece.yaml"}}]}',
        '{"turns": [{"reply": {"call": "f", "with": {"a": ' + "[" * 101 + "]" * 101 + "}}}]}",
        '{"turns": [{"reply": "x"}], "turns": []}',
        '{"turns": []}',
        '{"turns": [{"reply": "x"',
        "{turns: 7}",
        '["turns"]',
    ],
)
def test_json_is_refused_as_the_yaml_that_it_is(text: str) -> None:
    with pytest.raises(ScenarioError) as expected:
        read_scenario(text, Path("x"), "x")
    with pytest.raises(ScenarioError) as found:
        read_pushed(Published("x", text))
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_does_not_bear_is_written_as_yaml(value: float) -> None:
    published: list[str] = []
    Stubs().when({"temperature": {"at_most": value}}, published.append).reply("x")
    scenario = read_pushed(Published("stubs", published[0]))
    assert repr(value) in repr(scenario.turns[0].when)


def test_python_keywords_have_a_line_after_them() -> None:
    assert written({"not_": {"user": "a"}, "user": "b"}) == {"not": {"user": "a"}, "user": "b"}
