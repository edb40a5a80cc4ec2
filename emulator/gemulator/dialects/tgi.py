"""Response format of TGI containers (fidelity.md, TGI)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import orjson
from msgspec.structs import replace

from gemulator.core.errors import Unsatisfiable
from gemulator.core.json_types import JSON
from gemulator.core.plan import Choice, Failure, Plan, ToolCall
from gemulator.core.seed import Seed
from gemulator.delivery.steps import Chunk, Head
from gemulator.dialects.dialect import UNSATISFIABLE_REMEDY, Dialect, RawHeaders, Style, container_failure
from gemulator.dialects.gemini import Gemini
from gemulator.dialects.open_models import (
    Piece,
    calls_of,
    logprobs_of,
    place_thoughts,
    stream_pieces,
    text_of,
    whole_piece,
)
from gemulator.request.body import ChatRequest
from gemulator.request.target import Target
from gemulator.service.guided_decoding import (
    DecodingOptions,
    JsonConstraint,
    RegexConstraint,
    constrain_reasoning,
    decoding_options,
)

_GOOGLE = Gemini()
_DONE = b"data: [DONE]\n\n"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
# Status, type and prefix of the container's own refusals; it never sends 400.
_ERRORS = {
    400: (422, "validation", "Input validation error: "),
    422: (422, "validation", "Input validation error: "),
    424: (424, "generation", "Request failed during generation: "),
    500: (500, "incomplete_generation", ""),
}


class Tgi(Dialect):
    """Dialect of Hugging Face's text-generation-inference: empty ids, role in every delta, release as fingerprint."""

    headers: RawHeaders = ((b"content-type", b"application/json"), *_GOOGLE.headers[1:])
    stream_headers: RawHeaders = ((b"content-type", b"text/event-stream"), *_GOOGLE.headers[1:])

    stream_failure = Failure(424, "INTERNAL", "Server error: CUDA out of memory")

    def decoding(self, request: ChatRequest) -> DecodingOptions:
        decoding = decoding_options(request, self.profile)
        constraint = _response_constraint(request.response_format or {})
        return constrain_reasoning(replace(decoding, constraint=constraint) if constraint else decoding, request)

    def unsatisfiable(self, error: Unsatisfiable) -> Failure:
        failure = container_failure("TGI", 422, f"grammar is not valid: {error}")
        return replace(failure, cause=str(error), remedy=UNSATISFIABLE_REMEDY)

    def refusal(self, request: ChatRequest, prompt_tokens: Callable[[], int]) -> Failure | None:
        message = next(_validation_errors(request, prompt_tokens, self.profile.context), None)
        return container_failure("TGI", 422, message) if message else None

    def response_id(self, seed: Seed, created: int) -> str:
        return ""

    def call_id(self, seed: Seed, name: str, index: int) -> str:
        # Release 2 uses the same id for every call.
        return "0" if self._is_release_2 else "".join(_LETTERS[byte % len(_LETTERS)] for byte in seed.bytes(9))

    @property
    def _is_release_2(self) -> bool:
        return self.profile.version == "2"

    # ---- refusals

    def failure(self, failure: Failure, target: Target) -> tuple[Head, Chunk]:
        if failure.status not in _ERRORS:
            return _GOOGLE.failure(failure, target)
        return Head(_ERRORS[failure.status][0], self.headers), Chunk(orjson.dumps(_error(failure)))

    def stream_error(self, failure: Failure) -> bytes:
        return b"data: " + orjson.dumps(_error(failure)) + b"\n\n" + _DONE

    # ---- unary

    def unary(self, plan: Plan, request: ChatRequest, style: Style) -> Chunk:
        body = self._envelope(plan, "chat.completion")
        body["choices"] = [self._choice(index, choice, request, style) for index, choice in enumerate(plan.choices)]
        body["usage"] = _usage(plan)
        return Chunk(orjson.dumps(body), body["usage"]["completion_tokens"])

    def _envelope(self, plan: Plan, kind: str) -> dict[str, Any]:
        return {
            "object": kind,
            "id": plan.id,
            "created": plan.created,
            "model": self.profile.served or plan.model or "tgi",
            "system_fingerprint": self.profile.fingerprint,
        }

    def _choice(self, index: int, choice: Choice, request: ChatRequest, style: Style) -> dict[str, Any]:
        placed = self._place_thoughts(choice)
        return {
            "index": index,
            "message": self._message(placed),
            "logprobs": logprobs_of([whole_piece(placed)], index, request, style, raw_bytes=False)[0]
            if request.logprobs
            else None,
            "finish_reason": self._finish(choice),
        }

    def _place_thoughts(self, choice: Choice) -> Choice:
        return place_thoughts(choice, "hidden" if self.profile.thoughts == "hidden" else "tags")

    def _finish(self, choice: Choice) -> str:
        return "stop" if self._is_release_2 and choice.finish == "tool_calls" else choice.finish

    def _message(self, choice: Choice) -> dict[str, Any]:
        if calls := calls_of(choice):
            return {"role": "assistant", "tool_calls": [self._call(call) for call in calls]}
        return {"role": "assistant", "content": text_of(choice) or choice.refusal or ""}

    def _call(self, call: ToolCall) -> dict[str, Any]:
        # Release 2 sends the arguments as an object, later ones as text.
        arguments = _parse_json(call.arguments) if self._is_release_2 else call.arguments
        function = {"description": None, "name": call.name, "arguments": arguments}
        return {"id": call.id, "type": "function", "function": function}

    # ---- stream

    def stream(self, plan: Plan, request: ChatRequest, style: Style) -> Sequence[Chunk]:
        return list(self._chunks(plan, request, style))

    def _chunks(self, plan: Plan, request: ChatRequest, style: Style) -> Iterator[Chunk]:
        envelope = b"data: " + orjson.dumps(self._envelope(plan, "chat.completion.chunk"))[:-1]
        columns = [self._choice_events(index, choice, request, style) for index, choice in enumerate(plan.choices)]
        for row in zip_longest(*columns):
            for choice, tokens in filter(None, row):
                yield Chunk(envelope + b',"choices":[' + orjson.dumps(choice) + b'],"usage":null}\n\n', tokens)
        if (request.stream_options or {}).get("include_usage") is True:
            yield Chunk(envelope + b',"choices":[],"usage":' + orjson.dumps(_usage(plan)) + b"}\n\n")
        yield Chunk(_DONE)

    def _choice_events(
        self, index: int, choice: Choice, request: ChatRequest, style: Style
    ) -> Sequence[tuple[dict[str, Any], int]]:
        """Return the events of one choice with their tokens.

        The last event has no text, because it is that of the end token, unless the token limit ended the answer.
        """
        placed = self._place_thoughts(choice)
        calls, pieces = calls_of(placed), list(stream_pieces(placed, style.tokens_per_chunk))
        events, opened = [], set[int]()
        for piece, weights in zip(pieces, logprobs_of(pieces, index, request, style, raw_bytes=False), strict=True):
            if piece.kind != "head":
                delta = _delta(piece, calls, style, first=piece.call not in opened)
                events.append((_event(index, delta, weights), piece.tokens))
            if piece.kind == "arguments":
                opened.add(piece.call)
        if choice.finish != "length" or not events:
            events.append((_event(index, {"role": "assistant", "content": ""}, None), 0))
        events[-1][0]["finish_reason"] = self._finish(choice)
        return events


