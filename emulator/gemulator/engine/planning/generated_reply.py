"""The answer to a request that no turn fits: parts as an author would have written them."""

import base64
from collections.abc import Sequence
from typing import ClassVar

from gemulator.core.plan import Media, Part, Text, Thought, ToolCall
from gemulator.generate.text.answer import answer, report, thought
from gemulator.scenario.replies import Context, ImageReply, ReplyPart
from gemulator.service.guided_decoding import JsonConstraint


class GeneratedReply(ReplyPart):
    """A whole answer: a call where a tool is due, else JSON, a picture or prose as the request asks."""

    key: ClassVar[str] = "improvised"

    def plan(self, context: Context) -> tuple[Part, ...]:
        conversation = context.conversation
        thoughts = _thoughts(context)
        calls = _calls(context) if conversation.request.functions_offered else None
        if calls is not None:
            return (*thoughts, *calls)
        wanted = conversation.request.modalities or ["text"]
        words = [Text(_words(context), context.signature(None, ""))] if set(wanted) != {"image"} else []
        if "audio" in wanted:
            return (*thoughts, _spoken(words[0].text, context))
        pictures = ImageReply(image=conversation.user_text).plan(context) if "image" in wanted else ()
        return (*thoughts, *words, *pictures)


def _spoken(words: str, context: Context) -> Media:
    from gemulator.generate.audio import speech_like

    sound = base64.b64encode(speech_like(words, context.seed.child("speech"))).decode()
    return Media("audio", "audio/wav", sound, context.signature(None, ""))


def _thoughts(context: Context) -> Sequence[Part]:
    if context.decoding.thinking != "asked":
        return ()
    words = context.decoding.thought_words
    return (Thought(thought(context.seed.child("thought"), context.conversation.user_text, words)),)


def _words(context: Context) -> str:
    conversation, seed = context.conversation, context.seed
    form = context.decoding.constraint
    if form is None and conversation.request.wants_json:
        form = JsonConstraint(conversation.request.response_schema)
    if form is not None:
        from gemulator.engine.planning.structured_output import structured_output

        return structured_output(form, conversation, seed)
    results = [(result.name, result.value) for result in conversation.tool_results]
    if results:
        return report(seed.child("report"), conversation.user_text, results)
    return answer(seed.child("answer"), conversation.user_text)


def _calls(context: Context) -> Sequence[ToolCall] | None:
    """What makes values is imported for a request that wants some."""
    from gemulator.engine.planning.generated_calls import calls_due

    return calls_due(context)
