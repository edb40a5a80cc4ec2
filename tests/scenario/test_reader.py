"""Scenario parser: messages of mistakes, and no exception but ScenarioError."""

from pathlib import Path

import orjson
import pytest
import yaml as pyyaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gemulator.core.errors import ScenarioError
from gemulator.scenario.model import Scenario
from tests.asking import read

# A file with a mistake, and what is said of it: line:column: path: message, and the remedy.
MISTAKES: list[tuple[str, str, str]] = [
    (
        "turns:\n  - when:\n    user: hi\n    reply: ok\n",
        "2:5: turns[0].when: this key has no value",
        "on the next line, indent it further",
    ),
    (
        "turns:\n  - when:\n    user: hi\n    reply: ok\n",
        "3:5: turns[0].user: unknown key `user`",
        "belongs under `when`",
    ),
    (
        "turns:\n  - when: {user: hi, reply: ok}\n",
        "2:5: turns[0].reply: `reply` is missing",
        "indent `reply` as far as `when`",
    ),
    (
        "turns:\n  - when: {usr: hi}\n    reply: ok\n",
        "2:12: turns[0].when.usr: unknown key `usr`",
        "Did you mean `user`?",
    ),
    ("turn:\n  - reply: ok\n", "1:1: turn: unknown key `turn`", "Did you mean `turns`?"),
    ("turns:\n  - reply: ok\n    user: hi\n", "3:5: turns[0].user: unknown key `user`", "belongs under `when`"),
    (
        "turns:\n  - reply: {call: f, with: {}, finish: stop}\n",
        "2:32: turns[0].reply.finish: unknown key `finish`",
        "belongs in a turn",
    ),
    (
        "turns:\n  - reply: ok\n    wire: faithful\n",
        "3:5: turns[0].wire: unknown key `wire`",
        "belongs at the top level of the file",
    ),
    (
        "turns:\n  - when: {user: {containz: x}}\n    reply: ok\n",
        "2:19: turns[0].when.user.containz: unknown key `containz`",
        "Did you mean `contains`?",
    ),
    (
        "turns:\n  - when: {body: {a: {atleast: 1}}}\n    reply: ok\n",
        "turns[0].when.body.a.atleast: unknown key `atleast`",
        "Did you mean `at_least`?",
    ),
    (
        "turns:\n  - when: {tool_result: {name: a, jsn: {}}}\n    reply: ok\n",
        "tool_result.jsn: unknown key `jsn`",
        "Did you mean `json`?",
    ),
    (
        "turns:\n  - reply:\n      choose: [{reply: a, wieght: 2}]\n",
        "choose[0].wieght: unknown key `wieght`",
        "Did you mean `weight`?",
    ),
    ("turns:\n  - reply: {txt: hi}\n", "2:12: turns[0].reply: unknown reply part", "Did you mean `text`?"),
    (
        "turns:\n  - reply: [hi]\n",
        "2:13: turns[0].reply[0]: a reply part must be a mapping, found 'hi'",
        "Write it as `- text: hi`.",
    ),
    (
        "turns:\n  - reply: [{error: 500}]\n",
        "2:13: turns[0].reply[0]: `error` cannot be one of several parts",
        "Make it the only reply",
    ),
    (
        "turns:\n  - reply: 5\n",
        "2:12: turns[0].reply: expected a string, found 5",
        'Quote it to make it a string: "5".',
    ),
    (
        "turns:\n  - reply: true\n",
        "2:12: turns[0].reply: expected a string, found true",
        'Quote it to make it a string: "true".',
    ),
    (
        "turns:\n  - when: {endpoint: 123}\n    reply: a\n",
        "turns[0].when.endpoint: expected a string or a mapping or a list, found 123",
        "",
    ),
    ("turns:\n  - times: many\n    reply: a\n", "2:12: turns[0].times: expected a whole number, found 'many'", ""),
    ("turns:\n  - times: 0\n    reply: a\n", "2:12: turns[0].times: 0 is out of range: at least 1", ""),
    ("turns:\n  reply: a\n", "2:3: turns: expected a list, found a mapping", "Start each entry with a dash"),
    ("turns: []\n", "1:8: turns: the list is empty", "at least one entry"),
    ("description: hi\n", "1:1: turns: `turns` is missing", "Add `turns:`."),
    ("- a\n", "1:1: a scenario must be a mapping with `turns:`", "Start with `turns:`"),
    ("", "1:1: a scenario must be a mapping", ""),
    ("turns:\n  - reply: a\n    reply: b\n", "3:5: turns[0].reply: duplicate key", "Keep one of the two."),
    ("turns:\n  - reply: a: b\n", "2:12: a text with `: ` in it must be quoted", "`- reply: 'a: b'`"),
    ("turns:\n\t- reply: a\n", "2:1: a tab is used for indentation", "spaces"),
    ("turns:\n  - when: {user: a}\n   reply: b\n", "the indentation does not fit", "Align"),
    ("turns:\n  - reply: 'a\n", "a quote is not closed", "Close the quoted text."),
    ("turns: [{reply: *x}]\n", "1:17: an alias has no anchor", "&name"),
    ("a: 1\n---\nb: 1\n", "a second document begins here", "One file holds one scenario."),
    (
        "turns: [{reply: !!python/object:os.system x}]\n",
        "tag tag:yaml.org,2002:python/object:os.system is not supported",
        "Remove the tag, or quote",
    ),
    ("turns: [{reply: a, created: 99999999999999999999}]\n", "this number is too large", "Quote it"),
    ("x: &a [*a]\nturns: [{reply: a}]\n", "an alias contains itself", "Remove the alias"),
    (
        "turns:\n  - pacing: {first_token: 800}\n    reply: a\n",
        "2:27: turns[0].pacing.first_token: a duration needs a unit",
        "",
    ),
    (
        "turns:\n  - pacing: {jitter: 30}\n    reply: a\n",
        "turns[0].pacing.jitter: expected a string, found 30",
        "`jitter: 30%`",
    ),
    ("fragment: size:x\nturns:\n  - reply: a\n", "'size:x' has the wrong format", "`size:N`"),
    ("turns:\n  - reply: { call: '' }\n", "the text is empty", "remove the key"),
    ("turns:\n  - pacing: {jitter: '30'}\n    reply: a\n", "'30' has the wrong format", "30%"),
    ("turns:\n  - finish: lenght\n    reply: a\n", "2:13: turns[0].finish: `lenght` is not a finish reason", ""),
    (
        "turns:\n  - reply: {block: unsafe}\n",
        "2:20: turns[0].reply.block: 'unsafe' is not an allowed value",
        "'safety'",
    ),
    ("turns:\n  - reply: {lorem: 5, locale: de_XX}\n", "`de_XX` is not a known locale: did you mean `de`?", ""),
    (
        "turns:\n  - when: {user: {matches: 'a(?=b)'}}\n    reply: a\n",
        "`(?=` is look-ahead, which RE2 does not support",
        "",
    ),
    ("turns:\n  - when: {user: {matches: '(a)\\1'}}\n    reply: a\n", "`\\1` is a back-reference", ""),
    ("turns:\n  - when: {user: {matches: '(a'}}\n    reply: a\n", "invalid regular expression: missing )", ""),
    (
        "turns:\n  - when: {user: {}}\n    reply: a\n",
        "a comparison needs one of equals, contains, word, like, matches, glob, not",
        "",
    ),
    ("turns:\n  - when: {body: {a..b: 1}}\n    reply: a\n", "`a..b` is not a valid path", ""),
    (
        "turns:\n  - reply: '{{ usr }}'\n",
        "2:12: turns[0].reply: `{{ usr }}`: unknown variable `usr`: did you mean `user`?",
        "",
    ),
    (
        "turns:\n  - reply: [{text: a}, {call: f, with: {a: ['{{ x }}']}}]\n",
        "turns[0].reply[1].with: `{{ x }}`: unknown variable",
        "",
    ),
    (
        "turns:\n  - when: {user: {matches: '(?P<a>x)'}}\n    reply: '{{ match.b }}'\n",
        "3:12: turns[0].reply: `{{ match.b }}`: no pattern has group `b`: known groups are 0, 1, a",
        "",
    ),
    ("turns:\n  - reply: '{{ match.b }}'\n", "the `when` has no `matches:`", ""),
    ("turns:\n  - reply: {text: abc, chunks: [a, b]}\n", "the joined `chunks` differ from `text`", ""),
    ("turns:\n  - reply: {call: f, with: {}, arguments: x}\n", "the arguments are set twice", ""),
    ("turns:\n  - reply: {candidates: [{error: 500}]}\n", "`error` applies to the whole request", ""),
    (
        "turns:\n  - reply: [{choose: [{error: 500}]}]\n",
        "`error` cannot be one of several parts: make `choose` the only part",
        "",
    ),
    ("turns:\n  - reply: {error: 200}\n", "2:20: turns[0].reply.error: 200 is out of range: at least 400", ""),
    ("turns:\n  - reply: {image: a, file: a.png}\n", "`file` works only in files of a scenario folder", ""),
    ("turns:\n  - reply: {include: a.yaml}\n", "`include` works only in files of a scenario folder", ""),
]


