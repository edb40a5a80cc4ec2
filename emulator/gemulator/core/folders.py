"""Folders of scenarios and of the user's state."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

OWN_SCENARIOS = Path("scenarios")
"""Folder of the user's scenarios, in the working directory."""


def default_scenarios() -> Path:
    """Return the user's folder if there is one, else that of the shipped scenarios."""
    return OWN_SCENARIOS if OWN_SCENARIOS.is_dir() else shipped_scenarios()


def own_scenarios() -> Sequence[Path]:
    """Return the user's folder; nothing if there is none or if it is the shipped one, as in a checkout."""
    is_own = OWN_SCENARIOS.is_dir() and not shipped_scenarios().samefile(OWN_SCENARIOS)
    return (OWN_SCENARIOS,) if is_own else ()


def are_examples(scenarios: Sequence[Path]) -> bool:
    """Return True if these are the shipped scenarios, which are served if there is no folder of the user."""
    return [*scenarios] == [shipped_scenarios()]


def folder_names(scenarios: Sequence[Path]) -> str:
    """Return folders and files of scenarios as a text."""
    return ", ".join(f"./{path}" if path == OWN_SCENARIOS else str(path) for path in scenarios) or "no folder"


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
