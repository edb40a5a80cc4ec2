"""Prompt logprobs of vLLM."""

from itertools import chain, repeat
from typing import Any

from gemulator.core.plan import Plan
from gemulator.core.seed import Seed
from gemulator.dialects.open_models import token_logprobs
from gemulator.generate.token_count import pieces
from gemulator.request.body import ChatRequest

_VOCABULARY = 151_643
_TEMPLATE = "<|im_end|>"  # placeholder for media and the tokens of the chat template


def prompt_logprobs(plan: Plan, request: ChatRequest, seed: Seed) -> list[dict[str, Any] | None] | None:
    """Return one entry per prompt token, keyed by token id, or None if the request has no `prompt_logprobs`.

    The first entry is None, because no token precedes it.
    """
    top = request.extra_fields.get("prompt_logprobs")
    if not isinstance(top, int) or isinstance(top, bool):
        return None
    texts = (token for message in request.messages for token in pieces(message.text, 1))
    tokens = [token for token, _ in zip(chain(texts, repeat(_TEMPLATE)), range(plan.usage.prompt_tokens), strict=False)]
    entries = [_entry(logprob["top_logprobs"]) for logprob in token_logprobs(tokens, top + 1, seed.child("prompt"))]
    return [None, *entries[1:]] if entries else []


def _entry(logprobs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        str(token_id(one["token"])): {"logprob": one["logprob"], "rank": rank, "decoded_token": one["token"]}
        for rank, one in enumerate(logprobs, start=1)
    }


def token_id(token: str) -> int:
    """Return the id of a token in a constant vocabulary."""
    return Seed.root("vocabulary", token).below(_VOCABULARY)
