"""Prose, answers, thoughts, reports: their length, language, shape and determinism."""

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemulator.core.seed import Seed
from gemulator.generate.text.answer import answer, lorem, markdown, prose, report, thought
from gemulator.generate.text.languages.language import KNOWN, detect, language
from gemulator.generate.text.tool_report import tool_report
from gemulator.generate.text.writer import speech_of

SEED = Seed.root("text")
ANY_TEXT = st.text(st.characters(), max_size=120)

# A prompt of each language, its topic, and what only that language (or script) has.
TOPICS = {
    "en": ("Explain how bees make honey.", "bees"),
    "de": ("Erkläre mir bitte die künstliche Intelligenz.", "künstliche Intelligenz"),
    "fr": ("Explique-moi le cycle de l'eau.", "cycle de l'eau"),
    "es": ("¿Cómo funciona la energía solar?", "energía solar"),
    "pt": ("Escreva sobre a floresta amazônica.", "floresta amazônica"),
    "ja": ("桜について教えてください。", "桜"),
    "zh": ("请写一段关于春天的文字。", "春天"),
    "ko": ("인공지능은 어떻게 작동하나요?", "인공지능"),
    "ar": ("ما هي الطاقة الشمسية؟", "الطاقة الشمسية"),
    "hi": ("मुझे चाय के बारे में बताओ।", "चाय"),
}


@pytest.mark.parametrize(("code", "prompt", "topic"), [(code, *rest) for code, rest in TOPICS.items()])
def test_speaks_the_prompts_language_of_the_prompts_topic(code: str, prompt: str, topic: str) -> None:
    assert detect(prompt) == code
    for text in (prose(SEED, 120, prompt), answer(SEED, prompt), thought(SEED, prompt)):
        assert topic in text
        assert detect(text) == code


def test_a_locale_goes_before_the_prompts_language() -> None:
    assert detect(prose(SEED, 60, "bees", locale="de_DE")) == "de"


