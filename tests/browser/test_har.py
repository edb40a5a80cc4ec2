"""An archive that a real browser wrote becomes a scenario."""

import json
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from click.testing import CliRunner

from gemulator import Emulator
from gemulator.cli import main

sync_api: Any = pytest.importorskip("playwright.sync_api", reason="no playwright: .ci/browser installs it")
CHROMIUM = which("chromium")
if CHROMIUM is None:
    pytest.skip("no chromium: .ci/browser installs it", allow_module_level=True)

pytestmark = pytest.mark.slow

ASK = """async ([url, body]) => {
  const headers = { 'content-type': 'application/json', authorization: 'Bearer emulator.s' };
  const answer = await fetch(url, { method: 'POST', headers, body });
  return await answer.text();
}"""


def ask_in_browser(har: Path, url: str, page_url: str, bodies: list[dict[str, Any]]) -> list[str]:
    """Return the answers that a page of a browser got, which writes an archive."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(record_har_path=str(har), record_har_content="embed")
        page = context.new_page()
        page.goto(page_url)
        answers = [page.evaluate(ASK, [f"{url}/chat/completions", json.dumps(body)]) for body in bodies]
        context.close()
        browser.close()
    return answers


def test_archive_of_chromium_becomes_a_scenario(tmp_path: Path) -> None:
    bodies: list[dict[str, Any]] = [
        {"model": "google/gemini-2.5-flash", "messages": [{"role": "user", "content": text}], "stream": stream}
        for text, stream in (("Why is the sky blue?", True), ("Name a fruit.", False))
    ]
    har = tmp_path / "app.har"
    with Emulator(scenarios=(), clock="2026-02-11T22:54:21Z", grace=0) as emulator:
        told = ask_in_browser(har, emulator.base_url, f"{emulator.url}/__emulator/health", bodies)
    done = CliRunner().invoke(main, ["import", str(har), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "/__emulator/health is not the path of a chat completion" in done.output
    assert "2 turns, 2 of them in parts" in done.output
    with Emulator(scenarios=tmp_path / "out", unmatched="error", grace=0) as emulator:
        again = ask_in_browser(tmp_path / "b.har", emulator.base_url, f"{emulator.url}/__emulator/health", bodies)
    assert again == told