def _response_constraint(response_format: Mapping[str, JSON]) -> JsonConstraint | RegexConstraint | None:
    """Return the constraint in TGI's own syntax: `json` (or `json_object`) or `regex`, each with a `value`."""
    match response_format:
        case {"type": "json" | "json_object", "value": dict() as schema}:
            return JsonConstraint(schema)
        case {"type": "regex", "value": str(pattern)}:
            return RegexConstraint(pattern)
    return None


def _parse_json(arguments: str) -> Any:
    try:
        return orjson.loads(arguments)
    except orjson.JSONDecodeError:
        return arguments


def _event(index: int, delta: dict[str, Any], weights: dict[str, Any] | None) -> dict[str, Any]:
    return {"index": index, "delta": delta, "logprobs": weights, "finish_reason": None}


def _delta(piece: Piece, calls: Sequence[ToolCall], style: Style, *, first: bool) -> dict[str, Any]:
    if piece.kind != "arguments":
        return {"role": "assistant", "content": piece.text}
    call = calls[piece.call]
    function = {"name": call.name if first else None, "arguments": piece.text}
    if style.safe:
        names = {"id": call.id, "type": "function"} if first else {}
        return {"role": "assistant", "tool_calls": [{"index": piece.call, **names, "function": function}]}
    # TGI sends index 0 for every call, and the id in every event.
    return {"role": "assistant", "tool_calls": [{"index": 0, "id": call.id, "type": "function", "function": function}]}


def _usage(plan: Plan) -> dict[str, int]:
    prompt, completion = plan.usage.prompt_tokens, plan.usage.completion_tokens + plan.usage.reasoning_tokens
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _error(failure: Failure) -> dict[str, str]:
    _, kind, prefix = _ERRORS.get(failure.status, _ERRORS[424])
    invalid_field = failure.invalid_field
    if invalid_field is None:
        message = failure.message
    elif invalid_field.kind == "missing":
        message = f"missing field `{invalid_field.field}`"
    else:
        message = f"{invalid_field.field}: {invalid_field.message}".removeprefix(": ")
    return {"error": prefix + message, "error_type": kind}


def _validation_errors(request: ChatRequest, prompt_tokens: Callable[[], int], context: int | None) -> Iterator[str]:
    limit = request.token_limit
    if limit is not None and limit < 1:
        yield "`max_new_tokens` must be strictly positive"
    if request.temperature is not None and request.temperature < 0:  # 0 means greedy here
        yield "`temperature` must be strictly positive"
    if request.top_p is not None and not 0 < request.top_p < 1:
        yield "`top_p` must be > 0.0 and < 1.0"
    constraint = _response_constraint(request.response_format or {})
    if isinstance(constraint, RegexConstraint) and constraint.syntax_error:
        yield f"grammar is not valid: {constraint.syntax_error}"
    if context is not None and (prompt := prompt_tokens()) + (limit or 1) > context:
        given = f"Given: {prompt} `inputs` tokens and {limit or 1} `max_new_tokens`"
        yield f"`inputs` tokens + `max_new_tokens` must be <= {context}. {given}"
