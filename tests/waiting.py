"""Polling and time limits that no busy machine exceeds."""

import time
from collections.abc import Callable

PATIENCE = 120.0  # seconds: a limit on hangs, far above what any step takes


def until(holds: Callable[[], object], patience: float = PATIENCE) -> None:
    """Poll until `holds()` is true. AssertionError if it never is."""
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end, f"not true within {patience:g} s"
        time.sleep(0.01)