@pytest.mark.parametrize(("text", "said", "remedy"), MISTAKES, ids=[said[:70] for _, said, _ in MISTAKES])
def test_a_mistake_is_named_with_its_place_and_its_remedy(text: str, said: str, remedy: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read(text)
    assert said in str(caught.value)
    assert remedy in str(caught.value)


def test_every_problem_is_said_at_once() -> None:
    with pytest.raises(ScenarioError) as caught:
        read("nme: x\nturns:\n  - when: {usr: a}\n    times: none\n  - reply: {txt: a}\n    reply: b\n")
    assert [(problem.line, problem.path) for problem in caught.value.problems] == [
        (1, "nme"),
        (3, "turns[0].reply"),
        (3, "turns[0].when.usr"),
        (4, "turns[0].times"),
        (5, "turns[1].reply"),
        (6, "turns[1].reply"),
    ]


@pytest.mark.parametrize(
    ("text", "value"), [("no", "no"), ("12:30", "12:30"), ("2026-01-01", "2026-01-01"), ("yes", "yes")]
)
def test_words_that_older_yaml_converts_are_texts(text: str, value: str) -> None:
    assert read(f"turns: [{{reply: {text}}}]").turns[0].reply == value


def test_anchors_and_merges() -> None:
    scenario = read(
        "turns:\n"
        "  - &first { when: &hi { user: hi, turn: 1 }, reply: &text Hello. }\n"
        "  - { <<: *first, when: { <<: [*hi, { stream: true, turn: 9 }], user: ho } }\n"
        "  - reply: *text\n"
    )
    assert scenario.turns[1].reply == scenario.turns[2].reply == "Hello."
    assert orjson.loads(str(scenario.turns[1].when)) == {"user": "ho", "turn": 1, "stream": True}


def test_turns_know_their_lines() -> None:
    scenario = read("description: x\nturns:\n  - reply: a\n\n  - when: {user: b}\n    reply: b\n")
    assert [scenario.line(number) for number in (1, 2)] == [3, 5]


def _said(text: str) -> Scenario | ScenarioError:
    try:
        return read(text)
    except ScenarioError as error:
        return error


def _read(text: str) -> None:
    said = _said(text)
    if isinstance(said, Scenario):
        assert all(turn.content for turn in said.turns)
    else:
        assert said.problems
        assert all(problem.line >= 1 and problem.message for problem in said.problems)


@settings(deadline=None)
@given(st.text(max_size=200))
@example("[" * 5000)
@example("turns: " + "[" * 200 + "]" * 200)
@example("{" * 100)
@example("a: &a [b, b]\nb: &b [*a, *a]\nc: &c [*b, *b]\n")
@example("\ufeffturns: x")
@example("\x00")
@example("? [a]\n: b")
@example("turns: [{reply: .nan}]")
@example("turns: [{reply: {json: {a: .inf}}}]")
@example('turns: [{reply: "\\ud800"}]')
@example("<<: 5")
@example("<<: {turns: [{reply: x}]}")
def test_any_text_is_a_scenario_or_a_scenario_error(text: str) -> None:
    _read(text)


WORDS = st.sampled_from(
    [
        "turns",
        "when",
        "reply",
        "user",
        "text",
        "call",
        "with",
        "not",
        "any",
        "include",
        "choose",
        "x",
        "{{ user }}",
        "{{ x",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4), max_leaves=25
)


@pytest.mark.slow
@settings(deadline=None)
@given(TREES)
def test_any_tree_is_a_scenario_or_a_scenario_error(tree: object) -> None:
    _read(pyyaml.safe_dump(tree))
    _read(pyyaml.safe_dump({"turns": [{"when": {"user": tree}, "reply": tree}, tree]}))


@pytest.mark.parametrize("depth", [200, 20_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    with pytest.raises(ScenarioError):
        read("turns: " + "[" * depth + "]" * depth)


def test_a_bomb_of_aliases_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(ScenarioError, match="too large once its aliases are expanded"):
        read("\n".join([*lines, "turns: [{reply: a}]"]))


def test_a_file_is_named_as_it_was_given() -> None:
    with pytest.raises(ScenarioError) as caught:
        read("turns: 5", name="folder/own")
    assert caught.value.problems[0].file == Path("folder/own.yaml")
