"""Response formats of partner models on `endpoints/openapi` (fidelity.md, Partner models)."""

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

import orjson
from msgspec.structs import replace

from gemulator.core.plan import Choice, Failure, Plan, ToolCall, Usage
from gemulator.core.seed import Seed
from gemulator.delivery.steps import Chunk, Head
from gemulator.dialects.dialect import Dialect, RawHeaders, Style
from gemulator.dialects.gemini import Gemini
from gemulator.dialects.open_models import (
    Piece,
    calls_of,
    logprobs_of,
    place_thoughts,
    stream_pieces,
    text_of,
    thoughts_of,
    whole_piece,
)
from gemulator.request.body import ChatRequest
from gemulator.request.target import Target
from gemulator.service.guided_decoding import DecodingOptions, constrain_reasoning, decoding_options
from gemulator.service.rules.parameters import invalid_value
from gemulator.service.serving_profile import ThoughtPlacement

_GOOGLE = Gemini()
_SORTED = orjson.OPT_SORT_KEYS  # Google writes all keys in alphabetical order
_TICKS_IN, _TICKS_OUT = 2000, 5000  # Grok's price of a token, in units of 10^-10 dollars


class Partner(Dialect):
    """Dialect of Llama, DeepSeek, Qwen, Kimi, GLM, MiniMax, gpt-oss, Grok and Gemma as a service.

    The bodies are those of other servers, with Google's headers, errors and key order.
    """

    headers: RawHeaders = _GOOGLE.headers
    stream_headers: RawHeaders = _GOOGLE.stream_headers

    def decoding(self, request: ChatRequest) -> DecodingOptions:
        decoding = decoding_options(request, self.profile)
        return constrain_reasoning(decoding, request) if self._placement in ("tags", "bare") else decoding

    def refusal(self, request: ChatRequest, prompt_tokens: Callable[[], int]) -> Failure | None:
        return _safety_settings_error(request) if request.model.startswith("meta/") else None

    def response_id(self, seed: Seed, created: int) -> str:
        return seed.uuid4()

    def call_id(self, seed: Seed, name: str, index: int) -> str:
        numbered = self.profile.call_ids == "numbered"
        return f"functions.{name}:{index}" if numbered else f"call_{seed.bytes(12).hex()}"

    def failure(self, failure: Failure, target: Target) -> tuple[Head, Chunk]:
        return _GOOGLE.failure(failure, target)

    def stream_error(self, failure: Failure) -> bytes:
        return _GOOGLE.stream_error(failure)

    # ---- unary

    def unary(self, plan: Plan, request: ChatRequest, style: Style) -> Chunk:
        choices = [self._choice(index, choice, request, style) for index, choice in enumerate(plan.choices)]
        body = self._envelope(plan, "chat.completion") | {"choices": choices, "usage": self._usage(plan.usage)}
        if self.profile.shape == "sglang":
            del body["system_fingerprint"]
            if self.profile.weights:
                body["metadata"] = {"weight_version": "default"}
        return Chunk(orjson.dumps(body, option=_SORTED), plan.usage.completion_tokens + plan.usage.reasoning_tokens)

    def _envelope(self, plan: Plan, kind: str) -> dict[str, Any]:
        grok = self.profile.shape == "grok"
        fingerprint = f"fp_{Seed.root('fingerprint', plan.model).bytes(5).hex()}" if grok else ""
        return {
            "created": plan.created,
            "id": plan.id,
            "model": plan.model,
            "object": kind,
            "system_fingerprint": fingerprint,
        }

    def _choice(self, index: int, choice: Choice, request: ChatRequest, style: Style) -> dict[str, Any]:
        placed = place_thoughts(choice, self._placement)
        out = {
            "finish_reason": choice.finish,
            "index": index,
            "logprobs": logprobs_of([whole_piece(placed)], index, request, style)[0] if request.logprobs else None,
            "message": self._message(placed),
        }
        return out | ({"matched_stop": self._matched_stop(choice)} if self.profile.shape == "sglang" else {})

    @property
    def _placement(self) -> ThoughtPlacement:
        # Only SGLang's bodies have a field for thoughts.
        return "tags" if self.profile.thoughts == "field" and self.profile.shape == "thin" else self.profile.thoughts

    def _matched_stop(self, choice: Choice) -> int | str | None:
        return None if choice.finish == "length" else choice.stop or self.profile.matched_stop

    def _message(self, choice: Choice) -> dict[str, Any]:
        thoughts, text, calls = thoughts_of(choice), text_of(choice), calls_of(choice)
        content = text if text is not None or choice.refusal or (calls and not thoughts) else ""
        out: dict[str, Any] = {"content": content, "role": "assistant"}
        if choice.refusal is not None:
            out["refusal"] = choice.refusal
        if calls:
            out["tool_calls"] = [_call(call, index) for index, call in enumerate(calls)]
        if self.profile.shape == "sglang":
            out = {"reasoning_content": thoughts, "tool_calls": None} | out
        return out

    def _usage(self, usage: Usage) -> dict[str, Any]:
        if self.profile.shape == "grok":
            return _grok_usage(usage)
        completion = usage.completion_tokens + usage.reasoning_tokens  # unlike Gemini, includes reasoning
        total = usage.prompt_tokens + completion
        out: dict[str, Any] = {
            "completion_tokens": completion,
            "prompt_tokens": usage.prompt_tokens,
            "total_tokens": total,
        }
        if self.profile.shape == "thin":
            return out
        out["extra_properties"] = {"google": {"traffic_type": usage.traffic_type}}
        out["prompt_tokens_details"] = {"cached_tokens": usage.cached_tokens} if usage.cached_tokens else None
        # Always 0: the server counts reasoning in completion_tokens only.
        return out | ({"reasoning_tokens": 0} if self.profile.counts_reasoning else {})

    # ---- stream

    def stream(self, plan: Plan, request: ChatRequest, style: Style) -> Sequence[Chunk]:
        return list(self._chunks(plan, request, style))

    def _chunks(self, plan: Plan, request: ChatRequest, style: Style) -> Iterator[Chunk]:
        columns = [self._choice_events(index, choice, request, style) for index, choice in enumerate(plan.choices)]
        events = [event for row in zip_longest(*columns) for event in row if event is not None]
        envelope = self._envelope(plan, "chat.completion.chunk")
        for position, (choice, tokens) in enumerate(events, start=1):
            body = envelope | {"choices": [choice]}
            if position == len(events):
                body["usage"] = self._usage(plan.usage)
            yield Chunk(b"data: " + orjson.dumps(body, option=_SORTED) + b"\n\n", tokens)
        yield Chunk(b"data: [DONE]\n\n")

    def _choice_events(
        self, index: int, choice: Choice, request: ChatRequest, style: Style
    ) -> Sequence[tuple[dict[str, Any], int]]:
        """Return the events of one choice with their tokens; the last has both text and finish reason."""
        placed = place_thoughts(choice, self._placement)
        calls, pieces = calls_of(placed), list(stream_pieces(placed, style.tokens_per_chunk)) or [Piece("text")]
        events: list[tuple[dict[str, Any], int]] = [
            ({"delta": _delta(piece, calls), "index": index, "logprobs": weights}, piece.tokens)
            for piece, weights in zip(pieces, logprobs_of(pieces, index, request, style), strict=True)
        ]
        events[-1][0]["finish_reason"] = choice.finish
        return events


