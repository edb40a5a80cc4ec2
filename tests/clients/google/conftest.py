"""Google's libraries, each client in a process of its own. What is not installed is skipped, with the remedy."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from gemulator import Emulator

HERE = Path(__file__).parent
ROOT = HERE.parent.parent.parent
PROGRAMS = HERE / "programs"

Run: TypeAlias = Callable[..., str]


def run(*command: str | Path, **environment: str) -> str:
    """What a command prints; its environment is these variables and nothing else. It must not fail."""
    around = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **environment}
    ended = subprocess.run(command, env=around, capture_output=True, text=True, check=False, timeout=1800)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return ended.stdout


@pytest.fixture(scope="session")
def python() -> Path:
    """The interpreter that has requirements-frameworks.txt."""
    found = Path(os.environ.get("GEMULATOR_CLIENTS") or ROOT / ".venv-clients") / "bin" / "python"
    if not found.exists():
        pytest.skip("no .venv-clients: make one and install tests/clients/requirements-frameworks.txt")
    return found


@pytest.fixture(scope="session")
def node() -> str:
    found = shutil.which("node")
    if found is None or not (HERE.parent / "node_modules" / "google-auth-library").is_dir():
        pytest.skip("no node with google-auth-library: npm install --prefix tests/clients")
    return found


@pytest.fixture(scope="session")
def gcloud() -> str:
    found = shutil.which("gcloud")
    if found is None:
        pytest.skip("gcloud is not installed")
    return found


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="session")
def guarded(state: Path) -> Iterator[Emulator]:
    """It has every door, and wants live tokens."""
    with Emulator(auth="token", tls=True, proxy_port=0, state=state) as emulator:
        yield emulator
