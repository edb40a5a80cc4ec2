"""Response format of vLLM containers (fidelity.md, vLLM)."""

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

import orjson
from msgspec import Struct
from msgspec.structs import replace

from gemulator.core.errors import Unsatisfiable
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
    thoughts_of,
    whole_piece,
)
from gemulator.dialects.vllm_prompt_logprobs import prompt_logprobs
from gemulator.dialects.vllm_releases import RELEASES, Release
from gemulator.dialects.vllm_rules import validate
from gemulator.request.body import ChatRequest
from gemulator.request.target import Target
from gemulator.service.guided_decoding import DecodingOptions, constrain_reasoning, decoding_options
from gemulator.service.serving_profile import ThoughtPlacement

_GOOGLE = Gemini()
_DONE = b"data: [DONE]\n\n"
_TYPES = {
    400: "BadRequestError",
    404: "NotFoundError",
    422: "UnprocessableEntityError",
    500: "InternalServerError",
    501: "NotImplementedError",
}


class _Event(Struct, frozen=True):
    """Event of one choice; `finish` is set in the last."""

    delta: dict[str, Any]
    tokens: int = 0
    logprobs: dict[str, Any] | None = None
    finish: str | None = None
    stop: str | None = None


class Vllm(Dialect):
    """Default dialect of self-deployed models: sends nulls, keys in the order of vLLM's classes, `chatcmpl` ids."""

    headers: RawHeaders = ((b"content-type", b"application/json"), *_GOOGLE.headers[1:])
    stream_headers: RawHeaders = ((b"content-type", b"text/event-stream; charset=utf-8"), *_GOOGLE.headers[1:])

    stream_failure = Failure(500, "INTERNAL", "Internal server error")

    @property
    def _release(self) -> Release:
        return RELEASES.get(self.profile.version, RELEASES["current"])

    def decoding(self, request: ChatRequest) -> DecodingOptions:
        decoding = decoding_options(request, self.profile)
        return constrain_reasoning(decoding, request) if self._placement in ("tags", "bare") else decoding

    def unsatisfiable(self, error: Unsatisfiable) -> Failure:
        failure = container_failure("vLLM", 400, f"Grammar error: {error}")
        return replace(failure, cause=str(error), remedy=UNSATISFIABLE_REMEDY)

    def refusal(self, request: ChatRequest, prompt_tokens: Callable[[], int]) -> Failure | None:
        return validate(request, prompt_tokens, self.profile)

    def response_id(self, seed: Seed, created: int) -> str:
        return f"chatcmpl-{seed.bytes(16).hex()}"

    def call_id(self, seed: Seed, name: str, index: int) -> str:
        numbered = self.profile.call_ids == "numbered"
        return f"functions.{name}:{index}" if numbered else f"chatcmpl-tool-{seed.bytes(16).hex()}"

    # ---- refusals

    def failure(self, failure: Failure, target: Target) -> tuple[Head, Chunk]:
        if failure.status not in _TYPES:
            return _GOOGLE.failure(failure, target)  # sent by Google's front end, never by the container
        error = self._error(failure)
        body = {"error": error} if self._release.nested_errors else error
        return Head(failure.status, self.headers), Chunk(orjson.dumps(body))

    def stream_error(self, failure: Failure) -> bytes:
        return b"data: " + orjson.dumps({"error": self._error(failure)}) + b"\n\n" + _DONE

    def _error(self, failure: Failure) -> dict[str, Any]:
        nested = self._release.nested_errors
        kind = _TYPES.get(failure.status, "InternalServerError")
        param = failure.field if self.profile.version == "current" and failure.invalid_field is None else None
        error = {"message": self._error_message(failure), "type": kind, "param": param, "code": failure.status}
        return error if nested else {"object": "error"} | error

    def _error_message(self, failure: Failure) -> str:
        """Return the message; for an invalid body, pydantic's error as the container prints it."""
        invalid_field = failure.invalid_field
        if invalid_field is None:
            return failure.message
        entry = {
            "type": invalid_field.kind,
            "loc": ("body", *invalid_field.loc),
            "msg": invalid_field.message,
            "input": invalid_field.value,
        }
        text = repr(entry if invalid_field.context is None else entry | {"ctx": invalid_field.context})
        return f"1 validation error:\n  {text}" if self.profile.version == "current" else f"[{text}]"

    # ---- unary

    def unary(self, plan: Plan, request: ChatRequest, style: Style) -> Chunk:
        release, tokens = self._release, plan.usage.completion_tokens + plan.usage.reasoning_tokens
        body = self._envelope(plan, "chat.completion")
        body["choices"] = [self._choice(i, choice, request, style) for i, choice in enumerate(plan.choices)]
        body |= dict.fromkeys(release.before_usage)
        if self.profile.fingerprint and "system_fingerprint" in body:
            body["system_fingerprint"] = self.profile.fingerprint
        cached = {"cached_tokens": plan.usage.cached_tokens} if plan.usage.cached_tokens else None
        body["usage"] = _usage(plan.usage.prompt_tokens, tokens) | {"prompt_tokens_details": cached}
        body |= dict.fromkeys(release.after_usage)
        body["prompt_logprobs"] = prompt_logprobs(plan, request, style.seed)
        return Chunk(orjson.dumps(body), tokens)

    def _envelope(self, plan: Plan, kind: str) -> dict[str, Any]:
        model = plan.model or self.profile.served or "default"
        return {"id": plan.id, "object": kind, "created": plan.created, "model": model}

    def _choice(self, index: int, choice: Choice, request: ChatRequest, style: Style) -> dict[str, Any]:
        placed = self._place_thoughts(choice, request)
        return {
            "index": index,
            "message": self._message(placed, request),
            "logprobs": _logprobs([whole_piece(placed)], index, request, style)[0] if request.logprobs else None,
            "finish_reason": _finish(choice, request),
            "stop_reason": choice.stop,
            **dict.fromkeys(self._release.choice),
        }

    def _place_thoughts(self, choice: Choice, request: ChatRequest) -> Choice:
        if request.extra_fields.get("include_reasoning") is False:
            return place_thoughts(choice, "hidden")
        return place_thoughts(choice, self._placement)

    @property
    def _placement(self) -> ThoughtPlacement:
        return "tags" if self._release.reasoning is None else self.profile.thoughts

    def _message(self, choice: Choice, request: ChatRequest) -> dict[str, Any]:
        release, calls = self._release, calls_of(choice)
        out: dict[str, Any] = {"role": "assistant", "content": _content(choice, request)}
        out |= dict.fromkeys(release.message)
        if choice.refusal is not None:
            out |= {"refusal": choice.refusal}
        if calls or release.empty_calls:
            out["tool_calls"] = [_call(call) for call in calls]
        return out if release.reasoning is None else out | {release.reasoning: thoughts_of(choice)}

    # ---- stream

    def stream(self, plan: Plan, request: ChatRequest, style: Style) -> Sequence[Chunk]:
        return list(self._chunks(plan, request, style))

    def _chunks(self, plan: Plan, request: ChatRequest, style: Style) -> Iterator[Chunk]:
        options = request.stream_options or {}
        opening = b"data: " + orjson.dumps(self._envelope(plan, "chat.completion.chunk"))[:-1] + b',"choices":['
        with_usage = options.get("include_usage") is True
        continuous = with_usage and options.get("continuous_usage_stats") is True
        prompt, sent = plan.usage.prompt_tokens, [0] * len(plan.choices)
        total = plan.usage.completion_tokens + plan.usage.reasoning_tokens
        middle, first_chunk = _nulls(self._release.chunk_choice), _nulls(self._release.first_chunk)
        fingerprint = b',"system_fingerprint":' + orjson.dumps(self.profile.fingerprint)
        for index, event, first in self._events(plan, request, style):
            sent[index] = min(sent[index] + event.tokens, total)  # thought tags do not count
            tail = b',"usage":' + orjson.dumps(_usage(prompt, sent[index])) if continuous else b""
            if event.finish and self.profile.fingerprint and not with_usage:
                tail += fingerprint
            tail += first_chunk if first else b""
            choice = _choice_bytes(index, event, b"" if first else middle)
            yield Chunk(opening + choice + b"]" + tail + b"}\n\n", event.tokens)
        if with_usage:
            totals = b',"usage":' + orjson.dumps(_usage(prompt, total))
            yield Chunk(opening + b"]" + totals + (fingerprint if self.profile.fingerprint else b"") + b"}\n\n")
        yield Chunk(_DONE)

    def _events(self, plan: Plan, request: ChatRequest, style: Style) -> Iterator[tuple[int, _Event, bool]]:
        """Yield all choices' roles (marked True), then the echo, then their text in turns."""
        indexes = range(len(plan.choices))
        yield from ((index, _Event({"role": "assistant", "content": ""}), True) for index in indexes)
        if echo := _echo(request):
            yield from ((index, _Event({"content": echo}), False) for index in indexes)
        columns = [self._choice_events(index, choice, request, style) for index, choice in enumerate(plan.choices)]
        for row in zip_longest(*columns):
            yield from ((index, event, False) for index, event in enumerate(row) if event is not None)

    def _choice_events(self, index: int, choice: Choice, request: ChatRequest, style: Style) -> Sequence[_Event]:
        """Return the events of one choice; the end token has an empty event unless the token limit ended the answer."""
        placed = self._place_thoughts(choice, request)
        pieces, calls = list(stream_pieces(placed, style.tokens_per_chunk)), calls_of(placed)
        finish, release = _finish(choice, request), self._release
        events = [
            _Event(_delta(piece, calls, release), piece.tokens, weights)
            for piece, weights in zip(pieces, _logprobs(pieces, index, request, style), strict=True)
        ]
        if finish == "length" and events:
            return [*events[:-1], replace(events[-1], finish=finish)]
        return [*events, _Event({} if calls else {"content": ""}, finish=finish, stop=choice.stop)]


