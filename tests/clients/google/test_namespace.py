"""Nothing changed but the network: Google's names and the metadata server's address lead to the emulator."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.clients.google.conftest import PROGRAMS, ROOT

HOSTS = """127.0.0.1 localhost
127.0.0.1 us-central1-aiplatform.googleapis.com oauth2.googleapis.com sts.googleapis.com
127.0.0.1 metadata.google.internal metadata
"""
# A namespace has its own loopback: ports 80 and 443 and the address of the metadata server are free there.
SETUP = """
ip link set lo up && ip address add 169.254.169.254/32 dev lo && mount --bind "$1" /etc/hosts || exit 99
shift
exec "$@"
"""


def inside(hosts: Path, *command: str | Path) -> "subprocess.CompletedProcess[str]":
    wrapped = ["unshare", "--net", "--mount", "sh", "-c", SETUP, "sh", hosts, *command]
    return subprocess.run(wrapped, capture_output=True, text=True, check=False, timeout=1800)


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if os.name != "posix" or os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"):
        pytest.skip("a network namespace needs root, unshare and ip")
    file = tmp_path_factory.mktemp("etc") / "hosts"
    file.write_text(HOSTS)
    if (refused := inside(file, "true")).returncode:
        pytest.skip(f"no network namespace here: {refused.stderr.strip()}")
    return file


SERVE = ["exec", "--host=0.0.0.0", "--port=80", "--tls", "--tls-port=443", "--auth=token", "--adc=metadata"]
# What `exec` sets and a machine of Google's has not; only what says whom to trust is left.
UNSET = ("OPENAI_BASE_URL", "OPENAI_API_KEY", "GOOGLE_CLOUD_PROJECT", "GCE_METADATA_HOST", "GCE_METADATA_IP")
BARE = ["env", *(f"--unset={name}" for name in (*UNSET, "GCE_METADATA_ROOT"))]


def test_python(hosts: Path, python: Path, state: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "gemulator",
        *SERVE,
        "--state",
        str(state),
        *BARE,
        str(python),
        str(PROGRAMS / "official.py"),
    ]
    ended = inside(hosts, *command)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("demo ")
    assert "1 × google/gemini-3.5-flash" in ended.stderr


def test_node(hosts: Path, node: str, state: Path) -> None:
    command = [sys.executable, "-m", "gemulator", *SERVE, "--state", str(state), *BARE, node, str(PROGRAMS / "adc.js")]
    ended = inside(hosts, *command)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "Compute demo true\n"


def test_the_app_of_docker_compose(hosts: Path, state: Path) -> None:
    """What stands for the user's app there, with the names that its network would give."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    aliases = services["google"]["networks"]["default"]["aliases"]
    assert {"us-central1-aiplatform.googleapis.com", "metadata.google.internal"} <= set(aliases)
    program = services["app"]["command"][0]
    command = [sys.executable, "-m", "gemulator", *SERVE, "--state", str(state), *BARE, sys.executable, "-c", program]
    ended = inside(hosts, *command)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["object"] == "chat.completion"
