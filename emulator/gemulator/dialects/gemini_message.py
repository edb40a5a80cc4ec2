"""Parts of Gemini messages and stream deltas."""

from collections.abc import Sequence
from typing import Any

from gemulator.core.plan import Choice, Media, Text, Thought, ToolCall, Usage
from gemulator.request.body import ChatRequest


def usage(tokens: Usage) -> dict[str, Any]:
    """Return the `usage` object; zero counters are omitted, as in the service's own protocol."""
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


def google_extra(
    *, thought: bool = False, signature: str | None = None, grounding: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """Return the `extra_content` member of a message, delta or call; {} if it would be empty."""
    fields: dict[str, Any] = {"grounding_metadata": grounding} if grounding else {}
    fields |= more
    if thought:
        fields["thought"] = True
    if signature is not None:
        fields["thought_signature"] = signature
    return {"extra_content": {"google": fields}} if fields else {}


def choice_fields(index: int, choice: Choice, request: ChatRequest) -> dict[str, Any]:
    """Return one member of the `choices` of a unary answer."""
    out = {"finish_reason": choice.finish, "index": index, "logprobs": None}
    return out if choice.silent else out | {"message": _message(choice, request)}


def _message(choice: Choice, request: ChatRequest) -> dict[str, Any]:
    if choice.refusal is not None:
        return {"refusal": choice.refusal, "role": "assistant"}
    media = [part for part in choice.parts if isinstance(part, Media)]
    calls = [part for part in choice.parts if isinstance(part, ToolCall)]
    thoughts = visible_thoughts(choice, request)
    out: dict[str, Any] = {"audio": audio(media[0])} if media else {}
    out |= _content(choice, _wrap_in_tag(thoughts, request))
    signable: Sequence[Text | Media] = (*texts_of(choice), *media)
    signature = next((part.signature for part in signable if part.signature), None)
    # The `audio` field holds one medium; further ones are `parts` (fidelity.md, Images).
    others = {"parts": [inline_part(medium) for medium in media[1:]]} if len(media) > 1 else {}
    out |= google_extra(thought=bool(thoughts), signature=signature, grounding=choice.grounding, **others)
    out["role"] = "assistant"
    return out | ({"tool_calls": [_call(call) for call in calls]} if calls else {})


def _content(choice: Choice, thoughts: str) -> dict[str, Any]:
    """Return the `content` field: thoughts, then text."""
    content = thoughts + "".join(text.text for text in texts_of(choice))
    if content or any(isinstance(part, Text) for part in choice.parts):
        return {"content": content}
    return empty_content(choice)


def empty_content(choice: Choice) -> dict[str, Any]:
    """Return the `content` field of a message without text: empty, null or absent.

    It is null if the message has media or a filter removed a call; absent if it has calls or thinking used all tokens
    (fidelity.md, Finish reasons).
    """
    if any(isinstance(part, Media) for part in choice.parts) or choice.finish.startswith("function_call_filter"):
        return {"content": None}
    has_calls = any(isinstance(part, ToolCall) for part in choice.parts)
    return {} if has_calls or choice.silent or choice.finish == "length" else {"content": ""}


def texts_of(choice: Choice) -> Sequence[Text]:
    """Return the text parts of a choice."""
    return [part for part in choice.parts if isinstance(part, Text)]


def visible_thoughts(choice: Choice, request: ChatRequest) -> Sequence[Thought]:
    """Return the thoughts of a choice if the request includes thoughts."""
    return [part for part in choice.parts if isinstance(part, Thought)] if request.include_thoughts else ()


def audio(media: Media) -> dict[str, Any]:
    """Return the `audio` field, which also holds images (fidelity.md, Images)."""
    return {"data": media.data, **google_extra(mime_type=media.mime)}


def inline_part(media: Media) -> dict[str, Any]:
    """Return a medium as an `inline_data` part, like the parts of a tool message."""
    return {"inline_data": {"data": media.data, "mime_type": media.mime}}


def _call(call: ToolCall) -> dict[str, Any]:
    function = {"arguments": call.arguments, "name": call.name}
    return google_extra(signature=call.signature) | {"function": function, "id": call.id, "type": "function"}


def _wrap_in_tag(thoughts: Sequence[Thought], request: ChatRequest) -> str:
    text = "".join(thought.text for thought in thoughts)
    tag = request.thought_tag
    return f"<{tag}>{text}</{tag}>" if text and tag else text
