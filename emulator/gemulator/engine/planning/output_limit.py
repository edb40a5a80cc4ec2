"""Limit of the output that one request may ask for."""

from collections.abc import Callable

from gemulator.core.budget import Budget
from gemulator.core.errors import RequestError
from gemulator.core.plan import Failure, Media, Plan, ToolCall, own_failure
from gemulator.request.body import ChatRequest
from gemulator.request.conversation import Conversation

_MAX_UNITS = 1_000_000  # about a second of work: a unit is a token of text
_UNITS_PER_STEP = 10
_CANDIDATE = 250  # units of a candidate besides its tokens
_EVENTS = 500  # more for the events of its stream
_PROMPT_LETTERS = 30  # that are read in a unit, again for each further candidate
_PROBABILITY = 5  # units of the probability of a token, and of each alternative
_MAX_ALTERNATIVES = 30
_LETTERS_PER_TOKEN = 4
_LETTERS_PER_STEP = 150  # of a text that is rendered
_STEPS_PER_EVENT = 2
_FEW_STEPS = 500


def check_output(conversation: Conversation, candidates: int, tokens: int, budget: Budget) -> None:
    """Raise RequestError if so many candidates of so many tokens are too much."""
    request = conversation.request
    if candidates == 1 and not (tokens and (tokens > _CANDIDATE or request.logprobs)):
        return
    per_token = 1 + _probability_units(request.top_logprobs) if request.logprobs else 1
    each = _CANDIDATE + tokens * per_token + (_EVENTS if request.stream else 0)
    again = (candidates - 1) * (len(conversation.user_text) // _PROMPT_LETTERS)
    units = candidates * each + again
    if units > _MAX_UNITS:
        raise RequestError(_too_much(request, candidates, tokens))
    budget.expect(units // _UNITS_PER_STEP)


def check_prompt_probabilities(request: ChatRequest, prompt_tokens: Callable[[], int], budget: Budget) -> None:
    """Raise RequestError if the probabilities of the prompt are too much."""
    alternatives = request.extra_fields.get("prompt_logprobs") if request.extra_fields else None
    if not isinstance(alternatives, int):
        return
    units = prompt_tokens() * _probability_units(alternatives)
    if units <= _MAX_UNITS:
        budget.expect(units // _UNITS_PER_STEP)
        return
    asked = f"the request asks for the probabilities of the {prompt_tokens()} tokens of its prompt"
    message = f"{asked}, which is too much work. Lower prompt_logprobs or shorten the prompt."
    raise RequestError(own_failure(message))


def expect_rendering(plan: Plan, tokens_per_chunk: int, budget: Budget, *, stream: bool) -> None:
    """Raise WorkerNeeded if the bytes of the answer, mostly the events of a stream, take long to render."""
    steps = 0
    for choice in plan.choices:
        for part in choice.parts:
            if not isinstance(part, Media):
                length = len(part.arguments if isinstance(part, ToolCall) else part.text)
                events = len(part.fragments or ()) or length // (_LETTERS_PER_TOKEN * tokens_per_chunk)
                steps += length // _LETTERS_PER_STEP + (events * _STEPS_PER_EVENT if stream else 0)
    if steps > _FEW_STEPS:
        budget.expect(steps)


def _probability_units(alternatives: int | None) -> int:
    return _PROBABILITY * (1 + min(max(alternatives or 0, 0), _MAX_ALTERNATIVES))


def _too_much(request: ChatRequest, candidates: int, tokens: int) -> Failure:
    number = f"{candidates} answers" if candidates > 1 else "an answer"
    size = f" of {tokens} tokens or more" if tokens else ""
    probabilities = " with probabilities" if request.logprobs else ""
    causes = {"n": candidates > 1, "the length of the answers": tokens > 0, "top_logprobs": bool(request.logprobs)}
    advice = " or ".join(name for name, is_cause in causes.items() if is_cause)
    return own_failure(f"the request asks for {number}{size}{probabilities}, which is too much work. Lower {advice}.")
