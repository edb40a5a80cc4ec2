"""What a message of Gemini consists of: the whole one, and what it shares with the deltas of a stream."""

from collections.abc import Sequence
from typing import Any

from gemulator.core.plan import Choice, Media, Text, Thought, ToolCall, Usage
from gemulator.request.body import ChatRequest


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


def google(
    *, thought: bool = False, signature: str | None = None, grounding: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """The `extra_content` member of a message, delta or call; empty where there is nothing to say."""
    said: dict[str, Any] = {"grounding_metadata": grounding} if grounding else {}
    said |= more
    if thought:
        said["thought"] = True
    if signature is not None:
        said["thought_signature"] = signature
    return {"extra_content": {"google": said}} if said else {}


def choice_fields(index: int, choice: Choice, request: ChatRequest) -> dict[str, Any]:
    """One member of `choices` of a whole answer."""
    out = {"finish_reason": choice.finish, "index": index, "logprobs": None}
    return out if choice.silent else out | {"message": _message(choice, request)}


def _message(choice: Choice, request: ChatRequest) -> dict[str, Any]:
    if choice.refusal is not None:
        return {"refusal": choice.refusal, "role": "assistant"}
    media = [part for part in choice.parts if isinstance(part, Media)]
    calls = [part for part in choice.parts if isinstance(part, ToolCall)]
    thoughts = shown_thoughts(choice, request)
    out: dict[str, Any] = {"audio": audio(media[0])} if media else {}
    out |= _content(choice, _tagged(thoughts, request))
    signable: Sequence[Text | Media] = (*texts_of(choice), *media)
    signed = next((part.signature for part in signable if part.signature), None)
    # The one `audio` field holds one medium; the others stand beside it (fidelity.md, Images).
    others = {"parts": [inline(medium) for medium in media[1:]]} if len(media) > 1 else {}
    out |= google(thought=bool(thoughts), signature=signed, grounding=choice.grounding, **others)
    out["role"] = "assistant"
    return out | ({"tool_calls": [_call(call) for call in calls]} if calls else {})


def _content(choice: Choice, thoughts: str) -> dict[str, Any]:
    """The words, thoughts first; no key beside calls only, null beside a picture only."""
    content = thoughts + "".join(text.text for text in texts_of(choice))
    if content or any(isinstance(part, Text) for part in choice.parts):
        return {"content": content}
    return wordless(choice)


def wordless(choice: Choice) -> dict[str, Any]:
    """The `content` of a message without words: empty, null, or no such key.

    Null where a filter took a call away or a picture says it all; no key where calls say it all, or thinking used up
    all tokens (fidelity.md, Finish reasons).
    """
    if any(isinstance(part, Media) for part in choice.parts) or choice.finish.startswith("function_call_filter"):
        return {"content": None}
    called = any(isinstance(part, ToolCall) for part in choice.parts)
    return {} if called or choice.silent or choice.finish == "length" else {"content": ""}


def texts_of(choice: Choice) -> Sequence[Text]:
    return [part for part in choice.parts if isinstance(part, Text)]


def shown_thoughts(choice: Choice, request: ChatRequest) -> Sequence[Thought]:
    return [part for part in choice.parts if isinstance(part, Thought)] if request.include_thoughts else ()


def audio(media: Media) -> dict[str, Any]:
    """The `audio` field. Pictures too travel in it (fidelity.md, Images)."""
    return {"data": media.data, **google(mime_type=media.mime)}


def inline(media: Media) -> dict[str, Any]:
    """A medium as a part of its own, in the form of a tool's parts."""
    return {"inline_data": {"data": media.data, "mime_type": media.mime}}


def _call(call: ToolCall) -> dict[str, Any]:
    function = {"arguments": call.arguments, "name": call.name}
    return google(signature=call.signature) | {"function": function, "id": call.id, "type": "function"}


def _tagged(thoughts: Sequence[Thought], request: ChatRequest) -> str:
    text = "".join(thought.text for thought in thoughts)
    tag = request.thought_tag
    return f"<{tag}>{text}</{tag}>" if text and tag else text
