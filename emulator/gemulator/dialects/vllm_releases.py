"""Differences between vLLM releases (fidelity.md, vLLM)."""

from collections.abc import Mapping

from msgspec import Struct


class Release(Struct, frozen=True):
    """Format of a release: null fields, error nesting, and `reasoning`, the field for thoughts.

    A `reasoning` of None means that the release has no parser: thoughts stay in the content.
    """

    reasoning: str | None = "reasoning"
    empty_calls: bool = False
    message: tuple[str, ...] = ("refusal", "annotations", "audio", "function_call")
    choice: tuple[str, ...] = ("token_ids", "routed_experts")
    before_usage: tuple[str, ...] = ("service_tier", "system_fingerprint")
    after_usage: tuple[str, ...] = (
        "prompt_logprobs",
        "prompt_token_ids",
        "prompt_text",
        "kv_transfer_params",
        "ec_transfer_params",
        "metrics",
    )
    first_chunk: tuple[str, ...] = ("prompt_token_ids", "prompt_text")
    chunk_choice: tuple[str, ...] = ("token_ids",)
    nested_errors: bool = True


RELEASES: Mapping[str, Release] = {
    "current": Release(),
    "0.10": Release(
        reasoning="reasoning_content",
        empty_calls=True,
        choice=(),
        after_usage=("prompt_logprobs", "kv_transfer_params"),
        first_chunk=(),
        chunk_choice=(),
    ),
    "0.6": Release(
        reasoning=None,
        empty_calls=True,
        message=(),
        choice=(),
        before_usage=(),
        after_usage=("prompt_logprobs",),
        first_chunk=(),
        chunk_choice=(),
        nested_errors=False,
    ),
}
