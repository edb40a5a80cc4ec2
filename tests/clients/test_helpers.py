"""Helpers of the documentation for tests in other languages: what they show of a failed check."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gemulator import Emulator

DOCS = Path(__file__).parents[2] / "docs" / "examples"
LINES = [
    "1 of 1 request matched no turn. Nearest turns first:",
    "  request 1: google/m 'How is the weathr?'",
    "    test/1: user: expected '>>weather<<' in it, saw 'How is the >>weathr?<<'",
]
SCENARIO = "turns: [{ when: { user: weather }, reply: Sunny. }]"


@pytest.fixture
def server() -> Iterator[Emulator]:
    with Emulator(unmatched="error") as running:
        yield running


def run(folder: Path, server: Emulator, *command: str) -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    variables = {"PATH": f"{Path(shutil.which(command[0]) or '').parent}:/usr/bin:/bin", "GEMULATOR_URL": server.url}
    variables |= {"HOME": str(Path.home()), "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    ran = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=300)
    return ran.stdout + ran.stderr


def assert_shown(output: str) -> None:
    """Assert that the report stands in lines of its own; the tools of a language indent them."""
    lines = [line.strip() for line in output.splitlines()]
    for line in LINES:
        assert any(one.endswith(line.strip()) or one.startswith(line.strip()) for one in lines), output


@pytest.mark.slow
def test_vitest_helper_shows_the_report(tmp_path: Path, server: Emulator) -> None:
    shutil.copy(DOCS / "vitest" / "gemulator.js", tmp_path / "gemulator.mjs")
    (tmp_path / "fail.mjs").write_text(
        f"""
        import {{ gemulator }} from "./gemulator.mjs";
        const session = await gemulator({json.dumps(SCENARIO)});
        const body = {{ model: "google/m", messages: [{{ role: "user", content: "How is the weathr?" }}] }};
        const headers = {{ authorization: `Bearer ${{session.apiKey}}` }};
        await fetch(`${{session.baseURL}}/chat/completions`, {{ method: "POST", body: JSON.stringify(body), headers }});
        try {{ await session.verify(); console.log("passed"); }} catch (error) {{ console.log(error.message); }}
        """
    )
    assert_shown(run(tmp_path, server, "node", "fail.mjs"))


@pytest.mark.slow
def test_go_helper_shows_the_report(tmp_path: Path, server: Emulator) -> None:
    shutil.copy(DOCS / "go" / "go.mod", tmp_path)
    test = (DOCS / "go" / "weather_test.go").read_text()
    test = test.replace('"google/gemini-3.5-flash"', '"google/m"').replace("the weather?", "the weathr?")
    (tmp_path / "weather_test.go").write_text(test)
    assert_shown(run(tmp_path, server, "go", "test", "./..."))


def test_errors_are_text_for_those_who_accept_it(server: Emulator) -> None:
    session = server.session()
    with httpx.Client(base_url=server.url, trust_env=False, headers={"accept": "text/plain"}) as http:
        answer = http.post("/__emulator/verify", json={"session": session.name, "entries": [{"when": {"user": "x"}}]})
        assert answer.status_code == 409
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        first, *_, last = answer.text.splitlines()
        assert first.startswith("entries[0]: expected at least 1 such request, found 0 among 0")
        assert "GET /__emulator/journal" in last
        assert http.get("/__emulator/sessions").headers["content-type"] == "application/json"
