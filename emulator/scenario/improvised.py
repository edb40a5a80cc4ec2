"""The answer to a request that no turn fits: parts as an author would have written them."""

import base64
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import orjson

from emulator.conversation import Conversation
from emulator.generate.arguments import value_for
from emulator.generate.hints import Hints, best_tool, calls, read
from emulator.generate.text import answer, report, thought
from emulator.plan import Media, Part, Text, Thought, ToolCall
from emulator.request import Function
from emulator.scenario.formed import fitting, formed
from emulator.scenario.replies import Context, ImageReply, ReplyPart


class Improvised(ReplyPart):
    """A whole answer: a call where a tool is due, else JSON, a picture or prose as the request asks."""

    key: ClassVar[str] = "improvised"

    def plan(self, context: Context) -> tuple[Part, ...]:
        conversation = context.conversation
        tool = _due(conversation)
        thoughts = _thoughts(context)
        if tool is not None:
            return (*thoughts, *_calls(tool, context))
        wanted = conversation.request.modalities or ["text"]
        words = [Text(_words(context), context.signature(None, ""))] if set(wanted) != {"image"} else []
        if "audio" in wanted:
            return (*thoughts, _spoken(words[0].text, context))
        pictures = ImageReply(image=conversation.user_text).plan(context) if "image" in wanted else ()
        return (*thoughts, *words, *pictures)


def _spoken(words: str, context: Context) -> Media:
    from emulator.generate.audio import speech_like

    sound = base64.b64encode(speech_like(words, context.seed.child("speech"))).decode()
    return Media("audio", "audio/wav", sound, context.signature(None, ""))


def _thoughts(context: Context) -> Sequence[Part]:
    if context.decoding.thinking != "asked":
        return ()
    words = context.decoding.thought_words
    return (Thought(thought(context.seed.child("thought"), context.conversation.user_text, words)),)


def _words(context: Context) -> str:
    conversation, seed = context.conversation, context.seed
    if context.decoding.form is not None:
        return formed(context.decoding.form, conversation, seed)
    if conversation.request.wants_json:
        return orjson.dumps(fitting(conversation.request.response_schema, conversation, seed)).decode()
    results = [(result.name, result.value) for result in conversation.tool_results]
    if results:
        return report(seed.child("report"), conversation.user_text, results)
    return answer(seed.child("answer"), conversation.user_text)


# ---- which tool, and how often


def _due(conversation: Conversation) -> Function | None:
    """The function to call now. With `auto`, a user message gets a call and a tool's result a text (fidelity.md)."""
    offered, choice = conversation.request.offered, conversation.request.choice_of_tool
    if not offered or choice.mode == "none":
        return None
    if choice.name is not None:
        return next((function for function in offered if function.name == choice.name), None)
    called = {call.function.name for call in conversation.current_calls}
    left = [function for function in offered if function.name not in called]
    if conversation.tool_results and choice.mode != "required":
        return None
    if not left:
        return None
    specs = [
        {"name": function.name, "description": function.description, "parameters": function.parameters}
        for function in left
    ]
    return left[best_tool(conversation.user_text, specs)]


def _calls(function: Function, context: Context) -> Iterator[ToolCall]:
    prompt = read(context.conversation.user_text)
    parameters = function.parameters if isinstance(function.parameters, dict) else {}
    for index, hints in enumerate(calls(prompt, parameters)):
        arguments = orjson.dumps(_arguments(function, hints, context.seed.child("call", index))).decode()
        call_id = context.call_id(context.attempt.child("call", index), function.name, index)
        signature = context.signature(False if index else None, function.name)
        yield ToolCall(call_id, function.name, arguments, signature)


def _arguments(function: Function, hints: Hints, seed: Any) -> Any:
    return {} if function.parameters is None else value_for(function.parameters, seed, hints=hints)
