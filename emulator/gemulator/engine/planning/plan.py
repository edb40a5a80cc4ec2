"""Planning of an answer: candidates, limits, finish reasons, token counts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from gemulator.core.plan import Choice, Media, Part, Plan, Text, Thought, ToolCall, Usage
from gemulator.core.seed import event_id_seconds
from gemulator.engine.planning.output_limit import check_output
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
    """The parts of an answer and the response fields that its author fixed.

    `candidates`, if any, replace the parts; `blocked` withholds the whole answer; `groups` are the named groups that
    the regular expressions of the `when` captured.
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
        """Return the answer's time in Unix seconds: as given, from its id, or `now`."""
        if self.created is not None:
            return self.created
        return (event_id_seconds(self.id) if self.id else None) or int(now)


def plan_script(
    script: Script, context: Context, model: Model, answer_id: str, created: int, *, is_repeat: bool = False
) -> Plan:
    """Return the answer with every choice made.

    Raise Unsatisfiable if a schema admits no value, RequestError if the answers are too many or too long. `is_repeat`:
    the prompt was sent before, so the service may have cached it.
    """
    conversation = context.conversation
    requested = 1 if "n" in model.ignores else conversation.request.n or 1
    candidates = min(max(1, requested), MAX_CANDIDATES)
    check_output(conversation, requested, context.decoding.min_tokens, context.budget)
    first = _choice(script, context, model, 0)
    if candidates > 1 or conversation.request.logprobs:
        check_output(conversation, requested, sum(map(count_part, first.parts)), context.budget)
    choices = (first, *(_choice(script, context, model, index) for index in range(1, candidates)))
    usage = _usage(script.usage, choices, lambda: prompt_tokens(conversation, model))
    traffic = script.usage.traffic_type
    traffic = traffic_type(conversation.headers) if traffic is None else traffic
    cached = script.usage.cached_tokens
    if cached is None:
        cached = cached_content_tokens(conversation.request.google_options)
        cached = cached_tokens(usage.prompt_tokens, model) if is_repeat and not cached else cached
    usage = replace(usage, traffic_type=traffic, cached_tokens=min(cached, usage.prompt_tokens))
    return Plan(answer_id, created, conversation.request.model, choices, usage)


def _choice(script: Script, context: Context, model: Model, index: int) -> Choice:
    # Candidate 0 has the same seed for every `n`, so its text does not depend on `n`.
    own = context.child("choice", index) if index else context
    if script.candidates:
        script = script.candidates[index % len(script.candidates)]
    if script.blocked is not None:
        return _blocked_choice(script.blocked, own)
    request = context.conversation.request
    planned = _limit_thoughts(_parts(script.parts, own), thinking_limit(request, model))
    parts = tuple(_pad_to_min_tokens(list(planned), own))
    finish = "tool_calls" if any(isinstance(part, ToolCall) for part in parts) else "stop"
    stop, parts = _cut_at_stop(parts, request.stops)
    parts, finish = _cut_at_max_tokens(parts, finish, request)
    choice = _finish_choice(parts, finish if script.finish is None else script.finish, _grounding(parts, own, model))
    return replace(choice, stop=None if finish == "length" else stop)


def _finish_choice(parts: tuple[Part, ...], finish: str, metadata: dict[str, Any] | None) -> Choice:
    """Return the choice as the service finishes it: filtered answers have no calls and often no message."""
    if finish.startswith("function_call_filter"):
        parts = tuple(part for part in parts if not isinstance(part, ToolCall))
    has_content = any(part.text for part in parts if isinstance(part, Text)) or any(
        isinstance(part, Media | ToolCall) for part in parts
    )
    if ":" in finish and not has_content:
        return Choice((), finish, silent=finish.startswith("content_filter"))
    return Choice(parts, finish, grounding=metadata)


def _grounding(parts: Sequence[Part], context: Context, model: Model) -> dict[str, Any] | None:
    conversation = context.conversation
    text = "".join(part.text for part in parts if isinstance(part, Text))
    if not (conversation.request.searches and model.is_gemini and text):
        return None
    return grounding(context.seed.child("grounding"), conversation.user_text, text)


