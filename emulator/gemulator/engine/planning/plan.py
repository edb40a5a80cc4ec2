"""From a turn to a Plan: candidates, limits, finish reasons and token counts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from gemulator.core.plan import Choice, Media, Part, Plan, Text, Thought, ToolCall, Usage
from gemulator.core.seed import event_id_seconds
from gemulator.generate.token_count import count, pieces
from gemulator.request.body import ChatRequest
from gemulator.scenario.model import COMPUTED, UsageFields
from gemulator.scenario.replies import BlockReply, Context, ReplyPart
from gemulator.service.catalog import Model
from gemulator.service.grounding import grounding
from gemulator.service.guided_decoding import MAX_CANDIDATES
from gemulator.service.token_usage import (
    cached_content_tokens,
    cached_tokens,
    count_part,
    prompt_tokens,
    thinking_limit,
)


class Script(Struct, frozen=True):
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


def plan_script(
    script: Script, context: Context, card: Model, answer_id: str, created: int, *, warm: bool = False
) -> Plan:
    """The answer with every choice made. Unsatisfiable where a schema admits no value.

    `warm`: the same prompt was asked before, and the service may still have it.
    """
    conversation = context.conversation
    wanted = 1 if "n" in card.ignores else conversation.request.n or 1
    candidates = min(max(1, wanted), MAX_CANDIDATES)
    choices = tuple(_choice(script, context, card, index) for index in range(candidates))
    usage = _usage(script.usage, choices, lambda: prompt_tokens(conversation, card))
    traffic = script.usage.traffic_type or traffic_type(conversation.headers)
    cached = script.usage.cached_tokens
    if cached is None:
        cached = cached_content_tokens(conversation.request.google_options)
        cached = cached_tokens(usage.prompt_tokens, card) if warm and not cached else cached
    usage = replace(usage, traffic_type=traffic, cached_tokens=min(cached, usage.prompt_tokens))
    return Plan(answer_id, created, conversation.request.model, choices, usage)


def _choice(script: Script, context: Context, card: Model, index: int) -> Choice:
    # Candidate 0 of three is the only candidate of one: the words do not depend on `n`.
    own = context.child("choice", index) if index else context
    if script.candidates:
        script = script.candidates[index % len(script.candidates)]
    if script.blocked is not None:
        return _blocked(script.blocked, own)
    request = context.conversation.request
    made = _within_budget(_parts(script.parts, own), thinking_limit(request, card))
    parts = tuple(_pad_to_min_tokens(list(made), own))
    finish = "tool_calls" if any(isinstance(part, ToolCall) for part in parts) else "stop"
    stop, parts = _until_stop(parts, request.stops)
    parts, finish = _limited(parts, finish, request)
    choice = _ended(parts, script.finish or finish, _grounding(parts, own, card))
    return replace(choice, stop=None if finish == "length" else stop)


def _ended(parts: tuple[Part, ...], finish: str, found: dict[str, Any] | None) -> Choice:
    """The choice as the service leaves it: what a filter stopped has no calls, and often no message."""
    if finish.startswith("function_call_filter"):
        parts = tuple(part for part in parts if not isinstance(part, ToolCall))
    spoken = any(part.text for part in parts if isinstance(part, Text)) or any(
        isinstance(part, Media | ToolCall) for part in parts
    )
    if ":" in finish and not spoken:
        return Choice((), finish, silent=finish.startswith("content_filter"))
    return Choice(parts, finish, grounding=found)


def _grounding(parts: Sequence[Part], context: Context, card: Model) -> dict[str, Any] | None:
    conversation = context.conversation
    text = "".join(part.text for part in parts if isinstance(part, Text))
    if not (conversation.request.searches and card.is_gemini and text):
        return None
    return grounding(context.seed.child("grounding"), conversation.user_text, text)


def _blocked(block: BlockReply, context: Context) -> Choice:
    """A held-back answer has no message at all; a refused prompt is told so (fidelity.md, Finish reasons)."""
    said = block.refusal
    return Choice((), block.finish, refusal=None if said is None else context.text(said), silent=said is None)


def _parts(replies: Sequence[ReplyPart], context: Context) -> Iterator[Part]:
    called = False
    for index, reply in enumerate(replies):
        own = replace(context.child("part", index), first_call=not called)
        for part in reply.plan(own):
            called = called or isinstance(part, ToolCall)
            if context.decoding.thinking != "off" or not isinstance(part, Thought):
                yield part


def _pad_to_min_tokens(parts: list[Part], context: Context) -> Sequence[Part]:
    """The parts with invented words after them until there are as many tokens as the request demands at least."""
    prompt, missing = context.conversation.user_text, context.decoding.min_tokens - sum(map(count_part, parts))
    if missing <= 0 or context.decoding.constraint is not None or any(isinstance(part, ToolCall) for part in parts):
        return parts
    from gemulator.generate.text.answer import answer

    last = parts[-1] if parts and isinstance(parts[-1], Text) else Text("")
    said = [last.text] if last.text else []
    for index in range(missing):
        if missing <= 0:
            break
        words = answer(context.seed.child("more", index), prompt, words=missing)
        missing -= count(f"\n\n{words}" if said else words)
        said.append(words)
    return [*(part for part in parts if part is not last), replace(last, text="\n\n".join(said), fragments=None)]


# ---- limits


def _within_budget(parts: Iterator[Part], budget: int | None) -> Iterator[Part]:
    """The parts with thoughts of at most `budget` tokens in all; 0: none."""
    left = budget
    for part in parts:
        if left is None or not isinstance(part, Thought):
            yield part
            continue
        tokens = min(count_part(part), left)
        left -= tokens
        if tokens:
            yield _first(part, tokens)


def _limited(parts: tuple[Part, ...], finish: str, request: ChatRequest) -> tuple[tuple[Part, ...], str]:
    """The parts within `max_tokens`, thoughts included as the service counts them."""
    if request.token_limit is None:
        return parts, finish
    kept: list[Part] = []
    left = request.token_limit
    for part in parts:
        tokens = count_part(part)
        if tokens <= left:
            kept.append(part)
            left -= tokens
            continue
        if isinstance(part, Text | Thought) and left > 0:
            kept.append(_first(part, left))
        return tuple(kept), "length"
    return tuple(kept), finish


def _first(part: Text | Thought, tokens: int) -> Part:
    """The part, cut to so many tokens."""
    cut = pieces(part.text, 1)
    return part if len(cut) <= tokens else replace(part, text="".join(cut[:tokens]), fragments=None)


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


def _usage(given: UsageFields, choices: Sequence[Choice], prompt: Callable[[], int]) -> Usage:
    parts = [part for choice in choices for part in choice.parts]
    spoken = sum(count_part(part) for part in parts if not isinstance(part, Thought))
    thought = sum(count_part(part) for part in parts if isinstance(part, Thought))
    return Usage(
        prompt_tokens=prompt() if given.prompt_tokens is None else given.prompt_tokens,
        completion_tokens=spoken if given.completion_tokens is None else given.completion_tokens,
        reasoning_tokens=thought if given.reasoning_tokens is None else given.reasoning_tokens,
    )


_TRAFFIC = {"priority": "ON_DEMAND_PRIORITY", "flex": "ON_DEMAND_FLEX"}


def traffic_type(headers: Mapping[str, str]) -> str:
    """What the PayGo headers make of a request (fidelity.md, Traffic)."""
    if headers.get("x-vertex-ai-llm-request-type", "").lower() == "dedicated":
        return "PROVISIONED_THROUGHPUT"
    return _TRAFFIC.get(headers.get("x-vertex-ai-llm-shared-request-type", "").lower(), "ON_DEMAND")
