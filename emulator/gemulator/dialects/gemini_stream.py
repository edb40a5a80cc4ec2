"""Events of a Gemini stream."""

from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest
from typing import Any, Literal, assert_never

import orjson
from msgspec import Struct
from msgspec.structs import replace

from gemulator.core.plan import Choice, Media, Plan, Text, Thought, ToolCall, Usage
from gemulator.delivery.steps import Chunk
from gemulator.dialects.argument_fragments import json_fragments
from gemulator.dialects.dialect import Style
from gemulator.dialects.gemini_message import audio, empty_content, google_extra, usage, visible_thoughts
from gemulator.generate.token_count import count, pieces
from gemulator.request.body import ChatRequest


class Delta(Struct, frozen=True):
    """Delta of one event, with its tokens; a `call` is a whole one, in `tool_calls`."""

    fields: dict[str, Any]
    tokens: int
    kind: Literal["text", "thought", "call"] = "text"


def events(plan: Plan, request: ChatRequest, style: Style) -> Iterator[Chunk]:
    """Yield the events of an answer including `[DONE]`; events of several candidates alternate."""
    fields = {
        "created": plan.created,
        "id": plan.id,
        "model": plan.model,
        "object": "chat.completion.chunk",
        "system_fingerprint": "",
    }
    envelope = orjson.dumps(fields)[1:-1]
    columns = [_choice_events(index, choice, request, style) for index, choice in enumerate(plan.choices)]
    rows = [event for row in zip_longest(*columns) for event in row if event is not None]
    tail = b"," + envelope + b"}\n\n"
    counted = _usage_so_far(plan.usage, [delta for _, delta in rows]) if style.stream_usage == "every" else ()
    for position, (data, delta) in enumerate(rows):
        tokens = plan.usage if position == len(rows) - 1 else counted[position] if counted else None
        closing = tail if tokens is None else b"," + envelope + b',"usage":' + orjson.dumps(usage(tokens)) + b"}\n\n"
        yield Chunk(data + closing, delta.tokens)
    yield Chunk(b"data: [DONE]\n\n")


def _usage_so_far(total: Usage, deltas: Sequence[Delta]) -> Sequence[Usage]:
    """Return the token counts after each delta; hidden thoughts count from the first one on."""
    hidden = total.reasoning_tokens - sum(delta.tokens for delta in deltas if delta.kind == "thought")
    completion, thoughts, counted = 0, max(0, hidden), []
    for delta in deltas:
        if delta.kind == "thought":
            thoughts = min(thoughts + delta.tokens, total.reasoning_tokens)
        else:
            completion = min(completion + delta.tokens, total.completion_tokens)
        counted.append(replace(total, completion_tokens=completion, reasoning_tokens=thoughts))
    return counted


def _choice_events(index: int, choice: Choice, request: ChatRequest, style: Style) -> list[tuple[bytes, Delta]]:
    """Return the bytes and deltas of a choice's events up to the end of `choices`; the last has the finish reason."""
    deltas: Sequence[Delta] = list(_deltas(choice, request, style))
    if style.calls_per_delta > 1:
        deltas = _join_calls(deltas, style.calls_per_delta)
    if style.safe:
        deltas = [*_drop_repeated_fields(deltas), Delta({}, 0)]
    middle = b',"index":%d,"logprobs":null}]' % index
    finish = b',"finish_reason":' + orjson.dumps(choice.finish) + middle
    last = len(deltas) - 1
    return [
        (
            b'data: {"choices":[{"delta":' + orjson.dumps(delta.fields) + (finish if position == last else middle),
            delta,
        )
        for position, delta in enumerate(deltas)
    ]


def _deltas(choice: Choice, request: ChatRequest, style: Style) -> Iterator[Delta]:
    if choice.refusal is not None:
        yield Delta({"refusal": choice.refusal, "role": "assistant"}, count(choice.refusal))
        return
    yield from _thought_deltas(visible_thoughts(choice, request), request, style)
    parts = [part for part in choice.parts if not isinstance(part, Thought)]
    if not parts:
        yield Delta(empty_content(choice) | {"role": "assistant"}, 0)
    yield from _content_deltas(parts, request, style, choice.grounding)


def _content_deltas(
    parts: Sequence[Text | Media | ToolCall], request: ChatRequest, style: Style, grounding: dict[str, Any] | None
) -> Iterator[Delta]:
    total, position = sum(isinstance(part, ToolCall) for part in parts), 0
    last = max((at for at, part in enumerate(parts) if isinstance(part, Text)), default=-1)
    for at, part in enumerate(parts):
        match part:
            case Text():
                yield from _text_deltas(part, style, grounding if at == last else None)
            case Media():
                content: dict[str, Any] = {"audio": audio(part), "content": None}
                yield Delta(content | google_extra(signature=part.signature) | {"role": "assistant"}, 0)
            case ToolCall() if request.streams_arguments or part.fragments:
                yield from _fragment_deltas(part, position, total, style)
                position += 1
            case ToolCall():
                index = _index(position, style)
                delta = _call_delta(part, index, part.arguments, part.signature, count(part.arguments))
                yield replace(delta, kind="call")
                position += 1
            case _:
                assert_never(part)


