"""Response formats of the emulated servers."""

from collections.abc import Callable, Mapping

from gemulator.core.plan import Failure
from gemulator.delivery.steps import Chunk, Head
from gemulator.dialects.dialect import Dialect, RawHeaders, Style
from gemulator.dialects.gemini import Gemini, error_object
from gemulator.dialects.partner import Partner
from gemulator.dialects.tgi import Tgi
from gemulator.dialects.vllm import Vllm
from gemulator.request.target import Target
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


def refusal(dialect: Dialect, failure: Failure, target: Target) -> tuple[Head, Chunk]:
    """Return head and body of a refusal. gemulator's own is one object on every route, which all SDKs can read."""
    if not failure.own:
        return dialect.failure(failure, target)
    return Head(failure.status, ((b"content-type", b"application/json"),)), Chunk(error_object(failure))


__all__ = ["DIALECTS", "FRONT_END", "Dialect", "RawHeaders", "Style", "refusal"]
