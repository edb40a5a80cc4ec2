"""Local emulator of the OpenAI-compatible Chat Completions API of Vertex AI."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.app import create_app
    from emulator.server import Emulator
    from emulator.session import Session

__version__ = "0.1.0"
__all__ = ["Emulator", "Session", "__version__", "create_app"]

_HOMES = {"create_app": "emulator.app", "Emulator": "emulator.server", "Session": "emulator.session"}


def __getattr__(name: str) -> object:
    """Importing the package imports nothing heavy: its parts are loaded when first named."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
