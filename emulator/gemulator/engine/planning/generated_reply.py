"""Generated reply to a request that matches no turn."""

import base64
from collections.abc import Sequence
from typing import ClassVar

from gemulator.core.plan import Media, Part, Text, Thought, ToolCall
from gemulator.generate.text.answer import answer, report, thought
from gemulator.scenario.replies import Context, ImageReply, ReplyPart
from gemulator.service.guided_decoding import JsonConstraint


class GeneratedReply(ReplyPart):
    """A whole answer: tool calls if one is expected, else JSON, an image or prose as the request asks."""

    key: ClassVar[str] = "improvised"

    def plan(self, context: Context) -> tuple[Part, ...]:
        conversation = context.conversation
        thoughts = _thoughts(context)
        calls = _calls(context) if conversation.request.functions_offered else None
        if calls is not None:
            return (*thoughts, *calls)
        wanted = conversation.request.modalities or ["text"]
        texts = [Text(_text(context), context.signature(None, ""))] if set(wanted) != {"image"} else []
        if "audio" in wanted:
            return (*thoughts, _speech(texts[0].text, context))
        images = ImageReply(image=conversation.user_text).plan(context) if "image" in wanted else ()
        return (*thoughts, *texts, *images)


def _speech(text: str, context: Context) -> Media:
    from gemulator.generate.audio import speech_like

    data = base64.b64encode(speech_like(text, context.seed.child("speech"))).decode()
    return Media("audio", "audio/wav", data, context.signature(None, ""))


def _thoughts(context: Context) -> Sequence[Part]:
    if context.decoding.thinking != "asked":
        return ()
    words = context.decoding.thought_words
    return (Thought(thought(context.seed.child("thought"), context.conversation.user_text, words)),)


def _text(context: Context) -> str:
    conversation, seed = context.conversation, context.seed
    constraint = context.decoding.constraint
    if constraint is None and conversation.request.wants_json:
        constraint = JsonConstraint(conversation.request.response_schema)
    if constraint is not None:
        context.budget.expect_import("gemulator.engine.planning.structured_output")
        from gemulator.engine.planning.structured_output import structured_output

        return structured_output(constraint, conversation, seed, context.budget)
    results = [(result.name, result.value) for result in conversation.tool_results]
    if results:
        return report(seed.child("report"), conversation.user_text, results)
    return answer(seed.child("answer"), conversation.user_text)


def _calls(context: Context) -> Sequence[ToolCall] | None:
    # Imported for requests with tools only: it loads the JSON-schema generator.
    context.budget.expect_import("gemulator.engine.planning.generated_calls")
    from gemulator.engine.planning.generated_calls import generate_calls

    return generate_calls(context)
