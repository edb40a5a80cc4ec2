"""Rules for thought signatures in the current turn (fidelity.md, §7)."""

from collections.abc import Iterator

from gemulator.core.plan import Failure
from gemulator.request.message import SYSTEM_ROLES, TOOL_ROLES, HistoryCall, Message
from gemulator.service.refusals import refuse
from gemulator.service.rules.rule import Rule, RuleContext, requires

SKIP = "skip_thought_signature_validator"


def signature(holder: HistoryCall | Message) -> str | None:
    """Return the thought signature of a call or message, or None."""
    google = None if holder.extra_content is None else holder.extra_content.google
    return (google.thought_signature or None) if google is not None else None


def _steps(context: RuleContext) -> Iterator[tuple[int, Message]]:
    """Yield the messages with calls since the last user message, each with its position among the contents, from 1.

    System messages are not contents, and the answers to one step's calls count as one.
    """
    number, before = 0, ""
    start = len(context.request.messages) - len(context.conversation.since_last_user)
    for index, message in enumerate(context.request.messages):
        if message.role in SYSTEM_ROLES:
            continue
        answers = message.role in TOOL_ROLES
        number += not (answers and before == "answers")
        before = "answers" if answers else ""
        if index >= start and message.calls:
            yield number, message


def _missing(context: RuleContext) -> Failure | None:
    if not context.model.enforces:
        return None
    for number, message in _steps(context):
        first = message.calls[0]
        if signature(first) is None:
            return refuse("missing-signature", function=first.function.name, position=number)
    return None


def _corrupted(context: RuleContext) -> Failure | None:
    if not context.model.signs:
        return None
    returned = ((name, value) for name, value in _returned_signatures(context) if value is not None and value != SKIP)
    forged = any(not context.is_genuine(name, value) for name, value in returned)
    return refuse("corrupted-signature") if forged else None


def _returned_signatures(context: RuleContext) -> Iterator[tuple[str, str | None]]:
    """Yield name and signature of all calls and texts of the current turn; a text's name is empty."""
    for message in context.conversation.since_last_user:
        yield "", signature(message)
        for call in message.calls:
            yield call.function.name, signature(call)


RULES = (
    Rule(
        "missing-signature",
        "§7 first functionCall of each step; §6 missing thought_signature",
        _missing,
        requires("calls"),
        enabled_if=lambda policy: policy.signatures != "off",
        group="signatures",
    ),
    Rule(
        "corrupted-signature",
        "§7 Bad value (only under --signatures strict)",
        _corrupted,
        requires("messages"),
        enabled_if=lambda policy: policy.strictness_of("signatures") == "strict",
        strictness="strict",
        group="signatures",
    ),
)
