"""Folders of the shipped scenarios and of the user's state."""

import errno
import os
from pathlib import Path


def shipped_scenarios() -> Path:
    """Return the folder of the shipped scenarios: inside a wheel, or beside the package in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "_scenarios"
    return inside if inside.is_dir() else package.parents[1] / "scenarios"


def default_state_dir() -> Path:
    """Return the user's state folder for gemulator. Raises OSError if the user has no home directory."""
    try:
        home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    except RuntimeError:
        raise OSError(errno.ENOENT, "the user has no home directory: set HOME, or --state to a folder") from None
    return Path(home) / "gemulator"
