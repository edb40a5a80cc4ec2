"""Hostile text from clients in terminal output, archives, logs and pages."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from click.testing import CliRunner

from gemulator import Emulator
from gemulator.cli import main
from gemulator.cli.exec import summarize
from gemulator.core.printable import printable, printable_json, printable_lines
from tests.acceptance.test_command import serving, url_of
from tests.acceptance.wire import ask, post

pytest_plugins = ["pytester"]

# Each text and how it is shown. JSON writes \\u009b, text \\x9b.
HOSTILE = {
    "colour": "\x1b[31mred",
    "hyperlink": "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "title": "\x1b]0;owned\x07",
    "C1": "\x9b2Jgone",
    "delete": "a\x7f\x08b",
    "bidi": "user\u202egpj.exe",
    "isolate": "\u2066\u2069",
    "tags": "\U000e0041",
    "rewrite": "safe\rEVIL",
    "separator": "one\u2028two",
}
MARKUP = "[link=http://evil.example]x[/link] [bold]y[/] :boom: z\\"
EVERYTHING = "|".join(HOSTILE.values()) + MARKUP
NAME = re.sub(r"[/\s]", "", EVERYTHING)  # as a model or a project, which have no slash
TOKEN = f"emulator.{quote(EVERYTHING, safe='').replace('.', '%2E')}"
COLOUR = re.compile("\x1b\\[[0-9;]*m")  # of the table itself, on a terminal


@pytest.fixture(scope="module")
def attacked() -> Iterator[Emulator]:
    """Return an emulator whose clients have sent hostile text wherever they can."""
    with Emulator(unmatched="error") as emulator:
        emulator.admin.push("turns: [{ when: { user: hello, model: other }, reply: Hi }]", session=EVERYTHING)
        headers = {b"authorization": b"Bearer " + TOKEN.encode(), b"x-custom": b"\x9b31m"}
        path = f"/v1/projects/{quote(NAME)}/locations/global/endpoints/openapi/chat/completions"
        for number in range(2):  # equal ones, as a client that retries: the verdict reports them
            body = ask(f"{EVERYTHING} {number // 2}", model=f"google/{NAME}", user=EVERYTHING, stream=True)
            httpx.post(emulator.url + path, content=json.dumps(body, ensure_ascii=False), headers=headers)
        httpx.post(emulator.url + path, content=f'{{"model": "{EVERYTHING}"'.encode(), headers=headers)
        httpx.post(emulator.url + path, content=b'{"model": "google/m", "messages": ["\\ud800"]}', headers=headers)
        yield emulator


def assert_harmless(shown: str) -> None:
    hostile = {char for char in shown if not char.isprintable() and char != "\n"}
    assert not hostile, hostile
    assert shown.encode()


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize(
    "command", [["journal"], ["journal", "1"], ["journal", "5"], ["journal", "7"], ["sessions"], ["verdict"]]
)
@pytest.mark.parametrize("as_json", [False, True])
def test_command_shows_hostile_text_harmlessly(
    attacked: Emulator, command: list[str], terminal: bool, as_json: bool
) -> None:
    around = {"GEMULATOR_URL": attacked.url, "COLUMNS": "4000", **({"FORCE_COLOR": "1"} if terminal else {})}
    result = CliRunner(env=around).invoke(main, [*command, *(["--json"] if as_json else [])])
    assert result.exit_code == (1 if command == ["verdict"] else 0), result.output
    assert_harmless(COLOUR.sub("", result.output) if terminal else result.output)
    assert "\x1b[31mred" not in result.output
    if as_json:
        assert [json.loads(line) for line in result.output.splitlines()]


def test_journal_prints_markup_and_emoji_names_literally(attacked: Emulator) -> None:
    around = {"GEMULATOR_URL": attacked.url, "COLUMNS": "4000"}
    for words in (["journal"], ["journal", "1"], ["sessions"]):
        shown = CliRunner(env=around).invoke(main, words).output
        assert "[link=http://evil.example]x[/link] [bold]y[/] :boom: z\\" in shown


def test_json_lines_and_archive_keep_the_value(attacked: Emulator, tmp_path: Path) -> None:
    runner = CliRunner(env={"GEMULATOR_URL": attacked.url})
    first = json.loads(runner.invoke(main, ["journal", "--json"]).output.splitlines()[0])
    assert first["request"]["body"]["user"] == EVERYTHING
    archive = tmp_path / "journal.har"
    assert runner.invoke(main, ["journal", "--har", str(archive)]).exit_code == 0
    for text in (archive.read_text(), httpx.get(f"{attacked.url}/__emulator/journal.har").text):
        assert_harmless(text)
        posted = json.loads(text)["log"]["entries"][0]["request"]["postData"]["text"]
        assert json.loads(posted)["user"] == EVERYTHING


def test_summary_of_exec_is_harmless(attacked: Emulator) -> None:
    assert_harmless(summarize(attacked.admin.entries(full=False)))


def test_report_of_a_failed_test_is_harmless(pytester: pytest.Pytester) -> None:
    send = 'httpx.post(f"{gemulator.base_url}/chat/completions", json=body, headers=headers)'
    pytester.makepyfile(
        f"""
        def test_it(gemulator):
            import httpx
            gemulator.when(user="never").reply("y")
            headers = {{"authorization": f"Bearer {{gemulator.token}}"}}
            body = {{"model": "google/m", "messages": [{{"role": "user", "content": {EVERYTHING!r}}}]}}
            {send}
            body["model"] = {EVERYTHING!r}
            {send}
            assert "this" == "fails"
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--tb=line", "--color=no")
    assert "1 of 2 requests matched no turn" in result.stdout.str()
    assert "1 of 2 requests was refused" in result.stdout.str()
    assert_harmless(result.stdout.str())


