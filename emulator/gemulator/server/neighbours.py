"""Paths of the service beside the emulated ones."""

import re
from collections.abc import Sequence

from gemulator.core.version import __version__
from gemulator.request.target import target_of

CHAT_PATH = "/v1/projects/PROJECT/locations/LOCATION/endpoints/openapi/chat/completions"

_PARENT = "/(?:v1|v1beta1)/projects/[^/]+/locations/[^/]+"
# Methods of models and endpoints alike.
_METHODS = (
    "generateContent|streamGenerateContent|countTokens|computeTokens|predict|rawPredict|streamRawPredict"
    "|serverStreamingPredict|predictLongRunning|fetchPredictOperation"
)
# Resources of Vertex AI besides models and endpoints (fidelity.md, Neighbours).
_RESOURCES = (
    "batchPredictionJobs|customJobs|datasets|indexEndpoints|indexes|metadataStores|models|operations|pipelineJobs"
    "|ragCorpora|reasoningEngines|trainingPipelines|tuningJobs"
)
# Real paths that are not emulated, with their names.
_REAL: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (rf"{_PARENT}/endpoints/openapi/completions", "text completions"),
        (rf"{_PARENT}/endpoints/openapi/embeddings", "embeddings"),
        (rf"{_PARENT}/endpoints/openapi/responses", "the Responses API"),
        (
            rf"(?:{_PARENT}|/v1|/v1beta1)/publishers/[^/]+/models/[^/:]+:({_METHODS}|embedContent)",
            "the native method {}",
        ),
        (
            rf"{_PARENT}/endpoints/[^/:]+:({_METHODS}|directPredict|directRawPredict|explain)",
            "the method {} of endpoints",
        ),
        (rf"{_PARENT}/endpoints/[^/]+/invoke(?:/.*)?", "invoke of endpoints"),
        (rf"{_PARENT}/cachedContents(?:/[^/]+)?", "cached contents"),
        (rf"{_PARENT}/interactions(?:/.*)?", "the Interactions API"),
        (r"/v1beta1/publishers/[^/]+/models/?", "Google's model catalogue"),
        (r"/(?:v1|v1beta1)/publishers/[^/]+/models/[^/:]+", "an entry of Google's model catalogue"),
        (rf"{_PARENT}/({_RESOURCES})(?:[/:].*)?", "the resource {}"),
    )
)
_EMULATED = (
    "emulated are POST .../endpoints/openapi/chat/completions and .../endpoints/ENDPOINT/chat/completions, GET"
    " .../endpoints/ENDPOINT, Google's token service and metadata server"
)


def path_hint(method: str, path: str) -> str:
    """Return what a path without a route is on the service, and how to go on."""
    if path == "/":
        return f"gemulator {__version__} is running: send a POST to {CHAT_PATH}"
    if target_of(path):
        return f"{method} is not supported here: send a POST"
    for pattern, name in _REAL:
        if found := pattern.fullmatch(path):
            return f"real, not emulated: {name.format(*found.groups())}; {_EMULATED}"
    return f"not real on the service: {_correction(path) or _EMULATED}"


def _correction(path: str) -> str | None:
    """Return how to correct a path, None if it resembles no known one."""
    if "//" in path:
        return _slash_hint(path, re.sub("/+", "/", path))
    if path.startswith("/projects/"):
        return "the path must begin with /v1 or /v1beta1"
    if path.startswith("/v1beta/"):
        return f"/v1beta belongs to generativelanguage.googleapis.com; here the path must be {CHAT_PATH}"
    if path.rstrip("/").endswith("/models"):
        return "an endpoint has no /models: name the model in the request"
    if path.rstrip("/").endswith(("/endpoints/openapi", "/endpoints")):
        return "append /chat/completions (SDKs append it to their base URL)"
    if path.endswith("/chat/completions"):
        return f"the path must be {CHAT_PATH}"
    return None


def _slash_hint(path: str, corrected: str) -> str | None:
    """Return the hint for doubled slashes: a superfluous slash, or an empty name as of an unset variable."""
    empty = [name for name in ("project", "location", "endpoint") if f"/{name}s//" in path]
    if target_of(corrected) is None and empty:
        return f"{' and '.join(f'the {name}' for name in empty)} in the path {'is' if len(empty) == 1 else 'are'} empty"
    return f"the path has a doubled slash: did you mean {_percent_encode(corrected)} ?"


def _percent_encode(path: str) -> str:
    from urllib.parse import quote

    return quote(path, safe="/:@")
