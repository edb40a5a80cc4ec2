"""The compose file, driven by its own commands in a project of this run."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
_COMPOSE = ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]


def run(*command: str, folder: Path = ROOT, variables: Mapping[str, str] | None = None) -> str:
    """What a command prints. AssertionError shows all of it where it fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | (variables or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


class Project:
    """The services of some profiles under a name of their own."""

    def __init__(self, profile: str, **variables: str) -> None:
        self._words = [*_COMPOSE, "--profile", profile]
        self._variables = {"COMPOSE_PROJECT_NAME": f"gemulator-{profile}", **variables}

    def compose(self, *words: str) -> str:
        return run(*self._words, *words, variables=self._variables)

    def containers(self, service: str) -> Sequence[str]:
        return self.compose("ps", "--quiet", service).split()


@contextmanager
def project(profile: str, *services: str, **variables: str) -> Iterator[Project]:
    """Services that are up, until the end."""
    made = Project(profile, **variables)
    try:
        made.compose("up", "--detach", "--no-build", *services)
        yield made
    finally:
        made.compose("down", "--volumes", "--timeout", "1")


def until(holds: Callable[[], object], what: str, seconds: float = 300) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)


def answers(url: str) -> bool:
    """Whether an emulator at `url` is ready."""
    try:
        return httpx.get(f"{url}/__emulator/ready", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
