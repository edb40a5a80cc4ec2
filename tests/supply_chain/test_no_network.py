"""Network access at import and start, which must not happen."""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.waiting import PATIENCE

# Ends the process at the first name that it resolves or connection that it opens. Those of uvloop would not show.
FORBIDDING = """
import os, sys

def forbid(event, arguments):
    if event in FORBIDDEN:
        os.write(2, f"forbidden: {event} {arguments}\\n".encode())
        os._exit(97)

FORBIDDEN = {
    "socket.connect", "socket.getaddrinfo", "socket.gethostbyaddr", "socket.gethostbyname", "socket.getnameinfo",
    "socket.sendmsg", "socket.sendto",
}
sys.modules["uvloop"] = None
sys.addaudithook(forbid)
"""
IMPORTS = """
import importlib, pkgutil
import gemulator

for module in pkgutil.walk_packages(gemulator.__path__, "gemulator."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""
SERVE = """
from gemulator.cli import main
main(["serve", "--port", "0", "--tls", "--tls-port", "0", "--auth", "open", "--state", sys.argv[1]])
"""


def test_forbidden_connection_ends_the_process() -> None:
    for access in ("socket.create_connection(('127.0.0.1', 9))", "socket.getaddrinfo('localhost', 80)"):
        shown = subprocess.run([sys.executable, "-c", f"{FORBIDDING}\nimport socket\n{access}"], check=False)
        assert shown.returncode == 97


@pytest.mark.slow
def test_no_module_uses_the_network_when_imported() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", FORBIDDING + IMPORTS], capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert (shown.returncode, shown.stderr) == (0, "")


@pytest.mark.slow
def test_server_starts_answers_and_stops_without_the_network(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", FORBIDDING + SERVE, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        greeting = "".join(process.stdout.readline() for _ in range(3))
        url = re.search(r"OPENAI_BASE_URL=(\S+/openapi)", greeting)
        assert url, process.communicate()[1]
        body = {"model": "google/m", "messages": [{"role": "user", "content": "Hi"}]}
        assert httpx.post(f"{url[1]}/chat/completions", json=body).status_code == 200
    finally:
        process.terminate()
        _, logged = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "forbidden" not in logged
