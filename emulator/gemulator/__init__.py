"""Local emulator of the OpenAI-compatible Chat Completions API of Vertex AI."""

from typing import TYPE_CHECKING

from gemulator.core.version import __version__

if TYPE_CHECKING:
    from gemulator.client.embedded import Emulator
    from gemulator.client.session import Session
    from gemulator.server.app import create_app

__all__ = ["Emulator", "Session", "__version__", "create_app"]

_HOMES = {
    "create_app": "gemulator.server.app",
    "Emulator": "gemulator.client.embedded",
    "Session": "gemulator.client.session",
}


def __getattr__(name: str) -> object:
    """Import a public name on first use, so that importing the package stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
