"""Local emulator of the OpenAI-compatible Chat Completions API of Vertex AI."""

from typing import TYPE_CHECKING

from gemulator.core.version import __version__

if TYPE_CHECKING:
    from gemulator.client.admin import Admin, AdminError
    from gemulator.client.embedded import Emulator
    from gemulator.client.session import Session
    from gemulator.core.errors import ScenarioError, Unsatisfiable
    from gemulator.core.settings import SettingError, Settings
    from gemulator.generate.json_schema import problem_with, value_for
    from gemulator.server.app import create_app

__all__ = [
    "Admin",
    "AdminError",
    "Emulator",
    "ScenarioError",
    "Session",
    "SettingError",
    "Settings",
    "Unsatisfiable",
    "__version__",
    "create_app",
    "problem_with",
    "value_for",
]

_MODULES = {
    "Admin": "gemulator.client.admin",
    "AdminError": "gemulator.client.admin",
    "Emulator": "gemulator.client.embedded",
    "ScenarioError": "gemulator.core.errors",
    "Session": "gemulator.client.session",
    "SettingError": "gemulator.core.settings",
    "Settings": "gemulator.core.settings",
    "Unsatisfiable": "gemulator.core.errors",
    "create_app": "gemulator.server.app",
    "problem_with": "gemulator.generate.json_schema",
    "value_for": "gemulator.generate.json_schema",
}


def __getattr__(name: str) -> object:
    """Import a public name on first use, so that importing the package stays light."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_MODULES[name]), name)
