"""Gemini on Vertex AI: alphabetical keys, role in every delta, usage in the last chunk (fidelity.md)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any, assert_never

import orjson

from emulator.decoding import Decoding
from emulator.delivery import Chunk, Head
from emulator.dialects.dialect import Dialect, Headers, Style
from emulator.dialects.fragments import fragments
from emulator.generate.tokens import count, pieces
from emulator.plan import Choice, Failure, Media, Plan, Text, Thought, ToolCall, Usage
from emulator.request import ChatRequest, Target
from emulator.seed import Seed, event_id

_FRONT_END: Headers = (
    (b"vary", b"X-Origin, Referer"),
    (b"server", b"scaffolding on HTTPServer2"),
    (b"x-xss-protection", b"0"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"x-content-type-options", b"nosniff"),
)


@dataclass(frozen=True, slots=True)
class Delta:
    """What one event adds to a choice."""

    fields: dict[str, Any]
    tokens: int


class Gemini(Dialect):
    """The dialect of `google/…` models on `endpoints/openapi`."""

    headers: Headers = ((b"content-type", b"application/json"), *_FRONT_END)
    stream_headers: Headers = ((b"content-type", b"text/event-stream"), *_FRONT_END)

    def unary(self, plan: Plan, request: ChatRequest, style: Style) -> Chunk:
        body = {
            "choices": [_choice(index, choice, request) for index, choice in enumerate(plan.choices)],
            "created": plan.created,
            "id": plan.id,
            "model": plan.model,
            "object": "chat.completion",
            "system_fingerprint": "",
            "usage": usage(plan.usage),
        }
        return Chunk(orjson.dumps(body), plan.usage.completion_tokens + plan.usage.reasoning_tokens)

    def stream(self, plan: Plan, request: ChatRequest, style: Style) -> Sequence[Chunk]:
        envelope = {
            "created": plan.created,
            "id": plan.id,
            "model": plan.model,
            "object": "chat.completion.chunk",
            "system_fingerprint": "",
        }
        return list(_events(plan, request, style, orjson.dumps(envelope)[1:-1]))

    def failure(self, failure: Failure, target: Target) -> tuple[Head, Chunk]:
        body = orjson.dumps(_error(failure), option=orjson.OPT_INDENT_2)
        # A refused server stream is transcoded to an array of one error (fidelity.md, Errors).
        return Head(failure.status, _failure_headers(failure)), Chunk(b"[" + body + b"\n]\n" if target.shared else body)

    def broken_off(self, failure: Failure) -> bytes:
        # Seen outside any `data:` line, where SDKs do not read it (fidelity.md, Streams).
        return orjson.dumps(_error(failure), option=orjson.OPT_INDENT_2) + b"\n"

    def decoding(self, request: ChatRequest) -> Decoding:
        return Decoding("asked" if request.include_thoughts else "allowed")

    def response_id(self, seed: Seed, created: int) -> str:
        return event_id(created, seed)

    def call_id(self, seed: Seed, name: str, index: int) -> str:
        return f"function-call-{seed.uuid4()}"


def usage(tokens: Usage) -> dict[str, Any]:
    """Zero counters are left out, as the service's own protocol does."""
    out: dict[str, Any] = {}
    if tokens.completion_tokens:
        out["completion_tokens"] = tokens.completion_tokens
    if tokens.reasoning_tokens:
        out["completion_tokens_details"] = {"reasoning_tokens": tokens.reasoning_tokens}
    out["extra_properties"] = {"google": {"traffic_type": tokens.traffic_type}}
    if tokens.prompt_tokens:
        out["prompt_tokens"] = tokens.prompt_tokens
    if tokens.cached_tokens:
        out["prompt_tokens_details"] = {"cached_tokens": tokens.cached_tokens}
    return out | {"total_tokens": tokens.prompt_tokens + tokens.completion_tokens + tokens.reasoning_tokens}


def _error(failure: Failure) -> dict[str, Any]:
    error: dict[str, Any] = {"code": failure.status, "message": failure.message, "status": failure.code}
    if failure.details:
        error["details"] = failure.details
    return {"error": error}


