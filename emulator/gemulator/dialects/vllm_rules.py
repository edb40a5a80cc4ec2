"""What vLLM refuses in a request that it could read, in its own words (fidelity.md, vLLM)."""

from collections.abc import Iterator
from itertools import chain

from gemulator.core.plan import Failure, Plan, invalid
from gemulator.dialects.vllm_fields import misfit
from gemulator.dialects.vllm_guided_decoding import objections
from gemulator.request.body import ChatRequest
from gemulator.service.guided_decoding import MOST_CANDIDATES
from gemulator.service.serving_profile import ServingProfile

_TOP_LOGPROBS = 20  # the container's --max-logprobs


def objection(plan: Plan, request: ChatRequest, voice: ServingProfile) -> Failure | None:
    """The first thing that vLLM would not serve; `field` becomes its `param`."""
    if voice.only_served and request.model not in {"", voice.served}:
        return Failure(404, "NOT_FOUND", f"The model `{request.model}` does not exist.", field="model")
    if (wrong := misfit(request)) is not None:
        return invalid(wrong.message, wrong.field, wrong)
    for field, message in chain(
        _validated(request),
        _candidates(request, voice),
        _ranges(request),
        objections(request),
        _window(plan, request, voice),
    ):
        return Failure(400, "INVALID_ARGUMENT", message, field=field)
    return None


def _candidates(request: ChatRequest, voice: ServingProfile) -> Iterator[tuple[str | None, str]]:
    number, best = 1 if request.n is None else request.n, request.extra_fields.get("best_of")
    if number < 1:
        yield None, f"n must be at least 1, got {number}."
    if number > MOST_CANDIDATES:
        advice = "To increase this limit, set the VLLM_MAX_N_SEQUENCES environment variable."
        yield None, f"n must be at most {MOST_CANDIDATES}, got {number}. {advice}"
    if voice.version == "0.6" and isinstance(best, int) and best < number:
        yield "best_of", f"best_of must be greater than or equal to n, got n={number} and best_of={best}."


def _ranges(request: ChatRequest) -> Iterator[tuple[str, str]]:
    for name in ("presence_penalty", "frequency_penalty"):
        penalty = getattr(request, name)
        if penalty is not None and not -2 <= penalty <= 2:
            yield name, f"{name} must be in [-2, 2], got {penalty}."
    if request.temperature is not None and request.temperature < 0:
        yield "temperature", f"temperature must be non-negative, got {request.temperature}."
    if request.top_p is not None and not 0 < request.top_p <= 1:
        yield "top_p", f"top_p must be in (0, 1], got {request.top_p}."
    limit, least = request.token_limit, request.extra_fields.get("min_tokens")
    if limit is not None and limit < 1:
        yield "max_tokens", f"max_tokens must be at least 1, got {limit}."
    if isinstance(least, int) and limit is not None and least > limit:
        yield "min_tokens", f"min_tokens must be less than or equal to max_tokens={limit}, got {least}."


def _validated(request: ChatRequest) -> Iterator[tuple[str, str]]:
    """What is looked at while the request is read, before the rest."""
    if request.stream_options and not request.stream:
        yield "stream_options", "Stream options can only be defined when `stream=True`."
    yield from _weights(request)


def _weights(request: ChatRequest) -> Iterator[tuple[str, str]]:
    top, prompt = request.top_logprobs or 0, request.extra_fields.get("prompt_logprobs") or 0
    if request.stream and prompt:
        yield "prompt_logprobs", "`prompt_logprobs` are not available when `stream=True`."
    numbers = [("prompt_logprobs", "prompt", prompt)] if isinstance(prompt, int) else []
    for name, kind, number in (*numbers, ("top_logprobs", "sample", top)):
        if number < -1:
            yield name, f"`{name}` must be a positive value or -1."
        if number > _TOP_LOGPROBS:
            field = "logprobs" if kind == "sample" else name
            yield field, f"Requested {kind} logprobs of {number}, which is greater than max allowed: {_TOP_LOGPROBS}"
    if top and not request.logprobs:
        yield "top_logprobs", "when using `top_logprobs`, `logprobs` must be set to true."


def _window(plan: Plan, request: ChatRequest, voice: ServingProfile) -> Iterator[tuple[str, str]]:
    prompt, limit = plan.usage.prompt_tokens, request.token_limit
    if voice.context is None:
        return
    head = f"This model's maximum context length is {voice.context} tokens"
    if prompt >= voice.context:
        advice = "Please reduce the length of the input messages."
        yield "messages", f"{head}. However, your request has {prompt} input tokens. {advice}"
    elif limit is not None and prompt + limit > voice.context:
        room = f"({limit} > {voice.context} - {prompt})"
        large = f"'max_tokens' or 'max_completion_tokens' is too large: {limit}."
        yield "max_tokens", f"{large} {head} and your request has {prompt} input tokens {room}."
