"""What README and docs tell to do, done."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gemulator import Emulator
from gemulator.core import located_yaml as yaml
from gemulator.core.folders import shipped_scenarios
from gemulator.engine.catalog_file import read_catalog
from gemulator.scenario.loading.reader import read_scenario
from gemulator.scenario.model import Scenario
from gemulator.server.auth.policy import read_policy
from tests.how_to.snippets import ORIGIN, PAGES, ROOT, Snippet, snippets

# What begins so is run by CI in a place that has what it needs.
ELSEWHERE = {
    "make": ".ci/run",
    "docker": ".ci/containers",
    "npm": ".ci/languages",
    "pip": ".ci/wheel",
    "gemulator serve": ".ci/browser",
    "pytest": ".ci/run",
}
ENGINE = "testcontainers"  # needs a container engine: tests/containers does it
RECORDED = "gemulator(record="  # needs a run that records before: test_fresh_suite does it
EXCERPT = re.compile(r"# ((?:emulator|tests)/\S+\.py)\n")  # lines of that file
SOURCES = [*(ROOT / "emulator").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
LANGUAGES = {"python", "yaml", "sh", "bash", "js", "json", "text", "toml", "mermaid"}


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    with Emulator(scenarios=shipped_scenarios()) as emulator:
        yield emulator


def run(command: list[str], folder: Path) -> None:
    (folder / "scenarios").symlink_to(shipped_scenarios())
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV", "GEMULATOR"))}
    done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def here(snippets: Iterator[Snippet]) -> list[Snippet]:
    own = [snippet for snippet in snippets if ENGINE not in snippet.text and RECORDED not in snippet.text]
    return [snippet for snippet in own if not EXCERPT.match(snippet.text)]


@pytest.mark.parametrize("snippet", here(snippets("python")), ids=str)
def test_python(snippet: Snippet, server: Emulator, tmp_path: Path) -> None:
    tests = "def test_" in snippet.text
    file = tmp_path / ("test_snippet.py" if tests else "snippet.py")
    file.write_text(snippet.text.replace(ORIGIN, server.url))
    run([sys.executable, *(["-m", "pytest", "-p", "no:randomly"] if tests else []), str(file)], tmp_path)


@pytest.mark.parametrize("snippet", [one for one in snippets("python") if EXCERPT.match(one.text)], ids=str)
def test_excerpt_is_code_of_its_file(snippet: Snippet) -> None:
    """Indentation and the wording of strings may differ: a page shows the structure."""
    file = EXCERPT.match(snippet.text)
    assert file is not None
    code = (ROOT / file[1]).read_text(encoding="utf-8")
    assert structure(snippet.text[file.end() :]) in structure(code), f"{snippet}: copy these lines anew from {file[1]}"


def structure(code: str) -> str:
    """Return code without indentation, blank lines and the contents of strings."""
    lines = (line.strip() for line in code.splitlines())
    return re.sub(r'"[^"\n]*"', '""', "\n".join(line for line in lines if line))


def test_shell(server: Emulator, tmp_path: Path) -> None:
    """Each command runs here, or is one that CI runs elsewhere."""
    for snippet in snippets("sh", "bash"):
        for command in commands(snippet.text):
            if command.startswith(tuple(ELSEWHERE)) or is_known(command):
                continue
            assert command.startswith("curl "), f"{snippet}: nobody runs {command!r}"
            ran = command.replace(ORIGIN, server.url).replace("curl ", "curl --silent --fail-with-body ", 1)
            done = subprocess.run(ran, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{snippet}: {done.stdout}{done.stderr}"


def is_known(command: str) -> bool:
    """Whether it is a command of gemulator with options that it has."""
    evaluated = re.match(r'eval "\$\((.*)\)"', command)  # env is for shells to evaluate
    program, *words = shlex.split(evaluated[1] if evaluated else command, comments=True)
    if program != "gemulator":
        return False
    own = words[: words.index("--")] if "--" in words else words
    shown = subprocess.run(
        [sys.executable, "-m", "gemulator", own[0], "--help"], capture_output=True, text=True, check=False
    )
    return shown.returncode == 0 and all(f"{word} " in shown.stdout for word in own if word.startswith("--"))


def commands(text: str) -> Iterator[str]:
    """The commands of a block, joined where a line goes on."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line


@pytest.mark.parametrize("snippet", list(snippets("yaml")), ids=str)
def test_yaml(snippet: Snippet, tmp_path: Path) -> None:
    """Scenarios and replies are ones; other files are YAML."""
    file = tmp_path / "snippet.yaml"
    document = yaml.read(snippet.text, file)
    assert not document.problems
    assert isinstance(document.data, dict)
    if set(document.data) <= set(Scenario.model_fields):
        read_scenario(snippet.text, file, "snippet")
    elif set(document.data) == {"reply"}:
        read_scenario(yaml.write({"turns": [document.data]}), file, "snippet")
    elif set(document.data) <= {"endpoints", "models"}:
        file.write_text(snippet.text)
        read_catalog(file)
    elif "identities" in document.data:
        file.write_text(snippet.text)
        read_policy(file)
    else:
        assert set(document.data) & {"services", "jobs"}, f"{snippet}: neither a scenario nor a known file"


@pytest.mark.parametrize("snippet", list(snippets("js")), ids=str)
def test_javascript_is_what_its_examples_say(snippet: Snippet) -> None:
    """A block that names its file is that file; others are short ways of saying what tests/node says."""
    name = re.match(r"// (\S+\.js)\n", snippet.text)
    file = ROOT / "docs" / "examples" / "vitest" / (name[1] if name else "")
    if name and name[1] != "weather.test.js":
        code = file.read_text()
        assert snippet.text.removeprefix(name[0]).strip() == code[code.index(snippet.text.splitlines()[1]) :].strip()
    else:
        assert "import " in snippet.text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_and_languages(page: Path) -> None:
    broken = [link for link in re.findall(r"\]\(([^):\s]+)\)", prose(page)) if not leads_somewhere(page, link)]
    assert broken == []
    assert set(re.findall(r"^```(\w+)$", page.read_text(), re.MULTILINE)) <= LANGUAGES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_python_files_that_a_page_names_exist(page: Path) -> None:
    names = set(re.findall(r"`((?:[\w.-]+/)*\w+\.py)`", prose(page)))
    assert [name for name in names if not any(file.as_posix().endswith(f"/{name}") for file in SOURCES)] == []


def test_headings_of_fidelity_that_the_code_names_exist() -> None:
    page = prose(ROOT / "docs" / "fidelity.md")
    known = {*re.findall(r"^#+ (.*)$", page, re.MULTILINE), *re.findall(r"§\d+", page)}
    named = {
        name.rstrip(".") for file in SOURCES for name in re.findall(r"fidelity\.md, (§?[^).:;]+)", file.read_text())
    }
    assert "Finish reasons" in named
    assert named <= known


def prose(page: Path) -> str:
    """Return the text of a page without its code blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def leads_somewhere(page: Path, link: str) -> bool:
    """Return True if the file of a link exists and has the heading that the link names."""
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    if not anchor or not target.is_file():
        return target.exists()
    titles = re.findall(r"^#+ (.*)$", prose(target), re.MULTILINE)
    return anchor in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