@pytest.mark.parametrize("words", [1, 4, 8, 12, 30, 50, 90, 200, 400, 2000])
@pytest.mark.parametrize("code", ["en", "de", "ko"])
def test_prose_has_about_the_words_asked(words: int, code: str) -> None:
    prompt = TOPICS[code][0]
    for number in range(5):
        made = len(prose(Seed.root(number), words, prompt).split())
        assert abs(made - words) <= max(1, 5 if words >= 30 else words // 3)


def test_prose_does_not_repeat_itself_and_comes_in_paragraphs() -> None:
    text = prose(SEED, 400, "lighthouses")
    sentences = text.replace("\n\n", " ").split(". ")
    assert len(set(sentences)) == len(sentences) > 20
    assert 3 <= text.count("\n\n") <= 6
    assert "\n" not in prose(SEED, 80, "lighthouses")


@pytest.mark.parametrize(
    ("prompt", "words", "tolerance"),
    [
        ("Tell me about tea in 50 words.", 50, 4),
        ("Tell me about tea in five words.", 5, 0),
        ("Tell me about tea, briefly.", 18, 6),
        ("Write an essay about tea.", 215, 30),
        ("Beschreibe den Tee in 40 Wörtern.", 40, 4),
        ("Tell me about tea.", 65, 25),
    ],
)
def test_answers_are_as_long_as_the_prompt_says(prompt: str, words: int, tolerance: int) -> None:
    assert abs(len(answer(SEED, prompt).split()) - words) <= tolerance


@pytest.mark.parametrize(
    ("prompt", "stop", "sentences"),
    [
        ("In two sentences, what is tea?", ".", 2),
        ("Explain tea in a single sentence.", ".", 1),
        ("Explique-moi le thé en trois phrases.", ".", 3),
        ("用三句话介绍春天。", "。", 3),
    ],
)
def test_answers_have_the_sentences_asked(prompt: str, stop: str, sentences: int) -> None:
    assert answer(SEED, prompt).count(stop) == sentences


@pytest.mark.parametrize(
    ("prompt", "result"),
    [
        ("What is 2+2?", "2+2 = 4"),
        ("How much is 17 * (23 + 4)?", "17 * (23 + 4) = 459"),
        ("1,200 / 7", "1,200 / 7 = 171.428571"),
        ("Was ist 2^10?", "2^10 = 1024"),
    ],
)
def test_sums_are_solved(prompt: str, result: str) -> None:
    assert answer(SEED, prompt) == result


@pytest.mark.parametrize("prompt", ["Divide 1/0", "9^9^9^9", "Compare the 2024-2025 budgets of all our teams", "2+"])
def test_what_is_no_sum_is_prose(prompt: str) -> None:
    assert "=" not in answer(SEED, prompt)


@pytest.mark.parametrize(
    ("prompt", "begin"),
    [
        ("Thanks a lot!", ("You are welcome", "Gladly")),
        ("Vielen Dank!", ("Gern", "Sehr gern")),
        ("ありがとうございます", ("どういたしまして", "お役に")),
        ("شكرا", ("على", "بكل")),
        ("Hi, what can you do?", ("I am an assistant", "An assistant")),
        ("你是谁？", ("我是",)),
    ],
)
def test_small_talk_is_answered(prompt: str, begin: tuple[str, ...]) -> None:
    assert answer(SEED, prompt).startswith(begin)


def test_thanks_for_something_is_no_small_talk() -> None:
    assert "welcome" not in answer(SEED, "Write a letter of thanks to my aunt for the knitted socks.")


def test_a_haiku_has_three_lines_and_bullets_have_dashes() -> None:
    assert len(answer(SEED, "Write a haiku about rain.").splitlines()) == 3
    bullets = answer(SEED, "Give me a bulleted list of 4 startup names.").splitlines()
    assert sum(line.startswith("- ") for line in bullets) == 4


@pytest.mark.parametrize(
    ("prompt", "count"), [("Write 3 paragraphs about tea.", 3), ("Zwei Absätze über Tee, bitte.", 2)]
)
def test_answers_have_the_paragraphs_asked(prompt: str, count: int) -> None:
    assert len(answer(SEED, prompt).split("\n\n")) == count


@pytest.mark.parametrize(
    ("prompt", "items"),
    [
        ("Give me five tips for the piano.", 5),
        ("List 17 reasons to sail.", 17),
        ("Nenne drei Tipps für den Garten.", 3),
        ("列出四条学习建议。", 4),
    ],
)
def test_lists_have_the_items_asked(prompt: str, items: int) -> None:
    numbers = [line.split(".")[0] for line in answer(SEED, prompt).splitlines() if line[:1].isdigit()]
    assert numbers == [str(number) for number in range(1, items + 1)]


@pytest.mark.parametrize(
    "prompt", ["Put the planets in a table.", "Haz una tabla sobre los planetas.", "用表格介绍春天。"]
)
def test_tables_are_tables(prompt: str) -> None:
    rows = [line for line in answer(SEED, prompt).splitlines() if line.startswith("|")]
    assert len(rows) >= 5
    assert {row.count("|") for row in rows} == {4}


def test_a_comparison_has_a_column_for_each() -> None:
    assert "| Cats | Dogs |" in answer(SEED, "Compare cats and dogs in a table.")


@pytest.mark.parametrize(
    ("prompt", "fence", "name"),
    [
        ("Write a Python function that reverses a string.", "python", "def reverse_string("),
        ("Write code in TypeScript that removes duplicates.", "ts", "function removeDuplicates("),
        ("Show me a C# method, some code to sort names.", "csharp", "("),
        ("Create a Go program that counts words.", "go", "func countWords("),
        ("Schreibe eine Funktion in Rust.", "rust", "fn "),
        ("Write a bash script for backups.", "bash", "backups()"),
        ("I need code. Write an SQL query for customers.", "sql", "FROM customers"),
    ],
)
def test_code_is_in_the_language_named(prompt: str, fence: str, name: str) -> None:
    text = answer(SEED, prompt)
    assert f"```{fence}\n" in text
    assert name in text
    assert text.count("```") == 2


def test_python_code_runs() -> None:
    block = answer(SEED, "Write a Python function that tidies names.").split("```")[1].removeprefix("python\n")
    names: dict[str, object] = {"__name__": "answer"}
    exec(compile(block, "answer", "exec"), names)
    tidy = names["tidy_names"]
    assert callable(tidy)
    assert tidy([" a ", "a", ""]) == ["a"]


@pytest.mark.parametrize(
    ("prompt", "hello"), [("Hi!", "H"), ("Hallo", ""), ("¡Hola!", "¡Hola!"), ("こんにちは", "こんにちは")]
)
def test_a_greeting_is_greeted(prompt: str, hello: str) -> None:
    text = answer(SEED, prompt)
    assert text.startswith(hello)
    assert text in language(detect(prompt)).greetings


@pytest.mark.parametrize(
    ("result", "seen"),
    [
        ({"temperature": 21.5, "sky": "clear"}, ["21.5", "clear"]),
        ('{"temperature": -3, "wind": {"speed": 12}}', ["-3", "12"]),
        ("sunny", ["sunny"]),
        (42, ["42"]),
        (True, ["true"]),
        ([1, 2.5, "three"], ["1", "2.5", "three"]),
        (
            [{"flight": "LH 232", "price": 129}, {"flight": "AZ 419", "price": 98}],
            ["| LH 232 | 129 |", "| AZ 419 | 98 |"],
        ),
        ({"error": "no such city"}, ["no such city", "get_weather"]),
        ({}, []),
        ([], []),
        (None, []),
        ("", []),
        ('{"broken": ', ['{"broken":']),
        ({"a": {"b": [{"c": "deep"}]}, "d": [[1], [2]]}, ["deep", "1", "2"]),
    ],
)
@pytest.mark.parametrize("prompt", ["What is the weather in Boston?", "東京の天気は？", "ما الطقس؟"])
def test_reports_name_every_value(prompt: str, result: object, seen: list[str]) -> None:
    text = report(SEED, prompt, [("get_weather", result)])
    assert [value for value in seen if value not in text] == []
    assert "{" not in text or "broken" in text


@pytest.mark.parametrize("result", ["", " \n", "null", "{}", "[]", None, {}, []])
@pytest.mark.parametrize("code", [*KNOWN, "it"])
def test_a_tool_that_returns_nothing_is_done(code: str, result: object) -> None:
    """Its name is said, and nothing that announces a result."""
    text = tool_report(SEED, speech_of(code), [("send_mail", result)])
    assert "send_mail" in text
    assert text[-1] in ".。।–"
    assert not any(lead.split("{r}")[0] in text for lead in language(code).found if lead.split("{r}")[0])


def test_a_tool_that_returns_nothing_stands_beside_others() -> None:
    text = report(SEED, "Weather in Paris?", [("paris", {"celsius": 18}), ("send_mail", ""), ("rome", {"error": "x"})])
    assert "celsius 18" in text
    assert text.endswith("send_mail is done; it had nothing to report.\n\nrome could not help: x.")


def test_several_results_are_told_apart() -> None:
    text = report(
        SEED, "Weather in Paris and Oslo?", [("paris", {"celsius": 18}), ("oslo", "snow"), ("rome", {"error": "x"})]
    )
    assert "**paris**: celsius 18" in text
    assert "**oslo**: snow" in text
    assert "rome could not help: x." in text


@pytest.mark.parametrize("words", [5, 25, 120, 900])
def test_thoughts_have_about_the_words_asked(words: int) -> None:
    made = len(thought(SEED, "Explain how bees make honey.", words).split())
    assert words * 0.7 - 3 <= made <= words + 16


@pytest.mark.parametrize(
    ("words", "parts", "locale"), [(1, 1, "en_US"), (200, 3, "en_US"), (50, 1, "de_DE"), (7, 9, "ko_KR")]
)
def test_lorem_is_exact(words: int, parts: int, locale: str) -> None:
    text = lorem(SEED, words, paragraphs=parts, locale=locale)
    assert len(text.split()) == words
    assert len(text.split("\n\n")) == min(parts, words)


def test_markdown_shows_all_that_a_renderer_must_know() -> None:
    text = markdown(SEED, "lighthouses")
    for mark in (
        "# Lighthouses",
        "## ",
        "**",
        "~~",
        "\n- [x] ",
        "\n- [ ] ",
        "\n1. ",
        "| --- |",
        "```python",
        "\n> ",
        "](https://",
    ):
        assert mark in text
    assert max(map(len, text.splitlines())) > 300


@pytest.mark.slow
@given(ANY_TEXT)
@settings(max_examples=150, deadline=None)
def test_any_prompt_is_answered(prompt: str) -> None:
    assert answer(SEED, prompt).strip()
    assert thought(SEED, prompt).strip()
    assert markdown(SEED, prompt).strip()


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "?",
        "\ud800",
        "\u202eabc",
        "👩‍👩‍👧",
        "0" * 5000,
        "a" * 100_000,
        "| ` * {t} {n} %s",
        "Расскажи о Москве",
        "ספר לי על ירושלים",
        "Parlami di Roma",
    ],
)
def test_odd_prompts_are_answered(prompt: str) -> None:
    assert len(answer(SEED, prompt)) > 20
    assert report(SEED, prompt, [("tool", prompt)])


def test_every_language_has_what_the_others_have() -> None:
    for code in KNOWN:
        known = language(code)
        for frames in (known.openings, known.body, known.closings, known.thoughts, known.points, known.traits):
            assert len(frames) == len(set(frames)) >= 4, code
        assert {"list", "table", "code", "after", "failed"} <= set(known.leads)
        assert len(known.body) >= 26


@pytest.mark.slow
def test_the_same_words_in_every_process() -> None:
    prompts = [prompt for prompt, _ in TOPICS.values()]
    program = f"""
import json
from gemulator.generate.text.answer import answer, lorem, markdown, prose, thought
from gemulator.core.seed import Seed

seed = Seed.root("p")
made = [make(seed, prompt) for prompt in {prompts!r} for make in (answer, thought, markdown)]
print(json.dumps([*made, lorem(seed, 30, locale="fr_FR"), prose(seed, 90, "Roma è bella", locale="it_IT")]))
"""
    made = [
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert made[0] == made[1]
    assert len(json.loads(made[0])) == 32
