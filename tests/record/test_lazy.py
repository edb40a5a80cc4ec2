"""A server without an upstream imports nothing of forwarding; one without the extra says what to install."""

import subprocess
import sys

import pytest

WITHOUT = """
import sys, gemulator
gemulator.create_app()
print(sorted({"httpx", "gemulator.record", "google.auth"} & {*sys.modules}))
"""
MISSING = """
import sys
sys.modules["{module}"] = None
from gemulator import Emulator
Emulator(scenarios="none", upstream="vertex", upstream_auth="{auth}").start()
"""


@pytest.mark.slow
def test_server_without_an_upstream_imports_no_client() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.slow
@pytest.mark.parametrize(("module", "auth"), [("httpx", "none"), ("google.auth", "adc")])
def test_missing_extra_is_named(module: str, auth: str) -> None:
    code = MISSING.format(module=module, auth=auth)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "SettingError" in done.stderr
    assert "pip install 'gemulator[record]'" in done.stderr