def _join_calls(deltas: Sequence[Delta], limit: int) -> Sequence[Delta]:
    """Return the deltas with at most `limit` neighbouring whole calls in one; fragments of a call stay apart."""
    joined: list[Delta] = []
    for delta in deltas:
        last = joined[-1] if joined else None
        if last is None or not last.kind == delta.kind == "call" or len(last.fields["tool_calls"]) >= limit:
            joined.append(delta)
            continue
        last.fields["tool_calls"] += delta.fields["tool_calls"]
        joined[-1] = Delta(last.fields, last.tokens + delta.tokens, "call")
    return joined


def _text_deltas(text: Text, style: Style, grounding: dict[str, Any] | None) -> Iterator[Delta]:
    fragments = text.fragments or pieces(text.text, style.tokens_per_chunk) or [""]
    for fragment in fragments[:-1]:
        yield Delta({"content": fragment, "role": "assistant"}, count(fragment))
    extra = google_extra(signature=text.signature, grounding=grounding)
    yield Delta({"content": fragments[-1]} | extra | {"role": "assistant"}, count(fragments[-1]))


def _thought_deltas(thoughts: Sequence[Thought], request: ChatRequest, style: Style) -> Iterator[Delta]:
    fragments = [piece for part in thoughts for piece in part.fragments or pieces(part.text, style.tokens_per_chunk)]
    if fragments and request.thought_tag:
        # Inside the flagged deltas: a client that drops those also drops the tags (fidelity.md, Thoughts).
        fragments[0] = f"<{request.thought_tag}>{fragments[0]}"
        fragments[-1] = f"{fragments[-1]}</{request.thought_tag}>"
    for fragment in fragments:
        yield Delta(
            {"content": fragment} | google_extra(thought=True) | {"role": "assistant"}, count(fragment), "thought"
        )


def _index(position: int, style: Style) -> int | None:
    """Return the `index` of the call at `position`; None omits the key."""
    match style.tool_index:
        case "documented" | "sequential":
            return position
        case "all-zero":
            return 0
        case "gap":
            return 2 * position + 1
        case "missing":
            return None
        case _:
            assert_never(style.tool_index)


def _call_delta(call: ToolCall, index: int | None, arguments: str, signature: str | None, tokens: int) -> Delta:
    function = {"arguments": arguments, "name": call.name}
    names = {"function": function, "id": call.id} | ({} if index is None else {"index": index})
    fields = google_extra(signature=signature) | names | {"type": "function"}
    return Delta({"role": "assistant", "tool_calls": [fields]}, tokens)


def _fragment_deltas(call: ToolCall, position: int, total: int, style: Style) -> Iterator[Delta]:
    index = _index(position, style)
    # In the published stream the first delta of call k has index n-1-k, its fragments k (fidelity.md, Streams).
    swapped = style.tool_index == "documented" and not style.safe
    yield _call_delta(call, total - 1 - position if swapped else index, "", call.signature, 0)
    for fragment in call.fragments or _split_arguments(call.arguments, style.fragment):
        yield _call_delta(call, index, fragment, None, count(fragment))


def _split_arguments(arguments: str, mode: str) -> Sequence[str]:
    if mode == "json":
        return json_fragments(arguments)
    if mode == "token":
        return pieces(arguments, 1)
    size = int(mode.removeprefix("size:")) if mode.startswith("size:") else len(arguments) or 1
    return [arguments[at : at + size] for at in range(0, len(arguments), size)]


def _drop_repeated_fields(deltas: Sequence[Delta]) -> Iterator[Delta]:
    """Yield the deltas with role, thought flag and a call's id, name and type once, for clients that concatenate."""
    seen: set[str] = set()
    for delta in deltas:
        fields = dict(delta.fields)
        calls = [_drop_repeated_call(call, seen) for call in fields.get("tool_calls", ())]
        thought = fields.get("extra_content", {}).get("google", {}).get("thought")
        for key in chain(("role",), ("extra_content",) if thought else ()):
            if f"field {key}" in seen:
                del fields[key]
            seen.add(f"field {key}")
        yield Delta(fields | ({"tool_calls": calls} if calls else {}), delta.tokens, delta.kind)


def _drop_repeated_call(call: dict[str, Any], seen: set[str]) -> dict[str, Any]:
    repeated = f"call {call['id']}" in seen
    seen.add(f"call {call['id']}")
    rest = {"function": {"arguments": call["function"]["arguments"]}}
    return rest | ({"index": call["index"]} if "index" in call else {}) if repeated else call
