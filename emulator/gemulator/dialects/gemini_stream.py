"""The events of a Gemini stream."""

from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest
from typing import Any, assert_never

import orjson
from msgspec import Struct

from gemulator.core.plan import Choice, Media, Plan, Text, Thought, ToolCall
from gemulator.delivery.steps import Chunk
from gemulator.dialects.argument_fragments import fragments
from gemulator.dialects.dialect import Style
from gemulator.dialects.gemini_message import audio, google, shown_thoughts, usage, wordless
from gemulator.generate.token_count import count, pieces
from gemulator.request.body import ChatRequest


class Delta(Struct, frozen=True):
    """What one event adds to a choice."""

    fields: dict[str, Any]
    tokens: int


def events(plan: Plan, request: ChatRequest, style: Style) -> Iterator[Chunk]:
    """The events of an answer, `[DONE]` included; several candidates take turns."""
    fields = {
        "created": plan.created,
        "id": plan.id,
        "model": plan.model,
        "object": "chat.completion.chunk",
        "system_fingerprint": "",
    }
    envelope = orjson.dumps(fields)[1:-1]
    columns = [_finished(index, choice, request, style) for index, choice in enumerate(plan.choices)]
    rows = [event for row in zip_longest(*columns) for event in row if event is not None]
    tail = b"," + envelope + b"}\n\n"
    closing = b"," + envelope + b',"usage":' + orjson.dumps(usage(plan.usage)) + b"}\n\n"
    for position, (data, tokens) in enumerate(rows, start=1):
        yield Chunk(data + (closing if position == len(rows) else tail), tokens)
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
    yield from _thought_deltas(shown_thoughts(choice, request), request, style)
    spoken = [part for part in choice.parts if not isinstance(part, Thought)]
    if not spoken:
        yield Delta(wordless(choice) | {"role": "assistant"}, 0)
    yield from _spoken_deltas(spoken, request, style, choice.grounding)


def _spoken_deltas(
    parts: Sequence[Text | Media | ToolCall], request: ChatRequest, style: Style, grounding: dict[str, Any] | None
) -> Iterator[Delta]:
    calls = [part for part in parts if isinstance(part, ToolCall)]
    last = max((at for at, part in enumerate(parts) if isinstance(part, Text)), default=-1)
    for at, part in enumerate(parts):
        match part:
            case Text():
                yield from _text_deltas(part, style, grounding if at == last else None)
            case Media():
                content: dict[str, Any] = {"audio": audio(part), "content": None}
                yield Delta(content | google(signature=part.signature) | {"role": "assistant"}, 0)
            case ToolCall() if request.streams_arguments or part.fragments:
                yield from _fragment_deltas(part, calls.index(part), len(calls), style)
            case ToolCall():
                index = _index(calls.index(part), style)
                yield _call_delta(part, index, part.arguments, part.signature, count(part.arguments))
            case _:
                assert_never(part)


def _text_deltas(text: Text, style: Style, grounding: dict[str, Any] | None) -> Iterator[Delta]:
    cut = text.fragments or pieces(text.text, style.tokens_per_chunk) or [""]
    for piece in cut[:-1]:
        yield Delta({"content": piece, "role": "assistant"}, count(piece))
    said = google(signature=text.signature, grounding=grounding)
    yield Delta({"content": cut[-1]} | said | {"role": "assistant"}, count(cut[-1]))


def _thought_deltas(thoughts: Sequence[Thought], request: ChatRequest, style: Style) -> Iterator[Delta]:
    cut = [piece for part in thoughts for piece in part.fragments or pieces(part.text, style.tokens_per_chunk)]
    if cut and request.thought_tag:
        # Inside the flagged deltas, so that a client that drops those drops the tags (fidelity.md, Thoughts).
        cut[0] = f"<{request.thought_tag}>{cut[0]}"
        cut[-1] = f"{cut[-1]}</{request.thought_tag}>"
    for piece in cut:
        yield Delta({"content": piece} | google(thought=True) | {"role": "assistant"}, count(piece))


def _index(position: int, style: Style) -> int | None:
    """The index of the call at `position`; None: the key is missing."""
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
    named = {"function": function, "id": call.id} | ({} if index is None else {"index": index})
    fields = google(signature=signature) | named | {"type": "function"}
    return Delta({"role": "assistant", "tool_calls": [fields]}, tokens)


def _fragment_deltas(call: ToolCall, position: int, total: int, style: Style) -> Iterator[Delta]:
    index = _index(position, style)
    # The published stream has the header of call k at index n-1-k and its fragments at k (fidelity.md, Streams).
    swapped = style.tool_index == "documented" and not style.safe
    yield _call_delta(call, total - 1 - position if swapped else index, "", call.signature, 0)
    for fragment in call.fragments or _cut(call.arguments, style.fragment):
        yield _call_delta(call, index, fragment, None, count(fragment))


def _cut(arguments: str, how: str) -> Sequence[str]:
    if how == "json":
        return fragments(arguments)
    if how == "token":
        return pieces(arguments, 1)
    size = int(how.removeprefix("size:")) if how.startswith("size:") else len(arguments) or 1
    return [arguments[at : at + size] for at in range(0, len(arguments), size)]


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
    rest = {"function": {"arguments": call["function"]["arguments"]}}
    return rest | ({"index": call["index"]} if "index" in call else {}) if known else call
