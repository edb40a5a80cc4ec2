"""What the messages of a request may be, one after the other."""

from collections.abc import Iterator, Sequence
from itertools import groupby

import orjson

from gemulator.core.plan import Failure
from gemulator.request.message import ASSISTANT_ROLES, SYSTEM_ROLES, TOOL_ROLES, HistoryCall, Message
from gemulator.service.refusals import refuse
from gemulator.service.rules.rule import Rule, RuleContext, reads


def _contents(ask: RuleContext) -> Failure | None:
    return None if ask.conversation.has_turns else refuse("no-contents")


def _parts(ask: RuleContext) -> Failure | None:
    for message in ask.request.messages:
        if message.role in TOOL_ROLES or message.role in SYSTEM_ROLES:
            for part in message.parts:
                if part.uri is not None:
                    return refuse("part-unsupported", kind=part.type, role=message.role)
    return None


def _arguments(ask: RuleContext) -> Failure | None:
    calls = (call for message in ask.request.messages for call in message.calls)
    return None if all(map(_is_object, calls)) else refuse("arguments-not-json")


def _is_object(call: HistoryCall) -> bool:
    try:
        return isinstance(orjson.loads(call.function.arguments), dict)
    except orjson.JSONDecodeError:
        return False


def _counts(ask: RuleContext) -> Failure | None:
    unequal = any(calls != answers for calls, answers in _exchanges(ask.request.messages))
    return refuse("response-count") if unequal else None


def _exchanges(messages: Sequence[Message]) -> Iterator[tuple[int, int]]:
    """How many calls each message has and how many answers follow it; answers that follow no call too."""
    runs = [(kind, list(run)) for kind, run in groupby(_spoken(messages), key=_kind)]
    for index, (kind, run) in enumerate(runs):
        if kind == "calls":
            after = runs[index + 1] if index + 1 < len(runs) else ("", [])
            answers = len(after[1]) if after[0] == "answers" else 0
            # Several messages with calls in a row: all but the last have no answer.
            yield from ((len(message.calls), 0) for message in run[:-1])
            yield len(run[-1].calls), answers
        elif kind == "answers" and (index == 0 or runs[index - 1][0] != "calls"):
            yield 0, len(run)


def _spoken(messages: Sequence[Message]) -> Iterator[Message]:
    return (message for message in messages if message.role not in SYSTEM_ROLES)


def _kind(message: Message) -> str:
    if message.role in TOOL_ROLES:
        return "answers"
    return "calls" if message.calls else "words"


def _ending(ask: RuleContext) -> Failure | None:
    if ask.card.prefill or ask.request.messages[-1].role not in ASSISTANT_ROLES:
        return None
    return refuse("no-prefill")


RULES = (
    Rule("contents", "§6 at least one contents field is required", _contents, reads("messages")),
    Rule("part-in-message", "§6 An 'image_url' 'content' object element is unsupported", _parts, reads("parts")),
    Rule("arguments", "§6 Expected a valid JSON object in the request", _arguments, reads("calls"), partners=True),
    Rule("response-count", "§6 function/response count mismatch", _counts, reads("calls")),
    Rule("ending", "§2 histories must not end with a model turn", _ending, reads("messages")),
)
