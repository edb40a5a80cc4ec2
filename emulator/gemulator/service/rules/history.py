"""Rules for the sequence of messages in a request."""

from collections.abc import Iterator, Sequence
from itertools import groupby

import orjson

from gemulator.core.plan import Failure
from gemulator.request.message import ASSISTANT_ROLES, SYSTEM_ROLES, TOOL_ROLES, HistoryCall, Message
from gemulator.service.refusals import refuse
from gemulator.service.rules.rule import Rule, RuleContext, requires


def _contents(context: RuleContext) -> Failure | None:
    return None if context.conversation.has_turns else refuse("no-contents")


def _parts(context: RuleContext) -> Failure | None:
    for message in context.request.messages:
        if message.role in TOOL_ROLES or message.role in SYSTEM_ROLES:
            for part in message.parts:
                if part.uri is not None:
                    return refuse("part-unsupported", kind=part.type, role=message.role)
    return None


def _arguments(context: RuleContext) -> Failure | None:
    calls = (call for message in context.request.messages for call in message.calls)
    return None if all(map(_is_object, calls)) else refuse("arguments-not-json")


def _is_object(call: HistoryCall) -> bool:
    try:
        return isinstance(orjson.loads(call.function.arguments), dict)
    except orjson.JSONDecodeError:
        return False


def _counts(context: RuleContext) -> Failure | None:
    unequal = any(calls != answers for calls, answers in _exchanges(context.request.messages))
    return refuse("response-count") if unequal else None


def _exchanges(messages: Sequence[Message]) -> Iterator[tuple[int, int]]:
    """Yield the number of calls in each message and of the answers after it; (0, n) for answers without a call."""
    runs = [(kind, list(run)) for kind, run in groupby(_without_system(messages), key=_kind)]
    for index, (kind, run) in enumerate(runs):
        if kind == "calls":
            after = runs[index + 1] if index + 1 < len(runs) else ("", [])
            answers = len(after[1]) if after[0] == "answers" else 0
            # Of several messages with calls in a row only the last has answers.
            yield from ((len(message.calls), 0) for message in run[:-1])
            yield len(run[-1].calls), answers
        elif kind == "answers" and (index == 0 or runs[index - 1][0] != "calls"):
            yield 0, len(run)


def _without_system(messages: Sequence[Message]) -> Iterator[Message]:
    return (message for message in messages if message.role not in SYSTEM_ROLES)


def _kind(message: Message) -> str:
    if message.role in TOOL_ROLES:
        return "answers"
    return "calls" if message.calls else "words"


def _prefill(context: RuleContext) -> Failure | None:
    if context.model.prefill or context.request.messages[-1].role not in ASSISTANT_ROLES:
        return None
    return refuse("no-prefill")


RULES = (
    Rule("contents", "§6 at least one contents field is required", _contents, requires("messages")),
    Rule("part-in-message", "§6 An 'image_url' 'content' object element is unsupported", _parts, requires("parts")),
    Rule("arguments", "§6 Expected a valid JSON object in the request", _arguments, requires("calls"), partners=True),
    Rule("response-count", "§6 function/response count mismatch", _counts, requires("calls")),
    Rule("ending", "§2 histories must not end with a model turn", _prefill, requires("messages")),
)
