"""From a turn to a Plan: candidates, limits, finish reasons and token counts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import orjson

from emulator.conversation import Conversation
from emulator.generate.text import answer
from emulator.generate.tokens import count, image_tokens, pieces
from emulator.plan import Choice, Media, Part, Plan, Text, Thought, ToolCall, Usage
from emulator.request import ChatRequest, ContentPart
from emulator.scenario.model import COMPUTED, UsageFields
from emulator.scenario.replies import BlockReply, Context, ReplyPart
from emulator.seed import event_id_seconds

_GENERATED_IMAGE = 1120  # completion tokens of a generated picture (fidelity.md, Tokens)
_UNKNOWN_PART = 258  # prompt tokens of a part that is not understood


@dataclass(frozen=True, slots=True)
class Script:
    """What answers: parts, and what an author fixed about the envelope.

    `candidates` answer in the place of the parts where there are any; `blocked` holds all words back; `groups` are
    what the regular expressions of the `when` have caught.
    """

    parts: Sequence[ReplyPart]
    id: str | None = None
    created: int | None = None
    finish: str | None = None
    usage: UsageFields = COMPUTED
    groups: Mapping[str, str] = field(default_factory=dict)
    candidates: Sequence["Script"] = ()
    blocked: BlockReply | None = None

    def created_at(self, now: float) -> int:
        """The answer's own time: given, or in its id, or the clock's."""
        if self.created is not None:
            return self.created
        return (event_id_seconds(self.id) if self.id else None) or int(now)


def plan_script(script: Script, context: Context, family: str, answer_id: str, created: int) -> Plan:
    """The answer with every choice made. Unsatisfiable where a schema admits no value."""
    request = context.conversation.request
    choices = tuple(_choice(script, context, index) for index in range(request.n or 1))
    usage = _usage(script.usage, choices, lambda: prompt_tokens(context.conversation, family))
    return Plan(answer_id, created, request.model, choices, usage)


def _choice(script: Script, context: Context, index: int) -> Choice:
    # Candidate 0 of three is the only candidate of one: the words do not depend on `n`.
    own = context.below("choice", index) if index else context
    if script.candidates:
        script = script.candidates[index % len(script.candidates)]
    if script.blocked is not None:
        return _blocked(script.blocked, own)
    request = context.conversation.request
    parts = tuple(_lengthened(list(_parts(script.parts, own)), own))
    finish = "tool_calls" if any(isinstance(part, ToolCall) for part in parts) else "stop"
    stop, parts = _until_stop(parts, request.stops)
    parts, finish = _limited(parts, finish, request)
    return Choice(parts, script.finish or finish, stop=None if finish == "length" else stop)


def _blocked(block: BlockReply, context: Context) -> Choice:
    """A held-back answer has no message at all; a refused prompt is told so (fidelity.md, Finish reasons)."""
    said = block.refusal
    return Choice((), block.finish, refusal=None if said is None else context.text(said), silent=said is None)


def _parts(replies: Sequence[ReplyPart], context: Context) -> Iterator[Part]:
    called = False
    for index, reply in enumerate(replies):
        own = replace(context.below("part", index), first_call=not called)
        for part in reply.plan(own):
            called = called or isinstance(part, ToolCall)
            if context.decoding.thinking != "off" or not isinstance(part, Thought):
                yield part


def _lengthened(parts: list[Part], context: Context) -> Sequence[Part]:
    """The parts with invented words after them until there are as many tokens as the request demands at least."""
    prompt, missing = context.conversation.user_text, context.decoding.least - sum(map(_cost, parts))
    if missing <= 0 or context.decoding.form is not None or any(isinstance(part, ToolCall) for part in parts):
        return parts
    last = parts[-1] if parts and isinstance(parts[-1], Text) else Text("")
    text, least = last.text, count(last.text) + missing
    for index in range(missing):
        if count(text) >= least:
            break
        words = answer(context.seed.child("more", index), prompt, words=least - count(text))
        text = f"{text}\n\n{words}" if text else words
    return [*(part for part in parts if part is not last), replace(last, text=text, fragments=None)]


# ---- limits


def _limited(parts: tuple[Part, ...], finish: str, request: ChatRequest) -> tuple[tuple[Part, ...], str]:
    """The parts within `max_tokens`, thoughts included as the service counts them."""
    if request.token_limit is None:
        return parts, finish
    kept: list[Part] = []
    left = request.token_limit
    for part in parts:
        cost = _cost(part)
        if cost <= left:
            kept.append(part)
            left -= cost
            continue
        if isinstance(part, Text | Thought) and left > 0:
            kept.append(replace(part, text="".join(pieces(part.text, 1)[:left]), fragments=None))
        return tuple(kept), "length"
    return tuple(kept), finish


def _until_stop(parts: tuple[Part, ...], stops: Sequence[str]) -> tuple[str | None, tuple[Part, ...]]:
    """The stop sequence that comes first, and the parts before it; None: all parts."""
    for index, part in enumerate(parts if stops else ()):
        if isinstance(part, Text):
            ends = [(at, stop) for stop in stops if stop and (at := part.text.find(stop)) >= 0]
            if ends:
                at, stop = min(ends)
                return stop, (*parts[:index], replace(part, text=part.text[:at], fragments=None))
    return None, parts


# ---- tokens


def _cost(part: Part) -> int:
    match part:
        case Text(text=text) | Thought(text=text):
            return count(text)
        case ToolCall():
            return count(part.name) + count(part.arguments)
        case Media():
            return _GENERATED_IMAGE


def _usage(given: UsageFields, choices: Sequence[Choice], prompt: Callable[[], int]) -> Usage:
    parts = [part for choice in choices for part in choice.parts]
    spoken = sum(_cost(part) for part in parts if not isinstance(part, Thought))
    thought = sum(_cost(part) for part in parts if isinstance(part, Thought))
    return Usage(
        prompt_tokens=prompt() if given.prompt_tokens is None else given.prompt_tokens,
        completion_tokens=spoken if given.completion_tokens is None else given.completion_tokens,
        reasoning_tokens=thought if given.reasoning_tokens is None else given.reasoning_tokens,
        cached_tokens=given.cached_tokens or 0,
        traffic_type=given.traffic_type or "ON_DEMAND",
    )


def prompt_tokens(conversation: Conversation, family: str) -> int:
    """What the request counts: words, calls, tools and media."""
    request = conversation.request
    words = sum(count(message.text) for message in request.messages)
    calls = sum(
        count(call.function.name) + count(call.function.arguments) for m in request.messages for call in m.calls
    )
    tools = count(orjson.dumps(request.tools or request.functions).decode()) if request.offered else 0
    return words + calls + tools + sum(_part_tokens(part, family) for part in conversation.parts)


def _part_tokens(part: ContentPart, family: str) -> int:
    if part.image_url is not None:
        return image_tokens(family, None, 768, 768)
    return _UNKNOWN_PART
