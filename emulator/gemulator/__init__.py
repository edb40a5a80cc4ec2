"""Local emulator of the OpenAI-compatible Chat Completions API of Vertex AI."""

from typing import TYPE_CHECKING

from gemulator.core.version import __version__

if TYPE_CHECKING:
    from gemulator.client.admin import Admin, AdminError
    from gemulator.client.embedded import Emulator
    from gemulator.client.recorded_request import RecordedRequest
    from gemulator.client.session import Session
    from gemulator.client.stubs import Stub
    from gemulator.core.errors import Problem, ScenarioError, Unsatisfiable
    from gemulator.core.setting_error import SettingError
    from gemulator.core.settings import Settings
    from gemulator.generate.json_schema import problem_with, value_for
    from gemulator.server.app import create_app

__all__ = [
    "Admin",
    "AdminError",
    "Emulator",
    "Problem",
    "RecordedRequest",
    "ScenarioError",
    "Session",
    "SettingError",
    "Settings",
    "Stub",
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
    "Problem": "gemulator.core.errors",
    "RecordedRequest": "gemulator.client.recorded_request",
    "ScenarioError": "gemulator.core.errors",
    "Session": "gemulator.client.session",
    "SettingError": "gemulator.core.setting_error",
    "Settings": "gemulator.core.settings",
    "Stub": "gemulator.client.stubs",
    "Unsatisfiable": "gemulator.core.errors",
    "create_app": "gemulator.server.app",
    "problem_with": "gemulator.generate.json_schema",
    "value_for": "gemulator.generate.json_schema",
}


def __getattr__(name: str) -> object:
    """Import a public name on first use, so that importing the package stays light."""
    __tracebackhide__ = True
    from importlib import import_module

    if name not in _MODULES:
        # obj is None, as the interpreter would add the same hint to that of the module.
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{_hint(name)}", name=name, obj=None)
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    """Return the names of the package with those that are not imported yet."""
    return sorted({*globals(), *__all__})


def _hint(name: str) -> str:
    if name.startswith("__"):  # asked for by the import system and by inspection
        return ""
    from difflib import get_close_matches

    near = {one.lower(): one for one in __all__}
    found = get_close_matches(name.lower(), near, 1)
    return f". Did you mean {near[found[0]]!r}?" if found else ""
