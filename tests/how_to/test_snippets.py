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
from gemulator.core.settings import shipped_scenarios
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
}
ENGINE = "testcontainers"  # needs a container engine: tests/containers does it
LANGUAGES = {"python", "yaml", "sh", "bash", "js", "json", "text", "toml"}


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
    return [snippet for snippet in snippets if ENGINE not in snippet.text]


@pytest.mark.parametrize("snippet", here(snippets("python")), ids=str)
def test_python(snippet: Snippet, server: Emulator, tmp_path: Path) -> None:
    tests = "def test_" in snippet.text
    file = tmp_path / ("test_snippet.py" if tests else "snippet.py")
    file.write_text(snippet.text.replace(ORIGIN, server.url))
    run([sys.executable, *(["-m", "pytest", "-p", "no:randomly"] if tests else []), str(file)], tmp_path)


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_languages(page: Path) -> None:
    text = page.read_text()
    outside_code = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", outside_code)
    assert [link for link in links if not (page.parent / link).exists()] == []
    assert set(re.findall(r"^```(\w+)$", text, re.MULTILINE)) <= LANGUAGES
