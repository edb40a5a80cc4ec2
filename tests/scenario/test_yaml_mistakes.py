"""Mistakes in scenario files: each message says what was meant, with file, line and remedy."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from gemulator.cli import main
from gemulator.core.errors import ScenarioError
from gemulator.core.yaml_syntax import quoted
from gemulator.scenario.loading.reader import read_scenario

# A text as a reply, and the line of the remedy; YAML takes each for something else.
UNQUOTED = {
    "{{ user }} is nice": "'{{ user }} is nice'",
    "[link](http://x) here": "'[link](http://x) here'",
    "{a} b": "'{a} b'",
    "*bold* text": "'*bold* text'",
    "*bold*": "'*bold*'",
    "&amp; more": "'&amp; more'",
    "> a quotation": "'> a quotation'",
    "| a | table |": "'| a | table |'",
    "- hello": "'- hello'",
    "? really": "'? really'",
    "%d items": "'%d items'",
    "@you hello": "'@you hello'",
    "`code` here": "'`code` here'",
    '"Hi" she said': "'\"Hi\" she said'",
    "'it's fine'": '"it\'s fine"',
    "One thing: it works": "'One thing: it works'",
    "It's this: {{ user }}": '"It\'s this: {{ user }}"',
}

# What follows `turns:` and a turn's `when`, and words of the message or the remedy.
MISTAKES = {
    "reply: { call: get_weather, args: { city: Paris } }": "Did you mean `with`?",
    "reply: { call: get_weather, parameters: { city: Paris } }": "Did you mean `with`?",
    "reply: { call: get_weather, arguments: { city: Paris } }": "Write `with:` for arguments as a mapping",
    "reply: { text: hi, call: get_weather }": "write a list, `reply: [{ text: … }, { call: … }]`",
    "reply: [{ text: hi, image: a cat }]": "write a list, `reply: [{ text: … }, { image: … }]`",
    "reply: { status: 429, message: slow down }": "Write `error: 429`.",
    "reply: { code: 503 }": "Write `error: 503`.",
    "reply: { error: RESOURCE_EXHAUSTED }": "Write `error: 429`.",
    "reply: { error: UNAVAILABLE }": "Write `error: 503`.",
    "reply: { error: too-many-requests }": "Write `error: 429`.",
    "reply: { error: service unavailable }": "Write `error: 503`.",
    "reply: { error: missing-signatur }": "Did you mean `missing-signature`?",
    "reply: { text: x, fault: disconnect }": "`fault` belongs in a turn, beside `reply`.",
    "reply: { text: x, times: 2 }": "`times` belongs in a turn, beside `reply`.",
    "reply: { text: x, delay: 2s }": "`pacing: { first_token: 2s }`",
    "reply: [{ thought: hmm }, { text: hi }]": "Did you mean `thinking`?",
    "reply: { content: hi }": "Did you mean `text`?",
    "reply: { picture: a cat }": "Did you mean `image`?",
    'reply: { tool_calls: [{ function: { name: f, arguments: "{}" } }] }': "Write `call: NAME`",
    "reply: { image: x, size: 512 }": "`size: 512x512`",
    "reply: hi\n    fault: { disconect: { after_chunks: 2 } }": "Did you mean `disconnect`?",
    "reply: hi\n    fault: disconect": "did you mean 'disconnect'?",
    "reply: hi\n    fault: { disconnect: { after_chunk: 2 } }": "Did you mean `after_chunks`?",
    "reply: hi\n    fault: [{ disconnect: { chance: 0.2 } }]": "`chance: 20%`",
    "reply: hi\n    pacing: { first_token: 3 }": "Write `3s` for seconds, or `3ms`.",
    "reply: hi\n    pacing: { jitter: 0.3 }": "`jitter: 30%`",
}

CONDITIONS = {
    "weather": "Write `when: { user: weather }`",
    "[{ user: weather }, { model: flash }]": "Write one mapping, whose conditions must all hold; `all:`",
    "{ prompt: weather }": "Did you mean `user`?",
    "{ user: weather tool_result: get_weather }": "{ user: weather, tool_result: get_weather }",
    "{ tool_result: { get_weather: { temp: 21 } } }": "`tool_result: { name: get_weather, json: … }`",
    "{ body: { metadata: { tier: gold } } }": "`body: { metadata.tier: gold }`",
}


def problem_in(text: str) -> str:
    """Return the message of a scenario that cannot be loaded."""
    with pytest.raises(ScenarioError) as error:
        read_scenario(text, Path("own.yaml"), "own")
    return str(error.value)


@pytest.mark.parametrize("text", UNQUOTED)
@pytest.mark.parametrize(
    ("before", "line"), [("turns:\n  - reply: ", 2), ("turns:\n  - reply:\n      - text: ", 3)], ids=["reply", "part"]
)
def test_text_without_quotes_is_shown_with_them(text: str, before: str, line: int) -> None:
    message = problem_in(f"{before}{text}\n")
    assert message.startswith(f"own.yaml:{line}:")
    assert "must be quoted" in message
    assert f"{UNQUOTED[text]}`." in message
    head = before.rpartition("\n")[2]
    fixed = read_scenario(f"{before[: len(before) - len(head)]}{head}{UNQUOTED[text]}\n", Path("own.yaml"), "own")
    assert fixed.turns


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_in_a_turn_is_named_by_what_was_meant(mistake: str) -> None:
    message = problem_in(f"turns:\n  - when: {{ user: weather }}\n    {mistake}\n")
    assert MISTAKES[mistake] in message
    assert "own.yaml:3:" in message or "own.yaml:4:" in message


@pytest.mark.parametrize("when", CONDITIONS)
def test_mistake_in_conditions_is_named_by_what_was_meant(when: str) -> None:
    message = problem_in(f"turns:\n  - when: {when}\n    reply: x\n")
    assert CONDITIONS[when] in message
    assert message.startswith("own.yaml:2:")


def test_dash_without_a_space() -> None:
    message = problem_in("turns:\n  -when: { user: weather }\n   reply: x\n")
    assert message.startswith("own.yaml:2:3: a dash needs a space after it")
    assert "`- when: { user: weather }`" in message


@pytest.mark.parametrize(
    "text", ["turns: [", "turns: {a", "turns: 'x", "turns:\n - a\n- b", "a: b: c: d", "!x", "%", "]"]
)
def test_no_words_of_the_parser(text: str) -> None:
    message = problem_in(text)
    for words in ("did not find", "while parsing", "while scanning", "block mapping", "flow"):
        assert words not in message


def test_mark_on_a_correct_line_does_not_blame_it() -> None:
    message = problem_in("turns:\n  - when: { user: weather\n    reply: { text: hi }\n")
    assert "must be quoted" not in message


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("reply: Your code is #42 today", ["#42 today", "'Your code is #42 today'", "without quotes"]),
        ("reply: &bold text", ["`&bold` is an anchor", "'&bold text'"]),
        ('reply: "{% if user %}x{% endif %}"', ["`{% if user %}` is sent as it stands"]),
    ],
)
def test_check_warns_of_texts_that_yaml_cuts(line: str, words: list[str], tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(f"turns:\n  - when: {{ user: weather }} # a comment\n    {line}\n")
    shown = CliRunner().invoke(main, ["check", str(tmp_path)])
    assert shown.exit_code == 0
    assert "own.yaml:3:12: warning: " in shown.output
    assert all(word in shown.output for word in words)


def test_check_accepts_comments_aliases_and_blocks(tmp_path: Path) -> None:
    text = "turns:\n  - when: &first { user: one } # yes\n    reply: &a A text # of one\n  - reply: |\n      *a* #5\n"
    (tmp_path / "own.yaml").write_text(text + "description: *a\n")
    assert "0 warnings" in CliRunner().invoke(main, ["check", str(tmp_path)]).output


@pytest.mark.parametrize("text", ["plain", "it's", 'say "hi"', "both ' and \"", "back\\slash", "it's \\ so"])
def test_quoted_text_is_read_as_it_was(text: str) -> None:
    reply = read_scenario(f"turns: [{{ reply: {quoted(text)} }}]", Path("own.yaml"), "own").turns[0].reply
    assert reply == text