def _failure_headers(failure: Failure) -> Headers:
    headers = [*Gemini.headers]
    if failure.retry_after is not None:
        headers.append((b"retry-after", b"%d" % max(1, round(failure.retry_after))))
    return tuple(headers)


def _google(thought: bool, signature: str | None) -> dict[str, Any]:
    """The `extra_content` member of a message, delta or call; empty where there is nothing to say."""
    google: dict[str, Any] = {"thought": True} if thought else {}
    if signature is not None:
        google["thought_signature"] = signature
    return {"extra_content": {"google": google}} if google else {}


# ---- unary


def _choice(index: int, choice: Choice, request: ChatRequest) -> dict[str, Any]:
    out = {"finish_reason": choice.finish, "index": index, "logprobs": None}
    return out if choice.silent else out | {"message": _message(choice, request)}


def _message(choice: Choice, request: ChatRequest) -> dict[str, Any]:
    if choice.refusal is not None:
        return {"refusal": choice.refusal, "role": "assistant"}
    media = next((part for part in choice.parts if isinstance(part, Media)), None)
    calls = [part for part in choice.parts if isinstance(part, ToolCall)]
    texts = [part for part in choice.parts if isinstance(part, Text)]
    thoughts = _shown_thoughts(choice, request)
    out: dict[str, Any] = {"audio": _audio(media)} if media else {}
    if texts or thoughts or not calls:
        content = _tagged(thoughts, request) + "".join(part.text for part in texts)
        out["content"] = None if media and not content else content
    signed = next((part.signature for part in (*texts, *([media] if media else ())) if part.signature), None)
    out |= _google(bool(thoughts), signed)
    out["role"] = "assistant"
    return out | ({"tool_calls": [_call(call) for call in calls]} if calls else {})


def _audio(media: Media) -> dict[str, Any]:
    # Pictures too travel in the `audio` field (fidelity.md, Images).
    return {"data": media.data, "extra_content": {"google": {"mime_type": media.mime}}}


def _call(call: ToolCall) -> dict[str, Any]:
    function = {"arguments": call.arguments, "name": call.name}
    return _google(False, call.signature) | {"function": function, "id": call.id, "type": "function"}


def _shown_thoughts(choice: Choice, request: ChatRequest) -> Sequence[Thought]:
    return [part for part in choice.parts if isinstance(part, Thought)] if request.include_thoughts else ()


def _tagged(thoughts: Sequence[Thought], request: ChatRequest) -> str:
    text = "".join(thought.text for thought in thoughts)
    tag = request.thought_tag
    return f"<{tag}>{text}</{tag}>" if text and tag else text


# ---- stream


def _events(plan: Plan, request: ChatRequest, style: Style, envelope: bytes) -> Iterator[Chunk]:
    columns = [_finished(index, choice, request, style) for index, choice in enumerate(plan.choices)]
    events = [event for row in zip_longest(*columns) for event in row if event is not None]
    tail = b"," + envelope + b"}\n\n"
    closing = b"," + envelope + b',"usage":' + orjson.dumps(usage(plan.usage)) + b"}\n\n"
    for position, (data, tokens) in enumerate(events, start=1):
        yield Chunk(data + (closing if position == len(events) else tail), tokens)
    yield Chunk(b"data: [DONE]\n\n")


def _finished(index: int, choice: Choice, request: ChatRequest, style: Style) -> list[tuple[bytes, int]]:
    """The events of one choice up to its end of `choices`, the last of them with the finish reason."""
    deltas = list(_deltas(choice, request, style))
    if style.safe:
        deltas = [*_named_once(deltas), Delta({}, 0)]
    middle = b',"index":%d,"logprobs":null}]' % index
    finish = b',"finish_reason":' + orjson.dumps(choice.finish) + middle
    last = len(deltas) - 1
    return [
        (
            b'data: {"choices":[{"delta":' + orjson.dumps(delta.fields) + (finish if position == last else middle),
            delta.tokens,
        )
        for position, delta in enumerate(deltas)
    ]


