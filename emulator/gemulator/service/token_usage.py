"""What a request and the parts of an answer count in tokens (fidelity.md, Tokens)."""

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
    """Tokens of one part of an answer."""
    match part:
        case Text(text=text) | Thought(text=text):
            return count(text)
        case ToolCall():
            return count(part.name) + count(part.arguments)
        case Media(kind="image"):
            return _GENERATED_IMAGE
        case Media():
            return audio_tokens(Medium("", part.mime, part.data).seconds)


def prompt_tokens(conversation: Conversation, card: Model) -> int:
    """What the request counts: words, calls, tools, media, and the cached content that it names."""
    parsed = conversation.parsed
    history = parsed.history
    if history.tokens is None:
        history.tokens = sum(map(_tokens_of, history.parsed_messages))
    tokens = history.tokens + _tokens_of(parsed.newest) + frame_tokens(parsed.envelope)
    if conversation.media:
        tokens += _media_tokens(conversation, card)
    return tokens


def _tokens_of(said: ParsedMessage) -> int:
    """Words and calls of a message."""
    if said.tokens is None:
        message = said.message
        called = sum([count(call.function.name) + count(call.function.arguments) for call in message.calls])
        said.tokens = count(message.text) + called
    return said.tokens


def frame_tokens(frame: RequestEnvelope) -> int:
    """What the tools count, and the cached content that is named."""
    return frame.memoize(_tokens_around)


def _tokens_around(frame: RequestEnvelope) -> int:
    tools = count(frame.tools.decode()) if frame.request.has_functions else 0
    return tools + cached_content_tokens(frame.request.google_options)


def _media_tokens(conversation: Conversation, card: Model) -> int:
    resolution = conversation.request.google_options.get("media_resolution")
    seen = [_medium_tokens(medium, card, resolution) for medium in media_of(conversation.request)]
    return sum(seen) + sum(part.uri is None for part in conversation.parts) * _UNKNOWN_PART


def cached_content_tokens(options: Mapping[str, JSON]) -> int:
    """Tokens of the cache resource that a request names: its content is not known, so its name decides."""
    name = options.get("cached_content")
    return Seed.root("cached content", name).between(4_096, 32_768) if isinstance(name, str) and name else 0


def may_be_cached(conversation: Conversation, card: Model, size: int) -> bool:
    """Whether a body of `size` bytes may have a prompt that is long enough for the implicit cache: a cheap bound."""
    return card.caches_from is not None and (size >= card.caches_from or any(conversation.parts))


def implicitly_cached(prompt: int, card: Model) -> int:
    """Tokens of a repeated prompt that come from the implicit cache."""
    return 0 if card.caches_from is None or prompt < card.caches_from else prompt * _CACHED // _OF


# Tokens of thought that each level stands for: the documented budgets, and ours for the levels beside them.
_LEVELS = {"minimal": 128, "low": 1024, "medium": 8192, "high": 24_576, "max": 32_768}


def thinking_limit(request: ChatRequest, card: Model) -> int | None:
    """Tokens that the model may think; 0: it must not, None: as it likes."""
    budget = request.thinking_config.get("thinking_budget")
    if isinstance(budget, int):
        unlimited = budget < 0 or (budget == 0 and card.no_budget == "ignored")
        return None if unlimited else budget
    return _LEVELS.get(request.thinking_level or "")


def _medium_tokens(medium: Medium, card: Model, resolution: JSON) -> int:
    named = medium.detail if card.mixed_detail else None
    level = named if named not in {None, "auto"} else resolution if isinstance(resolution, str) else medium.detail
    match medium.kind:
        case "image":
            # From Gemini 3 on a picture's size does not matter: it need not be looked at.
            return image_tokens(card.family, level, *(medium.pixels if card.family.startswith("gemini-2") else (0, 0)))
        case "audio":
            return audio_tokens(medium.seconds)
        case "video":
            return video_tokens(card.family, level, medium.seconds)
        case "pdf":
            return pdf_tokens(card.family, level, medium.pages)
        case "text":
            return count((medium.raw or b"").decode("utf-8", "replace"))
        case _:
            return _UNKNOWN_PART
