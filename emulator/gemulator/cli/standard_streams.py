"""Standard streams that were closed before the start."""

import os
import sys
from pathlib import Path


def open_standard_streams() -> None:
    """Open the null device for each closed stream: libuv aborts if a socket gets its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115