def _nulls(keys: Sequence[str]) -> bytes:
    return b"".join(b',"%s":null' % key.encode() for key in keys)


def _choice_bytes(index: int, event: _Event, nulls: bytes) -> bytes:
    logprobs = b"null" if event.logprobs is None else orjson.dumps(event.logprobs)
    finish = b"null"
    if event.finish:
        finish = orjson.dumps(event.finish) + b',"stop_reason":' + orjson.dumps(event.stop)
    start = b'{"index":%d,"delta":' % index + orjson.dumps(event.delta)
    return start + b',"logprobs":' + logprobs + b',"finish_reason":' + finish + nulls + b"}"


def _delta(piece: Piece, calls: Sequence[ToolCall], release: Release) -> dict[str, Any]:
    match piece.kind:
        case "text":
            return {"content": piece.text}
        case "thought":
            return {release.reasoning or "content": piece.text}
        case "head":
            call = calls[piece.call]
            head = {"id": call.id, "type": "function", "index": piece.call, "function": {"name": call.name}}
            return {"tool_calls": [head]}
        case "arguments":
            return {"tool_calls": [{"index": piece.call, "function": {"arguments": piece.text}}]}


def _logprobs(
    pieces: Sequence[Piece], index: int, request: ChatRequest, style: Style
) -> Sequence[dict[str, Any] | None]:
    # Hidden thoughts must not appear in the logprobs either.
    hidden = request.extra_fields.get("include_reasoning") is False
    return [None] * len(pieces) if hidden else logprobs_of(pieces, index, request, style)


def _content(choice: Choice, request: ChatRequest) -> str | None:
    text, calls, echo = text_of(choice), calls_of(choice), _echo(request)
    if text is not None:
        return echo + text
    # Null for thoughts only, and for calls that the request did not require.
    null = thoughts_of(choice) if not calls else request.choice_of_tool.mode != "required"
    return echo or (None if null or choice.refusal is not None else "")


def _echo(request: ChatRequest) -> str:
    """Return the prefix that `echo` adds to the answer: the last message if it is an assistant's."""
    last = request.messages[-1]
    return last.text if request.extra_fields.get("echo") is True and last.role == "assistant" else ""


def _finish(choice: Choice, request: ChatRequest) -> str:
    forced = choice.finish == "tool_calls" and request.choice_of_tool.name is not None
    return "stop" if forced else choice.finish


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _usage(prompt: int, completion: int) -> dict[str, Any]:
    # vLLM's completion tokens include thoughts.
    return {"prompt_tokens": prompt, "total_tokens": prompt + completion, "completion_tokens": completion}
