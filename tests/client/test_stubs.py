"""Stubs in Python: the same turns as in YAML."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from enum import Enum, IntEnum, StrEnum
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from gemulator.client.conditions import MatchConditions, conditions_as_dict
from gemulator.client.stubs import NAME, Publish, Stub, Stubs
from gemulator.client.turn_fields import Pace, TurnFields
from gemulator.core import located_yaml as yaml
from gemulator.core.errors import ScenarioError
from gemulator.engine.session_library import read_pushed
from gemulator.scenario.conditions.match import Match
from gemulator.scenario.delivery_fields import PacingFields
from gemulator.scenario.loading.reader import read_scenario
from gemulator.scenario.model import Turn
from gemulator.state.store import PushedScenario


def stubs_of(publish: Publish) -> Stubs:
    """Return stubs of a session without requests."""
    return Stubs(publish, list, dict)


def keys(kind: type[Any]) -> set[str]:
    return {field.alias or name for name, field in kind.model_fields.items()}


def test_a_condition_of_yaml_is_one_of_python() -> None:
    assert {name.rstrip("_") for name in MatchConditions.__annotations__} == keys(Match)
    assert set(TurnFields.__annotations__) == keys(Turn) - {
        "when",
        "reply",
        "recorded",
    }  # the last is of recordings only
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
    published: list[str] = []
    stubs = stubs_of(published.append)
    write(stubs.when)
    expected = read_scenario(f"turns: {turns}", Path("x.yaml"), "x").turns
    again = read_scenario(stubs.to_yaml(), Path("y.yaml"), "y").turns
    assert list(read_pushed(PushedScenario(NAME, published[-1])).turns) == list(again) == list(expected)


def test_a_wrong_stub_changes_nothing() -> None:
    published: list[str] = []
    stubs = stubs_of(published.append)
    stub = stubs.when({"user": "hi"}).reply("Hello!")
    before = stubs.to_yaml()
    with pytest.raises(ScenarioError, match="no pattern has group"):
        stub.reply("{{ match.city }}")
    assert [yaml.read(text, Path("stubs")).data for text in published] == [yaml.read(before, Path("stubs")).data]
    assert stubs.to_yaml() == before
    assert stubs_of(published.append).to_yaml() == ""


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
    published = PushedScenario("x", text)
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
        read_pushed(PushedScenario("x", text))
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_does_not_bear_is_written_as_yaml(value: float) -> None:
    published: list[str] = []
    stubs_of(published.append).when({"temperature": {"at_most": value}}).reply("x")
    scenario = read_pushed(PushedScenario("stubs", published[0]))
    assert repr(value) in repr(scenario.turns[0].when)


class Plain(str):
    __slots__ = ()


class Colour(Enum):
    RED = "red"


class Fruit(StrEnum):
    PEAR = "pear"


class Size(IntEnum):
    BIG = 3


NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (NOON, "2026-01-02T12:00:00+00:00"),
        (NOON.date(), "2026-01-02"),
        (Colour.RED, "red"),
        (Fruit.PEAR, "pear"),
        (Size.BIG, 3),
        (Plain("x"), "x"),
        (Path("a/b"), "a/b"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (("a", [Plain("b")]), ["a", ["b"]]),
        ({1: NOON, Colour.RED: None, Plain("x"): {}}, {"1": "2026-01-02T12:00:00+00:00", "red": None, "x": {}}),
        (True, True),
        (1.5, 1.5),
        ("é \u2028 😀", "é \u2028 😀"),
    ],
)
def test_what_python_has_and_json_has_not_is_what_json_says_of_it(value: object, expected: object) -> None:
    """The conversion is the same in the pushed JSON and in to_yaml."""
    published: list[str] = []
    stubs = stubs_of(published.append)
    stubs.when({}).reply({"json": {"v": value}})
    for data in (orjson.loads(published[0]), yaml.read(stubs.to_yaml(), Path("x.yaml")).data):
        assert data == {"turns": [{"reply": {"json": {"v": expected}}}]}


def nowhere(text: str) -> None:
    """Publish nothing."""


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({1, 2}, "reply.json.v: a value of type set cannot be JSON"),
        (b"x", "reply.json.v: a value of type bytes cannot be JSON"),
        ("\ud800", "is not valid text: surrogates not allowed"),
        ({(1, 2): 3}, r"reply.json.v: a JSON object cannot have the key \(1, 2\)"),
        ({"\ud800": 3}, "is not valid text"),
    ],
)
def test_what_json_cannot_say_is_refused(value: object, message: str) -> None:
    stub = stubs_of(nowhere).when({})
    with pytest.raises(ValueError, match=message):
        stub.reply({"json": {"v": value}})


Wrong = Callable[[When], object]
WRONG: dict[str, tuple[Wrong, str]] = {
    "a condition": (
        lambda when: when({"usr": "hi"}).reply("x"),
        "stubs/2: when.usr: unknown key `usr`\n    Did you mean `user`?",
    ),
    "a pace": (lambda when: when({}).reply("x").pace(first_token="800"), "stubs/2: pacing.first_token: "),
    "a fault": (lambda when: when({}).reply("x").fault("disconect"), "stubs/2: fault"),
    "an error": (lambda when: when({}).fail(999), "stubs/2: reply.error: "),
    "a number": (lambda when: when({"n": 2**70}).reply("x"), "stubs/2: when.n: this number is too large"),
}


@pytest.mark.parametrize(("write", "message"), WRONG.values(), ids=list(WRONG))
def test_what_is_wrong_is_said_of_the_stub(write: Wrong, message: str) -> None:
    """Errors name the stub, because there is no file with lines."""
    stubs = stubs_of(nowhere)
    stubs.when({"user": "hi"}).reply("Hello!")
    with pytest.raises(ScenarioError) as found:
        write(stubs.when)
    assert message in str(found.value)


@pytest.mark.slow
def test_no_stub_is_lost_between_threads() -> None:
    published = [""]
    stubs = stubs_of(partial(published.__setitem__, 0))
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def write(number: int) -> None:
        for _ in range(5):
            stubs.when({"user": str(number)}).reply("1").reply("2").times(3)

    try:
        with ThreadPoolExecutor(20) as pool:
            list(pool.map(write, range(20)))
    finally:
        sys.setswitchinterval(usual)
    assert len(stubs.turns) == 200
    assert yaml.read(published[0], Path("x")).data == {"turns": stubs.turns}
    assert sorted(turn["times"] for turn in stubs.turns) == [1] * 100 + [3] * 100


def test_python_keywords_have_a_line_after_them() -> None:
    assert conditions_as_dict({"not_": {"user": "a"}, "user": "b"}) == {"not": {"user": "a"}, "user": "b"}
