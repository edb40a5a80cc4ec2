"""A project that knows only the public API, run in every way that projects are run."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CONSUMER = Path(__file__).parent / "consumer"
ROOT = CONSUMER.parents[2]
# What would lead the project somewhere else than its own options do.
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV", "GEMULATOR"))}


def run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=CONSUMER, env=CLEAN, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """A server in a process of its own."""
    command = [sys.executable, "-m", "gemulator", "serve", "--port", "0", "--log-format", "off"]
    with subprocess.Popen(command, env=CLEAN, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = next(found[1] for line in process.stdout if (found := re.search(r"listens on (http://\S+)", line)))
        yield url
        process.terminate()
        process.stdout.read()


@pytest.mark.parametrize(
    "options",
    [["-p", "no:randomly"], ["-p", "randomly", "-p", "xdist", "-n", "4"], ["-p", "randomly", "-p", "no:xdist"]],
    ids=["plain", "four workers", "random order"],
)
def test_its_tests_pass(options: list[str]) -> None:
    assert re.search(r"\n2\d passed", run("pytest", "-q", *options))


def test_its_tests_pass_against_another_process(elsewhere: str) -> None:
    assert re.search(r"\n2\d passed", run("pytest", "-q", "--gemulator-url", elsewhere, "-n", "2"))


def test_its_types_fit() -> None:
    assert "Success" in run("mypy", "--cache-dir", str(ROOT / ".mypy_cache" / "consumer"))
