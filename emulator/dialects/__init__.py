"""How the servers behind the endpoints word their answers."""

from collections.abc import Mapping

from emulator.dialects.dialect import Dialect, Headers, Style
from emulator.dialects.gemini import Gemini

DIALECTS: Mapping[str, Dialect] = {"gemini": Gemini()}

__all__ = ["DIALECTS", "Dialect", "Headers", "Style"]
