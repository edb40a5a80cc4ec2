"""Memory that a server returns."""

import platform
import subprocess
import sys
import threading

import pytest

from gemulator.server import freed_memory
from tests.waiting import PATIENCE

FREEING = """
import sys
from pathlib import Path
from gemulator.server.freed_memory import set_limits

def resident():
    return int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0])

if sys.argv[1] == "set":
    set_limits()
before = resident()
larger = bytes(30_000_000)
del larger  # from now on, glibc keeps buffers of such sizes
pairs = [(bytearray(1_000_000), bytearray(2_000)) for _ in range(100)]
small = [pair[1] for pair in pairs]
del pairs
print(resident() - before)
"""


def _kept(limits: str) -> int:
    """Kilobytes that a process keeps of 100 MB that it has freed."""
    command = [sys.executable, "-c", FREEING, limits]
    return int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout)


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc only")
def test_large_buffers_among_small_ones_are_returned() -> None:
    assert _kept("set") < 30_000 < _kept("default")


def test_limits_are_set_beside_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    done, threads = threading.Event(), list[threading.Thread]()

    def recorded() -> None:
        threads.append(threading.current_thread())
        done.set()

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(freed_memory, "set_limits", recorded)
    freed_memory.return_freed_memory()
    assert done.wait(PATIENCE)
    assert threads != [threading.current_thread()]
