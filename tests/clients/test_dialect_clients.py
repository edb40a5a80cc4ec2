"""LiteLLM and LangChain, unmodified, over a real port.

They live in an environment of their own (requirements-frameworks.txt), which GEMULATOR_CLIENTS names or which is
`.venv-clients` in the project.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gemulator import Emulator

HERE = Path(__file__).parent
CLIENTS = Path(os.environ.get("GEMULATOR_CLIENTS") or HERE.parent.parent / ".venv-clients")
PYTHON = CLIENTS / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(),
    reason="no clients: python -m venv .venv-clients && .venv-clients/bin/pip install"
    " -r tests/clients/requirements-frameworks.txt",
)


@pytest.fixture(scope="module")
def inventing() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


def through(script: str, emulator: Emulator) -> dict[str, Any]:
    command = [str(PYTHON), str(HERE / script), emulator.base_url]
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return seen


def test_litellm_on_its_vertex_route_and_its_plain_one(inventing: Emulator) -> None:
    seen = through("through_litellm.py", inventing)
    for route in ("vertex", "plain", "partner"):
        unary, stream = seen[route], seen[f"{route} stream"]
        assert unary["content"]
        assert (unary["content"], unary["finish"]) == (stream["content"], stream["finish"])
        assert unary["tokens"] > 5
    assert seen["vertex"]["content"] != seen["partner"]["content"]
    assert seen["partner"]["reasoning"]
    assert seen["partner"]["reasoning"] == seen["partner stream"]["reasoning"]
    assert (seen["vertex tools"]["calls"], seen["vertex tools"]["finish"]) == (["get_weather"], "tool_calls")


def test_langchain_reads_the_reasoning(inventing: Emulator) -> None:
    for answers in through("through_langchain.py", inventing).values():
        unary, stream = answers["unary"], answers["stream"]
        assert unary["reasoning"]
        assert (unary["content"], unary["reasoning"]) == (stream["content"], stream["reasoning"])
        assert [set(call) for call in answers["tools"]["calls"]] == [{"city"}]
