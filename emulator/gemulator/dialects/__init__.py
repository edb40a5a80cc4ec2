"""Response formats of the emulated servers."""

from collections.abc import Callable, Mapping

from gemulator.dialects.dialect import Dialect, RawHeaders, Style
from gemulator.dialects.gemini import Gemini
from gemulator.dialects.partner import Partner
from gemulator.dialects.tgi import Tgi
from gemulator.dialects.vllm import Vllm
from gemulator.service.serving_profile import DEFAULT_PROFILE, ServingProfile

# Each creates the dialect of one model from its serving profile in the catalog.
DIALECTS: Mapping[str, Callable[[ServingProfile], Dialect]] = {
    "gemini": Gemini,
    "partner": Partner,
    "tgi": Tgi,
    "vllm": Vllm,
}

# Google's front end refuses requests before they reach a model.
FRONT_END: Dialect = Gemini(DEFAULT_PROFILE)

__all__ = ["DIALECTS", "FRONT_END", "Dialect", "RawHeaders", "Style"]
