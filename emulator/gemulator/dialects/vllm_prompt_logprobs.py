"""What vLLM says of the prompt's own tokens when `prompt_logprobs` asks for it."""

from itertools import chain, repeat
from typing import Any

from gemulator.core.plan import Plan
from gemulator.core.seed import Seed
from gemulator.dialects.open_models import weighed
from gemulator.generate.token_count import pieces
from gemulator.request.body import ChatRequest

_VOCABULARY = 151_643
_TEMPLATE = "<|im_end|>"  # what stands for the tokens that the chat template adds, and for media


def prompt_logprobs(plan: Plan, request: ChatRequest, seed: Seed) -> list[dict[str, Any] | None] | None:
    """One entry a prompt token, by token id; the first has none, as nothing comes before it. None: not asked."""
    top = request.extra_fields.get("prompt_logprobs")
    if not isinstance(top, int) or isinstance(top, bool):
        return None
    words = (token for message in request.messages for token in pieces(message.text, 1))
    tokens = [token for token, _ in zip(chain(words, repeat(_TEMPLATE)), range(plan.usage.prompt_tokens), strict=False)]
    entries = [_entry(weight["top_logprobs"]) for weight in weighed(tokens, top + 1, seed.child("prompt"))]
    return [None, *entries[1:]] if entries else []


def _entry(weights: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        str(token_id(weight["token"])): {"logprob": weight["logprob"], "rank": rank, "decoded_token": weight["token"]}
        for rank, weight in enumerate(weights, start=1)
    }


def token_id(token: str) -> int:
    """The number of a token in a vocabulary that is always the same."""
    return Seed.root("vocabulary", token).below(_VOCABULARY)