@pytest.mark.parametrize("style", ["plain", "json"])
def test_log_lines_are_harmless(style: str) -> None:
    with serving("--port", "0", "--log-format", style, "--unmatched", "error") as (greeting, process):
        url = url_of(greeting)
        headers = {"authorization": f"Bearer {TOKEN}"}
        for body in (ask(EVERYTHING), ask("x", model=f"google/{NAME}"), ask("x", temperature=EVERYTHING)):
            httpx.post(f"{url}/chat/completions", json=body, headers=headers)
        httpx.post(f"{url.replace('/global/', f'/{quote(NAME)}/')}/chat/completions", json={}, headers=headers)
        httpx.get(f"{url}/{quote(EVERYTHING)}")
        process.terminate()
        _, logged = process.communicate()
    assert len(logged.splitlines()) >= 5
    assert_harmless(logged)


@pytest.mark.parametrize("text", [*HOSTILE.values(), MARKUP, "\r\nx-injected: 1"])
def test_no_header_or_page_carries_hostile_text(attacked: Emulator, text: str) -> None:
    named = {"authorization": f"Bearer emulator.{quote(text, safe='').replace('.', '%2E')}"}
    answers = [
        post(attacked, ask(text), **named),
        httpx.get(f"{attacked.url}/{quote(text)}//x"),
        httpx.get(f"{attacked.url}/computeMetadata/v1/{quote(text)}", headers={"metadata-flavor": "Google"}),
        httpx.post(f"{attacked.url}/token", data={"grant_type": text}),
    ]
    for answer in answers:
        assert answer.status_code < 500
        assert "x-injected" not in answer.headers
        for name, value in answer.headers.raw:
            assert (name + value).isascii()
            assert (name + value).decode().isprintable()


def test_page_of_an_unknown_path_has_no_markup_of_the_client(attacked: Emulator) -> None:
    page = httpx.get(f"{attacked.url}/<script>alert(1)</script>\"'")
    assert page.status_code == 404
    assert "<script>" not in page.text


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_printable_functions_escape_what_moves_a_terminal(text: str) -> None:
    assert printable(text).isprintable()
    assert printable_lines(f"a\n{text}") == f"a\n{printable(text)}"
    assert printable_json(json.dumps(text, ensure_ascii=False)).isprintable()
    assert json.loads(printable_json(json.dumps(text, ensure_ascii=False))) == text


@pytest.mark.parametrize("text", ["Grüße, 世界 👋", "x" * 100, "a [b] 'c' \\d"])
def test_printable_functions_keep_readable_text(text: str) -> None:
    assert printable(text) == printable_lines(text) == printable_json(text) == text