def _blocked_choice(block: BlockReply, context: Context) -> Choice:
    """Return a blocked answer: no message, or the refusal of the prompt (fidelity.md, Finish reasons)."""
    refusal = None if block.refusal is None else context.text(block.refusal)
    return Choice((), block.finish, refusal=refusal, silent=refusal is None)


def _parts(replies: Sequence[ReplyPart], context: Context) -> Iterator[Part]:
    called = False
    for index, reply in enumerate(replies):
        own = replace(context.child("part", index), first_call=not called)
        for part in reply.plan(own):
            called = called or isinstance(part, ToolCall)
            if context.decoding.thinking != "off" or not isinstance(part, Thought):
                yield part


def _pad_to_min_tokens(parts: list[Part], context: Context) -> Sequence[Part]:
    """Return the parts with generated text appended until the request's `min_tokens` is reached."""
    prompt, missing = context.conversation.user_text, context.decoding.min_tokens - sum(map(count_part, parts))
    if missing <= 0 or context.decoding.constraint is not None or any(isinstance(part, ToolCall) for part in parts):
        return parts
    from gemulator.generate.text.answer import answer

    last = parts[-1] if parts and isinstance(parts[-1], Text) else Text("")
    texts = [last.text] if last.text else []
    for index in range(missing):
        if missing <= 0:
            break
        text = answer(context.seed.child("more", index), prompt, words=missing)
        missing -= count(f"\n\n{text}" if texts else text)
        texts.append(text)
    return [*(part for part in parts if part is not last), replace(last, text="\n\n".join(texts), fragments=None)]


# ---- limits


def _limit_thoughts(parts: Iterator[Part], budget: int | None) -> Iterator[Part]:
    """Yield the parts with thoughts of at most `budget` tokens in total; None is unlimited."""
    remaining = budget
    for part in parts:
        if remaining is None or not isinstance(part, Thought):
            yield part
            continue
        tokens = min(count_part(part), remaining)
        remaining -= tokens
        if tokens:
            yield _cut_to(part, tokens)


def _cut_at_max_tokens(parts: tuple[Part, ...], finish: str, request: ChatRequest) -> tuple[tuple[Part, ...], str]:
    """Return the parts within `max_tokens` and the finish reason. As in the service, thoughts count."""
    if request.token_limit is None:
        return parts, finish
    within: list[Part] = []
    remaining = request.token_limit
    for part in parts:
        tokens = count_part(part)
        if tokens <= remaining:
            within.append(part)
            remaining -= tokens
            continue
        if isinstance(part, Text | Thought) and remaining > 0:
            within.append(_cut_to(part, remaining))
        return tuple(within), "length"
    return tuple(within), finish


def _cut_to(part: Text | Thought, tokens: int) -> Part:
    """Return the part, cut to `tokens` tokens."""
    each = pieces(part.text, 1)
    return part if len(each) <= tokens else replace(part, text="".join(each[:tokens]), fragments=None)


def _cut_at_stop(parts: tuple[Part, ...], stops: Sequence[str]) -> tuple[str | None, tuple[Part, ...]]:
    """Return the first stop sequence and the parts before it; None and all parts if there is none."""
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
    completion = sum(count_part(part) for part in parts if not isinstance(part, Thought))
    thought = sum(count_part(part) for part in parts if isinstance(part, Thought))
    return Usage(
        prompt_tokens=prompt() if given.prompt_tokens is None else given.prompt_tokens,
        completion_tokens=completion if given.completion_tokens is None else given.completion_tokens,
        reasoning_tokens=thought if given.reasoning_tokens is None else given.reasoning_tokens,
    )


_TRAFFIC_TYPES = {"priority": "ON_DEMAND_PRIORITY", "flex": "ON_DEMAND_FLEX"}


def traffic_type(headers: Mapping[str, str]) -> str:
    """Return the traffic type that the PayGo headers request (fidelity.md, Usage)."""
    if headers.get("x-vertex-ai-llm-request-type", "").lower() == "dedicated":
        return "PROVISIONED_THROUGHPUT"
    return _TRAFFIC_TYPES.get(headers.get("x-vertex-ai-llm-shared-request-type", "").lower(), "ON_DEMAND")
