"""Scenario files that a session loads, beside stubs and beside each other."""

import base64
from pathlib import Path

import pytest

from gemulator import Session
from gemulator.core.errors import ScenarioError
from tests.acceptance.test_session import said, words

PNG = b"\x89PNG\r\n\x1a\nxx"


def scenario(file: Path, text: str) -> Path:
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


@pytest.fixture
def session(family: Session) -> Session:
    return family.session(unmatched="error")


def test_a_file_called_stubs_is_kept_apart_from_stubs(session: Session, tmp_path: Path) -> None:
    session.load(
        scenario(tmp_path / "tests" / "stubs.yaml", "turns: [{ when: { user: file }, reply: From the file. }]")
    )
    session.when(user="hi").reply("From Python.")
    assert [words(session, "file"), words(session, "hi")] == ["From the file.", "From Python."]
    assert [one.turn for one in session.requests] == ["tests/stubs.yaml/1", "stubs/1"]
    session.assert_all_used()


@pytest.mark.parametrize("name", ["", "name: weather\n", "name: stubs\n"])
def test_files_of_one_name_are_kept_apart(session: Session, tmp_path: Path, name: str) -> None:
    for folder in "abc":
        text = f"{name}turns: [{{ when: {{ user: {folder} }}, reply: From {folder}. }}]"
        session.load(scenario(tmp_path / folder / "weather.yaml", text))
    session.when(user="hi").reply("Hello!")
    assert [words(session, folder) for folder in "abc"] == ["From a.", "From b.", "From c."]
    assert session.last.turn == "c/weather.yaml/1"


def test_a_file_that_is_loaded_again_is_what_it_says_now(session: Session, tmp_path: Path) -> None:
    for reply in ("One.", "Two."):
        session.load(scenario(tmp_path / "weather.yaml", f"turns: [{{ reply: {reply} }}]"))
    assert (words(session), session.last.turn) == ("Two.", "weather/1")


def test_what_a_file_takes_from_its_folder(session: Session, tmp_path: Path) -> None:
    scenario(tmp_path / "_hi.yaml", "when: { user: hi }\nreply: Hello!")
    (tmp_path / "cat.png").write_bytes(PNG)
    (tmp_path / "cat.mp3").write_bytes(b"purr")
    turns = [
        "{ include: _hi.yaml }",
        "{ when: { user: show, file: false }, reply: [{ text: Look! }, { image: a cat, file: cat.png }] }",
        "{ when: { user: call }, reply: { call: f, with: { file: none.txt, include: it } } }",
        "{ when: { user: purr }, reply: { choose: [{ audio: purr, file: cat.mp3 }] } }",
    ]
    session.load(scenario(tmp_path / "cats.yaml", f"turns: [{', '.join(turns)}]"))
    assert words(session) == "Hello!"
    for text, mime, data in (("show", "image/png", PNG), ("purr", "audio/mpeg", b"purr")):
        medium = said(session, text)["choices"][0]["message"]["audio"]
        assert (medium["extra_content"]["google"]["mime_type"], base64.b64decode(medium["data"])) == (mime, data)
    call = said(session, "call")["choices"][0]["message"]["tool_calls"][0]["function"]
    assert call["arguments"] == '{"file":"none.txt","include":"it"}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("turns: [{ include: _no.yaml }]", r"a\.yaml:1:.*file `_no.yaml` not found in the folder of a.yaml"),
        (
            "turns: [{ reply: { image: x, file: no.png } }]",
            r"a\.yaml:1:.*file `no.png` not found in the folder of a.yaml",
        ),
        ("turns: [{ reply: { image: x, file: ../no.png } }]", r"outside the scenario folder"),
    ],
)
def test_what_a_file_does_not_find_in_its_folder(session: Session, tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        session.load(scenario(tmp_path / "a.yaml", text))


@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize("order", ["when load", "load when", "when load other", "load load when"])
def test_stubs_answer_before_files(session: Session, tmp_path: Path, order: str, opened: bool) -> None:
    if opened:
        session.token.upper()
    file = scenario(tmp_path / "a.yaml", "turns: [{ when: { user: hi }, reply: File. }]")
    for step in order.split():
        if step == "load":
            session.load(file)
        else:
            session.when(user="hi" if step == "when" else "bye").reply("Stub.")
    assert words(session) == "Stub."


def test_the_file_that_is_loaded_last_answers_first(session: Session, tmp_path: Path) -> None:
    for name in ("One", "Two"):
        session.load(scenario(tmp_path / f"{name}.yaml", f"turns: [{{ when: {{ user: hi }}, reply: {name}. }}]"))
    assert words(session) == "Two."
