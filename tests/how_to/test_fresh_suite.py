"""Suite of docs/how-to/fresh-suite.md, recorded and replayed as the page says."""

import tomllib
from pathlib import Path

from gemulator import Emulator
from tests.client.pytest_project import run
from tests.how_to.snippets import snippets

PAGE = "docs/how-to/fresh-suite.md"


def of_page(language: str) -> list[str]:
    return [snippet.text for snippet in snippets(language) if snippet.page == PAGE]


def test_a_suite_is_recorded_and_replayed(tmp_path: Path) -> None:
    (test,) = of_page("python")
    (settings,) = of_page("toml")
    ini = tomllib.loads(settings)["tool"]["pytest"]["ini_options"]
    commands = [line.split("#")[0].split() for text in of_page("sh") for line in text.splitlines()]
    with Emulator(scenarios="none", auth="open") as service:  # plays the real service here
        ini |= {"gemulator_upstream": f"vertex={service.url}", "gemulator_upstream_auth": "none"}
        lines = "".join(f"{name} = {value}\n" for name, value in ini.items())
        for command in commands:
            run(tmp_path, {"checkout": test}, *command[1:], ini=lines).fnmatch_lines(["*1 passed*"])
    assert len(commands) == 2
    assert (tmp_path / "recordings" / "checkout.yaml").is_file()
    run(tmp_path, {"checkout": test}, ini=lines).fnmatch_lines(["*1 passed*"])
