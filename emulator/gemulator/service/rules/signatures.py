"""Rules for thought signatures in the current turn (fidelity.md, §7)."""

import re
from collections.abc import Iterator

from msgspec.structs import replace

from gemulator.core.plan import Failure
from gemulator.request.message import SYSTEM_ROLES, TOOL_ROLES, HistoryCall, Message
from gemulator.service.refusals import refuse
from gemulator.service.rules.rule import Rule, RuleContext, requires

SKIP = "skip_thought_signature_validator"
_OTHER_DUMMY = "context_engineering_is_the_way_to_go"  # accepted by the Gemini API only
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_PLACEHOLDER = re.compile(r"<.*>|\.+|…", re.S)  # of documentation


def signature(holder: HistoryCall | Message) -> str | None:
    """Return the thought signature of a call or message, or None."""
    google = None if holder.extra_content is None else holder.extra_content.google
    return (google.thought_signature or None) if google is not None else None


def _steps(context: RuleContext) -> Iterator[tuple[int, Message]]:
    """Yield the messages with calls since the last user message, each with its position among the contents, from 1.

    System messages are not contents, and the answers to one step's calls count as one.
    """
    if not context.conversation.current_calls:
        return
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
        given = signature(first)
        if given is None or not (_is_placeholder(given) or _can_be_genuine(given)):
            failure = refuse("missing-signature", function=first.function.name, position=number)
            return failure if given is None else replace(failure, cause=_unreadable(first))
    return None


def _unreadable(call: HistoryCall) -> str:
    return f"the call `{call.function.name}` came back with a signature that no model made"


def _placeholder(context: RuleContext) -> Failure | None:
    if not context.model.enforces:
        return None
    for number, message in _steps(context):
        first = message.calls[0]
        given = signature(first)
        if given is not None and _is_placeholder(given):
            failure = refuse("missing-signature", function=first.function.name, position=number)
            cause = f"the signature of the call `{first.function.name}` is a placeholder of documentation"
            return replace(failure, cause=cause)
    return None


def _is_placeholder(given: str) -> bool:
    return _PLACEHOLDER.fullmatch(given) is not None


def _can_be_genuine(given: str) -> bool:
    """Return True if a signature is base64, as the bytes of any signature are, and no dummy of another service."""
    if given == _OTHER_DUMMY or _BASE64.fullmatch(given) is None:
        return False
    digits = len(given.rstrip("="))
    return digits % 4 != 1 and (digits == len(given) or len(given) % 4 == 0)


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
        "placeholder-signature",
        "§17.7 a placeholder of documentation",
        _placeholder,
        requires("calls"),
        enabled_if=lambda policy: policy.signatures != "off",
        strictness="strict",
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
