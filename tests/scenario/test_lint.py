"""Warnings of `gemulator check`."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from gemulator.scenario.authoring.lint import implies, lint, parse_tools
from gemulator.scenario.library import Library, load_folders
from gemulator.scenario.loading.folder import Folder
from tests.asking import WEATHER, read, turn


def warned(turns: list[dict[str, Any]], **fields: Any) -> list[str]:
    scenario = read(orjson.dumps({**fields, "turns": [{"reply": "x", **turn} for turn in turns]}).decode())
    return [problem.path for problem in lint(Library([scenario]), [], {}) if not problem.hint]


def hinted(when: dict[str, Any]) -> list[str]:
    scenario = read(orjson.dumps({"turns": [{"when": when, "reply": "x"}]}).decode())
    found = list(lint(Library([scenario]), [], {}))
    assert all(problem.hint and problem.path == "turns[0].when" for problem in found)
    return [f"{problem.message}. {problem.remedy}" for problem in found]


@pytest.mark.parametrize(
    ("when", "hints"),
    [
        ({"user": "art"}, ["`user`: 'art' matches inside of words too. Write `user: { word: art }` for whole words."]),
        ({"any": [{"system": [{"contains": "Hi"}, "hello"]}]}, ["`system`: 'Hi' matches inside of words too. Write"]),
        ({"user": "weather"}, []),
        ({"user": {"word": "art"}, "model": "pro", "system": "天気", "earlier": "42"}, []),
        ({"user": "two  words"}, ["`user`: the white space in 'two  words' compares as one space. Add `exact: true`"]),
        ({"user": {"equals": "two  words", "exact": True}}, []),
        ({"user": "one line\n"}, []),
    ],
)
def test_hints_on_texts(when: dict[str, Any], hints: list[str]) -> None:
    found = hinted(when)
    assert len(found) == len(hints)
    assert all(text.startswith(hint) for text, hint in zip(found, hints, strict=True))


CALL = {"call": "f"}


@pytest.mark.parametrize(
    ("turns", "shadowed"),
    [
        ([{"when": {"user": "weather"}}, {"when": {"user": "the weather in Paris"}}], ["turns[1]"]),
        ([{"when": {"user": "weather in Paris"}}, {"when": {"user": "weather"}}], []),
        ([{"when": {"user": "a"}}, {"when": {"user": "a", "stream": True}}], ["turns[1]"]),
        ([{"when": {"user": "a", "stream": True}}, {"when": {"user": "a"}}], []),
        ([{"when": {"user": ["a", "b"]}}, {"when": {"user": "b"}}, {"when": {"user": ["a", "c"]}}], ["turns[1]"]),
        ([{"when": {"user": {"matches": "^hi"}}}, {"when": {"user": {"equals": "hi you"}}}], ["turns[1]"]),
        ([{"when": {"user": {"matches": "^hi"}}}, {"when": {"user": "hi"}}], []),
        ([{"when": {"user": "the  weather"}}, {"when": {"user": "in the weather"}}], ["turns[1]"]),
        ([{"when": {"user": {"equals": "a b", "exact": True}}}, {"when": {"user": {"equals": "a b"}}}], []),
        ([{"when": {"model": "google/*"}}, {"when": {"model": {"equals": "google/x"}}}], ["turns[1]"]),
        ([{"when": {"turn": 1}}, {"when": {"turn": 1, "user": "a"}}, {"when": {"turn": 2}}], ["turns[1]"]),
        (
            [{"when": {"body": {"a": 1}}}, {"when": {"body": {"a": 1, "b": 2}}}, {"when": {"body": {"b": 2}}}],
            ["turns[1]"],
        ),
        ([{"when": {"not": {"user": "a"}}}, {"when": {"not": {"user": "a"}, "turn": 1}}], ["turns[1]"]),
        ([{"when": {"user": "a"}, "times": 1}, {"when": {"user": "a"}}], []),
        ([{"when": {"user": "a"}, "reply": CALL}, {"when": {"user": "a"}}], []),
        ([{"when": {"user": "a"}, "reply": CALL}, {"when": {"user": "a b"}, "reply": CALL}], ["turns[1]"]),
        ([{"when": {"user": "a"}, "reply": CALL}, {"when": {"user": "a", "tool_result": "f"}}], []),
        ([{}, {}, {"when": {"user": "a"}}], ["turns[1]"]),
        ([{"times": 1}, {}], []),
    ],
)
def test_turns_that_are_never_reached(turns: list[dict[str, Any]], shadowed: list[str]) -> None:
    assert warned(turns) == shadowed


def test_a_files_model_keeps_turns_apart() -> None:
    one, two = (read(f"model: {model}\nturns: [{{when: {{user: a}}, reply: x}}]", model) for model in ("pro", "flash"))
    assert [problem for problem in lint(Library([one, two]), [], {}) if not problem.hint] == []
    three = read("model: pro\nturns: [{when: {user: a}, reply: y}]", "z")
    assert len([problem for problem in lint(Library([one, three]), [], {}) if not problem.hint]) == 1


def test_a_catch_all_hides_that_of_another_file_unless_it_is_selected() -> None:
    one, two = (read("turns: [{reply: x}, {when: {user: a}, reply: y}]", name) for name in "ab")
    (problem,) = [each for each in lint(Library([one, two]), [], {}) if each.path == "turns[0]"]
    assert "only requests that select its scenario: `x-emulator-scenario: b`" in problem.message
    assert problem.remedy.startswith("Give one of the turns a `when`")


@pytest.mark.parametrize(("narrow", "wide"), [({"user": "ab"}, {"user": "a"}), ({"user": "x", "turn": 1}, {})])
def test_implication(narrow: Any, wide: Any) -> None:
    one, other = turn(narrow).when, turn(wide).when
    assert implies(one, other)
    assert not implies(other, one)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (
            {"call": "get_weather", "with": {"city": 5}},
            "the arguments of `get_weather` are invalid at properties.city of its schema: ",
        ),
        ({"call": "get_weather", "with": {"city": "Paris"}}, None),
        ({"call": "get_weather", "with": {"city": "{{ user }}", "unit": 5}}, None),
        ({"call": "get_weather"}, None),
        ({"choose": ["x", {"call": "get_wether"}]}, "unknown tool `get_wether`"),
    ],
)
def test_calls_are_held_against_known_tools(reply: Any, said: str | None) -> None:
    library = Library([read(orjson.dumps({"turns": [{"reply": reply}]}).decode())])
    messages = [problem.message for problem in lint(library, [], parse_tools({"tools": [WEATHER]}))]
    assert [message.startswith(said or "?") for message in messages] == ([True] if said else [])


def test_a_list_without_tools_is_refused() -> None:
    assert parse_tools([WEATHER["function"]]).keys() == {"get_weather"}
    with pytest.raises(ValueError, match="no tools found"):
        parse_tools({"messages": []})


def test_pieces_that_nobody_includes(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("turns: [{include: _used.yaml}]")
    (tmp_path / "_used.yaml").write_text("- {reply: x}")
    (tmp_path / "_unused.yaml").write_text("- {reply: x}")
    folder = Folder(tmp_path)
    library = load_folders([folder])
    (problem,) = lint(library, [folder], {})
    assert (problem.file.name, problem.warning) == ("_unused.yaml", True)
