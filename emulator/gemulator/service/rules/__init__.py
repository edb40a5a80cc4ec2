"""Request validation by the table of the service's rules."""

from collections.abc import Sequence

from msgspec import Struct

from gemulator.core.plan import Failure
from gemulator.request.conversation import Conversation
from gemulator.request.message import Message
from gemulator.request.parsed import History, ParsedMessage, ParsedRequest, RequestEnvelope
from gemulator.request.target import Target
from gemulator.service.catalog import Model
from gemulator.service.rules import formats, history, limits, media, parameters, signatures, thinking, tools
from gemulator.service.rules.rule import Policy, Rule, RuleContext

# A request that breaks several rules gets the refusal of the first one.
RULES: Sequence[Rule] = (
    limits.LISTED,
    *parameters.RULES,
    *thinking.RULES,
    *formats.RULES,
    *tools.RULES,
    *history.RULES,
    *media.RULES,
    *signatures.RULES,
    limits.WINDOW,
)
_PARTNER_RULES = tuple(rule for rule in RULES if rule.partners)


class RuleResult(Struct, frozen=True):
    """Refusal of a request, if any, and notes for the developer on an accepted one."""

    failure: Failure | None
    notes: tuple[str, ...] = ()


_ALLOWED = RuleResult(None)
_NO_TARGET = Target("", "", "", "")


def check_request(context: RuleContext) -> RuleResult:
    """Return the refusal of the first broken rule; `--signatures warn` turns signature refusals into notes."""
    conversation = context.conversation
    if not conversation.target.shared:
        return _ALLOWED  # a self-deployed container has rules of its own
    rules, ignored = context.envelope.memoize(
        _applicable_rules, context.model, context.policy, conversation.has_tool_calls, conversation.media
    )
    notes = []
    for rule in rules:
        failure = rule.check(context)
        if failure is None:
            continue
        if rule not in signatures.RULES or context.policy.signatures != "warn":
            return RuleResult(failure)
        notes.append(failure.message)
    return RuleResult(None, (*notes, *ignored)) if notes or ignored else _ALLOWED


def _applicable_rules(
    envelope: RequestEnvelope, model: Model, policy: Policy, calls: bool, media: bool
) -> tuple[Sequence[Rule], Sequence[str]]:
    """Return the rules that can fail for such messages, and the note on ignored fields of the envelope.

    Rules that read no message are checked here, once per envelope, and omitted if all of them pass.
    """
    present = envelope.members | ({"calls"} if calls else set()) | ({"parts"} if media else set())
    rules = [
        rule
        for rule in (RULES if model.is_gemini else _PARTNER_RULES)
        if rule.enabled_if is None or rule.enabled_if(policy)
    ]
    rules = [rule for rule in rules if not (rule.requires and rule.requires.isdisjoint(present))]
    empty = ParsedRequest(envelope.request, envelope, History.of(()), ParsedMessage(Message("user"), b""), b"")
    alone = RuleContext.of(Conversation(empty, _NO_TARGET, {}), model, policy, _is_never_genuine)
    if not any(rule.check(alone) for rule in rules if not rule.reads_messages):
        rules = [rule for rule in rules if rule.reads_messages]
    return rules, _ignored_note(envelope, model) if model.is_gemini else ()


def _is_never_genuine(name: str, signature: str) -> bool:
    return False


def _ignored_note(envelope: RequestEnvelope, model: Model) -> Sequence[str]:
    """Return a note on the fields that Gemini ignores, if there are any."""
    names = [f"{path}.{name}" if path else name for name, path in parameters.ignored_fields(envelope.body)]
    names += [name for name in model.ignores if getattr(envelope.request, name, None) is not None]
    return [f"ignored: {', '.join(names)}"] if names else ()


__all__ = ["RULES", "Policy", "Rule", "RuleContext", "RuleResult", "check_request"]
