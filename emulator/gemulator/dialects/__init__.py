"""How the servers behind the endpoints word their answers."""

from collections.abc import Callable, Mapping

from gemulator.dialects.dialect import Dialect, Headers, Style
from gemulator.dialects.gemini import Gemini
from gemulator.dialects.partner import Partner
from gemulator.dialects.tgi import Tgi
from gemulator.dialects.vllm import Vllm
from gemulator.service.serving_profile import PLAIN, ServingProfile

# Each makes the dialect of one model from its voice in the catalog.
DIALECTS: Mapping[str, Callable[[ServingProfile], Dialect]] = {
    "gemini": Gemini,
    "partner": Partner,
    "tgi": Tgi,
    "vllm": Vllm,
}

# Google's own front end refuses before any model is asked.
FRONT_END: Dialect = Gemini(PLAIN)

__all__ = ["DIALECTS", "FRONT_END", "Dialect", "Headers", "Style"]
