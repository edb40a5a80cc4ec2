"""Request validation with vLLM's messages (fidelity.md, vLLM)."""

from collections.abc import Callable, Iterator
from itertools import chain

from msgspec.structs import replace

from gemulator.core.plan import Failure, invalid
from gemulator.dialects.dialect import container_failure
from gemulator.dialects.vllm_fields import find_invalid_field
from gemulator.dialects.vllm_guided_decoding import constraint_errors
from gemulator.request.body import ChatRequest
from gemulator.service.guided_decoding import MAX_CANDIDATES
from gemulator.service.serving_profile import ServingProfile

_MAX_LOGPROBS = 20  # the container's --max-logprobs


def validate(request: ChatRequest, prompt_tokens: Callable[[], int], profile: ServingProfile) -> Failure | None:
    """Return vLLM's first refusal of a request, or None; `field` becomes its `param`."""
    if profile.only_served and request.model not in {"", profile.served}:
        message = f"The model `{request.model}` does not exist."
        failure = container_failure("vLLM", 404, message, "model", "NOT_FOUND")
        return replace(failure, remedy=f"name the served model, {profile.served}, or none")
    if (invalid_field := find_invalid_field(request)) is not None:
        cause, remedy = invalid_field.hint
        return invalid(invalid_field.message, invalid_field.field, invalid_field, cause=cause, remedy=remedy)
    for field, message in chain(
        _parse_errors(request),
        _candidate_errors(request, profile),
        _range_errors(request),
        constraint_errors(request),
        _context_errors(request, prompt_tokens, profile),
    ):
        return container_failure("vLLM", 400, message, field)
    return None


def _candidate_errors(request: ChatRequest, profile: ServingProfile) -> Iterator[tuple[str | None, str]]:
    number, best = 1 if request.n is None else request.n, request.extra_fields.get("best_of")
    if number < 1:
        yield None, f"n must be at least 1, got {number}."
    if number > MAX_CANDIDATES:
        advice = "To increase this limit, set the VLLM_MAX_N_SEQUENCES environment variable."
        yield None, f"n must be at most {MAX_CANDIDATES}, got {number}. {advice}"
    if profile.version == "0.6" and isinstance(best, int) and best < number:
        yield "best_of", f"best_of must be greater than or equal to n, got n={number} and best_of={best}."


def _range_errors(request: ChatRequest) -> Iterator[tuple[str, str]]:
    for name in ("presence_penalty", "frequency_penalty"):
        penalty = getattr(request, name)
        if penalty is not None and not -2 <= penalty <= 2:
            yield name, f"{name} must be in [-2, 2], got {penalty}."
    if request.temperature is not None and request.temperature < 0:
        yield "temperature", f"temperature must be non-negative, got {request.temperature}."
    if request.top_p is not None and not 0 < request.top_p <= 1:
        yield "top_p", f"top_p must be in (0, 1], got {request.top_p}."
    limit = request.token_limit
    if limit is not None and limit < 1:
        yield "max_tokens", f"max_tokens must be at least 1, got {limit}."
    if limit is not None:
        yield from _minimum_errors(request, limit)


def _minimum_errors(request: ChatRequest, limit: int) -> Iterator[tuple[str, str]]:
    minimum = request.extra_fields.get("min_tokens")
    if isinstance(minimum, int) and minimum > limit:
        yield "min_tokens", f"min_tokens must be less than or equal to max_tokens={limit}, got {minimum}."


def _parse_errors(request: ChatRequest) -> Iterator[tuple[str, str]]:
    """Yield the errors that vLLM finds while it parses the request, before all others."""
    if request.stream_options and not request.stream:
        yield "stream_options", "Stream options can only be defined when `stream=True`."
    yield from _logprobs_errors(request)


def _logprobs_errors(request: ChatRequest) -> Iterator[tuple[str, str]]:
    top, prompt = request.top_logprobs or 0, request.extra_fields.get("prompt_logprobs") or 0
    if request.stream and prompt:
        yield "prompt_logprobs", "`prompt_logprobs` are not available when `stream=True`."
    numbers = [("prompt_logprobs", "prompt", prompt)] if isinstance(prompt, int) else []
    for name, kind, number in (*numbers, ("top_logprobs", "sample", top)):
        if number < -1:
            yield name, f"`{name}` must be a positive value or -1."
        if number > _MAX_LOGPROBS:
            field = "logprobs" if kind == "sample" else name
            yield field, f"Requested {kind} logprobs of {number}, which is greater than max allowed: {_MAX_LOGPROBS}"
    if top and not request.logprobs:
        yield "top_logprobs", "when using `top_logprobs`, `logprobs` must be set to true."


def _context_errors(
    request: ChatRequest, prompt_tokens: Callable[[], int], profile: ServingProfile
) -> Iterator[tuple[str, str]]:
    if profile.context is None:
        return
    prompt, limit = prompt_tokens(), request.token_limit
    head = f"This model's maximum context length is {profile.context} tokens"
    if prompt >= profile.context:
        advice = "Please reduce the length of the input messages."
        yield "messages", f"{head}. However, your request has {prompt} input tokens. {advice}"
    elif limit is not None and prompt + limit > profile.context:
        room = f"({limit} > {profile.context} - {prompt})"
        large = f"'max_tokens' or 'max_completion_tokens' is too large: {limit}."
        yield "max_tokens", f"{large} {head} and your request has {prompt} input tokens {room}."
    elif limit is None:
        yield from _minimum_errors(request, profile.context - prompt)  # the server's default of `max_tokens`
