"""Token counts of requests and answer parts (fidelity.md, Tokens)."""

from collections.abc import Mapping

from gemulator.core.json_types import JSON
from gemulator.core.plan import Media, Part, Text, Thought, ToolCall
from gemulator.core.seed import Seed
from gemulator.generate.token_count import audio_tokens, count, image_tokens, pdf_tokens, video_tokens
from gemulator.request.body import ChatRequest
from gemulator.request.conversation import Conversation
from gemulator.request.media import Medium, media_of
from gemulator.request.parsed import ParsedMessage, RequestEnvelope
from gemulator.service.catalog import Model

_GENERATED_IMAGE = 1120
_UNKNOWN_PART = 258

# Of the one prompt whose repeats were captured, 10,212 of 14,236 tokens came from the implicit cache.
_CACHED, _OF = 10_212, 14_236


def count_part(part: Part) -> int:
    """Return the tokens of one part of an answer."""
    match part:
        case Text(text=text) | Thought(text=text):
            return count(text)
        case ToolCall():
            return count(part.name) + count(part.arguments)
        case Media(kind="image"):
            return _GENERATED_IMAGE
        case Media():
            return audio_tokens(Medium("", part.mime, part.data).seconds)


def prompt_tokens(conversation: Conversation, model: Model) -> int:
    """Return the tokens of a request: text, calls, tools, media and referenced cached content."""
    parsed = conversation.parsed
    history = parsed.history
    if history.tokens is None:
        history.tokens = sum(map(_message_tokens, history.parsed_messages))
    tokens = history.tokens + _message_tokens(parsed.newest) + envelope_tokens(parsed.envelope)
    if conversation.media:
        tokens += _media_tokens(conversation, model)
    return tokens


def _message_tokens(parsed: ParsedMessage) -> int:
    if parsed.tokens is None:
        message = parsed.message
        parsed.tokens = count(message.text)
        for call in message.calls:
            parsed.tokens += count(call.function.name) + count(call.function.arguments)
    return parsed.tokens


def envelope_tokens(envelope: RequestEnvelope) -> int:
    """Return the tokens of the tools and of the referenced cached content."""
    if envelope.tokens is None:
        tools = count(envelope.tools.decode()) if envelope.request.has_functions else 0
        envelope.tokens = tools + cached_content_tokens(envelope.request.google_options)
    return envelope.tokens


def _media_tokens(conversation: Conversation, model: Model) -> int:
    resolution = conversation.request.google_options.get("media_resolution")
    known = [_medium_tokens(medium, model, resolution) for medium in media_of(conversation.request)]
    return sum(known) + sum(part.uri is None for part in conversation.parts) * _UNKNOWN_PART


def cached_content_tokens(options: Mapping[str, JSON]) -> int:
    """Return the tokens of the named cache resource, derived from its name because its content is unknown."""
    name = options.get("cached_content")
    return Seed.root("cached content", name).between(4_096, 32_768) if isinstance(name, str) and name else 0


def may_be_cached(conversation: Conversation, model: Model, size: int) -> bool:
    """Return False if a body of `size` bytes is certainly too short for the implicit cache (a cheap bound)."""
    if model.caches_from is None:
        return False
    return size >= model.caches_from or (conversation.media and any(conversation.parts))


def cached_tokens(prompt: int, model: Model) -> int:
    """Return the tokens of a repeated prompt that come from the implicit cache."""
    return 0 if model.caches_from is None or prompt < model.caches_from else prompt * _CACHED // _OF


# Thinking tokens per level: the documented budgets, and assumed ones for the other levels.
_LEVELS = {"minimal": 128, "low": 1024, "medium": 8192, "high": 24_576, "max": 32_768}


def thinking_limit(request: ChatRequest, model: Model) -> int | None:
    """Return the maximum number of thinking tokens; 0 forbids thinking, None means unlimited."""
    budget = request.thinking_config.get("thinking_budget")
    if isinstance(budget, int):
        unlimited = budget < 0 or (budget == 0 and model.no_budget == "ignored")
        return None if unlimited else budget
    return _LEVELS.get(request.thinking_level or "")


def _medium_tokens(medium: Medium, model: Model, resolution: JSON) -> int:
    detail = medium.detail if model.mixed_detail else None
    level = detail if detail not in {None, "auto"} else resolution if isinstance(resolution, str) else medium.detail
    match medium.kind:
        case "image":
            # From Gemini 3 on the tokens do not depend on the image size, and decoding it would cost time.
            return image_tokens(
                model.family, level, *(medium.pixels if model.family.startswith("gemini-2") else (0, 0))
            )
        case "audio":
            return audio_tokens(medium.seconds)
        case "video":
            return video_tokens(model.family, level, medium.seconds)
        case "pdf":
            return pdf_tokens(model.family, level, medium.pages)
        case "text":
            return count((medium.raw or b"").decode("utf-8", "replace"))
        case _:
            return _UNKNOWN_PART