def _safety_settings_error(request: ChatRequest) -> Failure | None:
    """Return the refusal of invalid `model_safety_settings` (Llama Guard), or None."""
    settings = request.google_options.get("model_safety_settings", {})
    field = "extra_body.google.model_safety_settings"
    if not isinstance(settings, dict):
        failure = invalid_value(field, "TYPE_MESSAGE", settings)
        return replace(failure, cause=f"`{field}` is not an object", remedy="send an object with `enabled`")
    enabled = settings.get("enabled", True)
    if not isinstance(enabled, bool):
        failure = invalid_value(f"{field}.enabled", "TYPE_BOOL", enabled)
        return replace(failure, cause=f"`{field}.enabled` is not a boolean", remedy="send true or false")
    return None


def _call(call: ToolCall, index: int) -> dict[str, Any]:
    # Unary bodies have `index` too.
    function = {"arguments": call.arguments, "name": call.name}
    return {"function": function, "id": call.id, "index": index, "type": "function"}


def _delta(piece: Piece, calls: Sequence[ToolCall]) -> dict[str, Any]:
    match piece.kind:
        case "text":
            return {"content": piece.text, "role": "assistant"}
        case "thought":
            return {"reasoning_content": piece.text, "role": "assistant"}
        case "head":
            call = calls[piece.call]
            head = _call(call, piece.call) | {"function": {"arguments": "", "name": call.name}}
            return {"role": "assistant", "tool_calls": [head]}
        case "arguments":
            own = {"function": {"arguments": piece.text}, "index": piece.call}
            return {"role": "assistant", "tool_calls": [own]}


def _grok_usage(usage: Usage) -> dict[str, Any]:
    """Return Grok's usage: reasoning is not part of completion, all details present (fidelity.md, Partner models)."""
    output = usage.completion_tokens + usage.reasoning_tokens
    return {
        "completion_tokens": usage.completion_tokens,
        "completion_tokens_details": {
            "accepted_prediction_tokens": 0,
            "audio_tokens": 0,
            "reasoning_tokens": usage.reasoning_tokens,
            "rejected_prediction_tokens": 0,
        },
        "cost_in_usd_ticks": usage.prompt_tokens * _TICKS_IN + output * _TICKS_OUT,
        "extra_properties": {"google": {"traffic_type": usage.traffic_type}},
        "num_sources_used": 0,
        "prompt_tokens": usage.prompt_tokens,
        "prompt_tokens_details": {
            "audio_tokens": 0,
            "cached_tokens": usage.cached_tokens,
            "image_tokens": 0,
            "text_tokens": usage.prompt_tokens,
        },
        "total_tokens": usage.prompt_tokens + output,
    }
