"""Projects whose tests use the plugin, run by pytest in a process of their own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from _pytest.pytester import LineMatcher

PREAMBLE = """
import pytest
from openai import BadRequestError, RateLimitError

def ask(session, text, retries=0):
    client = session.openai(max_retries=retries)
    answer = client.chat.completions.create(model="google/m", messages=[{"role": "user", "content": text}])
    return answer.choices[0].message.content
"""
INI = """
[pytest]
addopts = -p no:randomly -p no:cacheprovider -p no:schemathesis -p no:hypothesispytest
asyncio_default_fixture_loop_scope = function
"""


def run(folder: Path, tests: Mapping[str, str], *options: str, ini: str = "", **variables: str) -> LineMatcher:
    """Return the report of a project with these test files, run in a process where the entry point loads the plugin."""
    folder.joinpath("pytest.ini").write_text(INI + ini)
    folder.joinpath("wrong.yaml").write_text("turns: 7")
    folder.joinpath("right.yaml").write_text("turns: [{ when: { user: hello }, reply: From the file. }]")
    for name, text in tests.items():
        folder.joinpath(f"test_{name.replace(' ', '_')}.py").write_text(PREAMBLE + dedent(text))
    command = [sys.executable, "-m", "pytest", *options]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV", "GEMULATOR"))}
    said = subprocess.run(command, cwd=folder, env=clean | variables, capture_output=True, text=True, check=False)
    return LineMatcher((said.stdout + said.stderr).splitlines())