def _deltas(choice: Choice, request: ChatRequest, style: Style) -> Iterator[Delta]:
    if choice.refusal is not None:
        yield Delta({"refusal": choice.refusal, "role": "assistant"}, count(choice.refusal))
        return
    yield from _thought_deltas(_shown_thoughts(choice, request), request, style)
    spoken = [part for part in choice.parts if not isinstance(part, Thought)]
    if not spoken:
        yield Delta({"content": "", "role": "assistant"}, 0)
    yield from _spoken_deltas(spoken, request, style)


def _spoken_deltas(parts: Sequence[Text | Media | ToolCall], request: ChatRequest, style: Style) -> Iterator[Delta]:
    calls = [part for part in parts if isinstance(part, ToolCall)]
    for part in parts:
        match part:
            case Text():
                yield from _text_deltas(part, style)
            case Media():
                audio = {"audio": _audio(part), "content": None}
                yield Delta(audio | _google(False, part.signature) | {"role": "assistant"}, 0)
            case ToolCall() if request.streams_arguments:
                yield from _fragment_deltas(part, calls.index(part), len(calls), style)
            case ToolCall():
                yield _call_delta(part, calls.index(part), part.arguments, part.signature, count(part.arguments))
            case _:
                assert_never(part)


def _text_deltas(text: Text, style: Style) -> Iterator[Delta]:
    cut = text.fragments or pieces(text.text, style.tokens_per_chunk) or [""]
    for piece in cut[:-1]:
        yield Delta({"content": piece, "role": "assistant"}, count(piece))
    yield Delta({"content": cut[-1]} | _google(False, text.signature) | {"role": "assistant"}, count(cut[-1]))


def _thought_deltas(thoughts: Sequence[Thought], request: ChatRequest, style: Style) -> Iterator[Delta]:
    cut = [piece for part in thoughts for piece in part.fragments or pieces(part.text, style.tokens_per_chunk)]
    if cut and request.thought_tag:
        # Inside the flagged deltas, so that a client that drops those drops the tags (fidelity.md, Thoughts).
        cut[0] = f"<{request.thought_tag}>{cut[0]}"
        cut[-1] = f"{cut[-1]}</{request.thought_tag}>"
    for piece in cut:
        yield Delta({"content": piece} | _google(True, None) | {"role": "assistant"}, count(piece))


def _call_delta(call: ToolCall, index: int, arguments: str, signature: str | None, tokens: int) -> Delta:
    function = {"arguments": arguments, "name": call.name}
    fields = _google(False, signature) | {"function": function, "id": call.id, "index": index, "type": "function"}
    return Delta({"role": "assistant", "tool_calls": [fields]}, tokens)


def _fragment_deltas(call: ToolCall, position: int, total: int, style: Style) -> Iterator[Delta]:
    # The published stream has the header of call k at index n-1-k and its fragments at k (fidelity.md, Streams).
    header = position if style.safe else total - 1 - position
    yield _call_delta(call, header, "", call.signature, 0)
    for fragment in call.fragments or fragments(call.arguments):
        yield _call_delta(call, position, fragment, None, count(fragment))


def _named_once(deltas: Sequence[Delta]) -> Iterator[Delta]:
    """The same stream for helpers that join what repeats: role, thought flag, and a call's id, name and type once."""
    seen: set[str] = set()
    for delta in deltas:
        fields = dict(delta.fields)
        calls = [_call_once(call, seen) for call in fields.get("tool_calls", ())]
        thought = fields.get("extra_content", {}).get("google", {}).get("thought")
        for key in chain(("role",), ("extra_content",) if thought else ()):
            if f"field {key}" in seen:
                del fields[key]
            seen.add(f"field {key}")
        yield Delta(fields | ({"tool_calls": calls} if calls else {}), delta.tokens)


def _call_once(call: dict[str, Any], seen: set[str]) -> dict[str, Any]:
    known = f"call {call['id']}" in seen
    seen.add(f"call {call['id']}")
    return {"function": {"arguments": call["function"]["arguments"]}, "index": call["index"]} if known else call
