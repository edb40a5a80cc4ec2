"""A vLLM container: nulls are sent, keys stand in the order of its classes, ids say chatcmpl (fidelity.md, vLLM)."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

import orjson
from msgspec import Struct
from msgspec.structs import replace

from gemulator.core.errors import Unsatisfiable
from gemulator.core.plan import Choice, Failure, Plan, ToolCall
from gemulator.core.seed import Seed
from gemulator.delivery.steps import Chunk, Head
from gemulator.dialects.dialect import Dialect, Headers, Style
from gemulator.dialects.gemini import Gemini
from gemulator.dialects.open_models import Piece, calls_of, placed, spoken, thoughts_of, weights_of, whole, words_of
from gemulator.dialects.vllm_prompt_logprobs import prompt_logprobs
from gemulator.dialects.vllm_releases import RELEASES, Release
from gemulator.dialects.vllm_rules import objection
from gemulator.request.body import ChatRequest
from gemulator.request.target import Target
from gemulator.service.guided_decoding import DecodingOptions, constrain_reasoning, decoding_of
from gemulator.service.serving_profile import Placement

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
    """One event of one choice; `finish` is set in the last."""

    delta: dict[str, Any]
    tokens: int = 0
    logprobs: dict[str, Any] | None = None
    finish: str | None = None
    stop: str | None = None


class Vllm(Dialect):
    """The dialect of self-deployed models, unless the catalog says otherwise."""

    headers: Headers = ((b"content-type", b"application/json"), *_GOOGLE.headers[1:])
    stream_headers: Headers = ((b"content-type", b"text/event-stream; charset=utf-8"), *_GOOGLE.headers[1:])

    breakdown = Failure(500, "INTERNAL", "Internal server error")

    @property
    def _release(self) -> Release:
        return RELEASES.get(self.voice.version, RELEASES["current"])

    def decoding(self, request: ChatRequest) -> DecodingOptions:
        decoding = decoding_of(request, self.voice)
        return constrain_reasoning(decoding, request) if self._placement in ("tags", "bare") else decoding

    def unsatisfiable(self, error: Unsatisfiable) -> Failure:
        return Failure(400, "INVALID_ARGUMENT", f"Grammar error: {error}")

    def refusal(self, plan: Plan, request: ChatRequest) -> Failure | None:
        return objection(plan, request, self.voice)

    def response_id(self, seed: Seed, created: int) -> str:
        return f"chatcmpl-{seed.bytes(16).hex()}"

    def call_id(self, seed: Seed, name: str, index: int) -> str:
        numbered = self.voice.call_ids == "numbered"
        return f"functions.{name}:{index}" if numbered else f"chatcmpl-tool-{seed.bytes(16).hex()}"

    # ---- refusals

    def failure(self, failure: Failure, target: Target) -> tuple[Head, Chunk]:
        if failure.status not in _TYPES:
            return _GOOGLE.failure(failure, target)  # the container never says these: Google's front end does
        error = self._error(failure)
        body = {"error": error} if self._release.nested_errors else error
        return Head(failure.status, self.headers), Chunk(orjson.dumps(body))

    def broken_off(self, failure: Failure) -> bytes:
        return b"data: " + orjson.dumps({"error": self._error(failure)}) + b"\n\n" + _DONE

    def _error(self, failure: Failure) -> dict[str, Any]:
        nested = self._release.nested_errors
        kind = _TYPES.get(failure.status, "InternalServerError")
        param = failure.field if self.voice.version == "current" and failure.invalid_field is None else None
        words = {"message": self._complaint(failure), "type": kind, "param": param, "code": failure.status}
        return words if nested else {"object": "error"} | words

    def _complaint(self, failure: Failure) -> str:
        """The message; for a body that does not fit, pydantic's own account as the container shows it."""
        misfit = failure.invalid_field
        if misfit is None:
            return failure.message
        entry = {"type": misfit.kind, "loc": ("body", *misfit.loc), "msg": misfit.message, "input": misfit.value}
        shown = repr(entry if misfit.context is None else entry | {"ctx": misfit.context})
        return f"1 validation error:\n  {shown}" if self.voice.version == "current" else f"[{shown}]"

    # ---- unary

    def unary(self, plan: Plan, request: ChatRequest, style: Style) -> Chunk:
        release, tokens = self._release, plan.usage.completion_tokens + plan.usage.reasoning_tokens
        body = self._envelope(plan, "chat.completion")
        body["choices"] = [self._choice(i, choice, request, style) for i, choice in enumerate(plan.choices)]
        body |= dict.fromkeys(release.before_usage)
        if self.voice.fingerprint and "system_fingerprint" in body:
            body["system_fingerprint"] = self.voice.fingerprint
        cached = {"cached_tokens": plan.usage.cached_tokens} if plan.usage.cached_tokens else None
        body["usage"] = _usage(plan.usage.prompt_tokens, tokens) | {"prompt_tokens_details": cached}
        body |= dict.fromkeys(release.after_usage)
        body["prompt_logprobs"] = prompt_logprobs(plan, request, style.seed)
        return Chunk(orjson.dumps(body), tokens)

    def _envelope(self, plan: Plan, kind: str) -> dict[str, Any]:
        model = plan.model or self.voice.served or "default"
        return {"id": plan.id, "object": kind, "created": plan.created, "model": model}

    def _choice(self, index: int, choice: Choice, request: ChatRequest, style: Style) -> dict[str, Any]:
        spread = self._placed(choice, request)
        return {
            "index": index,
            "message": self._message(spread, request),
            "logprobs": _weights([whole(spread)], index, request, style)[0] if request.logprobs else None,
            "finish_reason": _finish(choice, request),
            "stop_reason": choice.stop,
            **dict.fromkeys(self._release.choice),
        }

    def _placed(self, choice: Choice, request: ChatRequest) -> Choice:
        if request.extra_fields.get("include_reasoning") is False:
            return placed(choice, "hidden")
        return placed(choice, self._placement)

    @property
    def _placement(self) -> Placement:
        return "tags" if self._release.reasoning is None else self.voice.thoughts

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
        running = with_usage and options.get("continuous_usage_stats") is True
        prompt, spent = plan.usage.prompt_tokens, [0] * len(plan.choices)
        total = plan.usage.completion_tokens + plan.usage.reasoning_tokens
        middle, first_chunk = _nulls(self._release.chunk_choice), _nulls(self._release.first_chunk)
        named = b',"system_fingerprint":' + orjson.dumps(self.voice.fingerprint)
        for index, event, first in self._events(plan, request, style):
            spent[index] = min(spent[index] + event.tokens, total)  # tags around thoughts are not counted
            tail = b',"usage":' + orjson.dumps(_usage(prompt, spent[index])) if running else b""
            if event.finish and self.voice.fingerprint and not with_usage:
                tail += named
            tail += first_chunk if first else b""
            choice = _choice_bytes(index, event, b"" if first else middle)
            yield Chunk(opening + choice + b"]" + tail + b"}\n\n", event.tokens)
        if with_usage:
            totals = b',"usage":' + orjson.dumps(_usage(prompt, total))
            yield Chunk(opening + b"]" + totals + (named if self.voice.fingerprint else b"") + b"}\n\n")
        yield Chunk(_DONE)

    def _events(self, plan: Plan, request: ChatRequest, style: Style) -> Iterator[tuple[int, _Event, bool]]:
        """All choices' roles, then what is echoed, then their words in turns; True marks the roles."""
        indexes = range(len(plan.choices))
        yield from ((index, _Event({"role": "assistant", "content": ""}), True) for index in indexes)
        if echoed := _echoed(request):
            yield from ((index, _Event({"content": echoed}), False) for index in indexes)
        columns = [self._column(index, choice, request, style) for index, choice in enumerate(plan.choices)]
        for row in zip_longest(*columns):
            yield from ((index, event, False) for index, event in enumerate(row) if event is not None)

    def _column(self, index: int, choice: Choice, request: ChatRequest, style: Style) -> Sequence[_Event]:
        """One choice. The token that ends an answer has no text: its event is empty, unless the limit was the end."""
        spread = self._placed(choice, request)
        said, calls = list(spoken(spread, style.tokens_per_chunk)), calls_of(spread)
        finish, release = _finish(choice, request), self._release
        events = [
            _Event(_delta(piece, calls, release), piece.tokens, weights)
            for piece, weights in zip(said, _weights(said, index, request, style), strict=True)
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


def _weights(said: Sequence[Piece], index: int, request: ChatRequest, style: Style) -> Sequence[dict[str, Any] | None]:
    # Hidden thoughts must not show in the tokens either.
    hidden = request.extra_fields.get("include_reasoning") is False
    return [None] * len(said) if hidden else weights_of(said, index, request, style)


def _content(choice: Choice, request: ChatRequest) -> str | None:
    words, calls, echoed = words_of(choice), calls_of(choice), _echoed(request)
    if words is not None:
        return echoed + words
    # Null, where the model only thought, or called of its own accord.
    null = thoughts_of(choice) if not calls else request.choice_of_tool.mode != "required"
    return echoed or (None if null or choice.refusal is not None else "")


def _echoed(request: ChatRequest) -> str:
    """What `echo` puts before the answer: the last message, if it is an assistant's."""
    last = request.messages[-1]
    return last.text if request.extra_fields.get("echo") is True and last.role == "assistant" else ""


def _finish(choice: Choice, request: ChatRequest) -> str:
    named = choice.finish == "tool_calls" and request.choice_of_tool.name is not None
    return "stop" if named else choice.finish


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _usage(prompt: int, completion: int) -> dict[str, Any]:
    # Thoughts are inside: the engine counts tokens, whatever they say.
    return {"prompt_tokens": prompt, "total_tokens": prompt + completion, "completion_tokens": completion}
