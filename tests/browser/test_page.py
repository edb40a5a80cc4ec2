"""The example page on another origin, in a real browser: .ci/browser installs what this needs."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from tests.redis_server import free_port
from tests.waiting import PATIENCE

sync_api: Any = pytest.importorskip("playwright.sync_api", reason="no playwright: .ci/browser installs it")
CHROMIUM = which("chromium")
if CHROMIUM is None:
    pytest.skip("no chromium: .ci/browser installs it", allow_module_level=True)

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "examples" / "chat"
SDK = ROOT / "tests" / "node" / "node_modules" / "openai"


class Files(SimpleHTTPRequestHandler):
    """The repository's files, without a word; modules as what they are."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript"}

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(ROOT))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


@contextmanager
def serving(port: int, speed: str = "authored") -> Iterator[subprocess.Popen[str]]:
    """The emulator in a process that may be killed."""
    command = [sys.executable, "-m", "gemulator", "serve", "--port", str(port), "--scenarios", str(PAGE)]
    command += ["--speed", speed]
    with subprocess.Popen([*command, "--log-format", "off"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if "listens on" in line)
        try:
            yield process
        finally:
            process.kill()
            process.stdout.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(params=["fetch", "openai-node"])
def page(request: pytest.FixtureRequest, browser: Any, site: str) -> Iterator[Any]:
    """The page, which asks port `page.port`."""
    if request.param == "openai-node" and not SDK.is_dir():
        pytest.skip("no openai-node: npm install --prefix tests/node")
    page, port = browser.new_page(), free_port()
    page.port = port
    page.set_default_timeout(1000 * PATIENCE)
    base = f"http://127.0.0.1:{port}/v1/projects/p/locations/global/endpoints/openapi"
    sdk = "&sdk=/tests/node/node_modules/openai/index.mjs" if request.param == "openai-node" else ""
    page.goto(f"{site}/docs/examples/chat/index.html?base={base}{sdk}")
    yield page
    page.close()


def say(page: Any, text: str) -> None:
    page.fill("input", text)
    page.click("form button")


def test_a_page_shows_all_that_comes(page: Any, tmp_path: Path) -> None:
    with serving(page.port):
        say(page, "Tell me a riddle")
        page.wait_for_selector("text=A piano.")
        assert page.inner_text(".thought") == "The user likes riddles. A short one will do."
        say(page, "How is the weather?")
        page.wait_for_selector("text=It is 21 °C in Paris.")
        assert page.inner_text(".call") == 'get_weather({"city":"Paris"})'
        say(page, "Draw a lighthouse")
        page.wait_for_selector("text=Here is your lighthouse.")
        page.wait_for_function("document.querySelector('img')?.naturalWidth === 512")
        page.screenshot(path=tmp_path / "page.png", full_page=True)
        assert page.locator(".broken").count() == 0


def test_a_page_survives_a_stream_that_is_cut(page: Any) -> None:
    with serving(page.port, speed="0.1") as process:  # so slow that it is cut long before its end
        say(page, "Tell me a story")
        page.wait_for_function("document.querySelector('.assistant')?.textContent.length > 20")
        process.kill()
        page.wait_for_selector(".broken")
    half = page.inner_text(".assistant")
    with serving(page.port):
        page.click("text=Try again")
        longer = "length => document.querySelectorAll('.assistant')[1]?.textContent.length > length"
        page.wait_for_function(longer, arg=len(half) + 20)
        assert page.locator(".assistant").nth(1).inner_text().startswith(half)
