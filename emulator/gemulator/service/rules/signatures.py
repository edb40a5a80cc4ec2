"""Thought signatures in the history (wire-facts §7): the current turn only, the first call of each step."""

from collections.abc import Iterator

from gemulator.core.plan import Failure
from gemulator.request.message import SYSTEM_ROLES, TOOL_ROLES, HistoryCall, Message
from gemulator.service.refusals import refuse
from gemulator.service.rules.rule import Rule, RuleContext, reads

SKIP = "skip_thought_signature_validator"


def signature(holder: HistoryCall | Message) -> str | None:
    """The thought signature that came back with a call or message; None: it has none."""
    google = None if holder.extra_content is None else holder.extra_content.google
    return (google.thought_signature or None) if google is not None else None


def _steps(ask: RuleContext) -> Iterator[tuple[int, Message]]:
    """The messages with calls since the last user message, each with its number among the contents, from 1.

    System messages are no contents, and the answers to one step's calls are a single one.
    """
    number, before = 0, ""
    start = len(ask.request.messages) - len(ask.conversation.since_last_user)
    for index, message in enumerate(ask.request.messages):
        if message.role in SYSTEM_ROLES:
            continue
        answers = message.role in TOOL_ROLES
        number += not (answers and before == "answers")
        before = "answers" if answers else ""
        if index >= start and message.calls:
            yield number, message


def _missing(ask: RuleContext) -> Failure | None:
    if not ask.card.enforces:
        return None
    for number, message in _steps(ask):
        first = message.calls[0]
        if signature(first) is None:
            return refuse("missing-signature", function=first.function.name, position=number)
    return None


def _corrupted(ask: RuleContext) -> Failure | None:
    if not ask.card.signs:
        return None
    given = ((name, value) for name, value in _given(ask) if value is not None and value != SKIP)
    return next((refuse("corrupted-signature") for name, value in given if not ask.genuine(name, value)), None)


def _given(ask: RuleContext) -> Iterator[tuple[str, str | None]]:
    """Name and signature of all calls and texts of the current turn; a text's name is empty."""
    for message in ask.conversation.since_last_user:
        yield "", signature(message)
        for call in message.calls:
            yield call.function.name, signature(call)


RULES = (
    Rule(
        "missing-signature",
        "§7 first functionCall of each step; §6 missing thought_signature",
        _missing,
        reads("calls"),
        enabled_if=lambda policy: policy.signatures != "off",
    ),
    Rule(
        "corrupted-signature",
        "§7 Bad value (only under --signatures strict)",
        _corrupted,
        reads("messages"),
        enabled_if=lambda policy: policy.signatures == "strict",
    ),
)
